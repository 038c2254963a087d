// The client in Node, with its own WebSocket and with `ws`: nothing that a net does ends a program.

import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root } from "../../../scripts/run.js";

const run = promisify(execFile);

/**
 * Runs a program that has the client, and must end by itself.
 *
 * @param {string} code that ends in a value to print
 * @param {"ws" | "own"} sockets
 */
async function program(code, sockets) {
  const script = `
    import { RoomClient } from "${root}/js/browser/room-client.js";
    ${sockets === "ws" ? 'import { WebSocket } from "ws";' : ""}
    const options = { slowest: 200, ${sockets === "ws" ? "WebSocket" : ""} };
    const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
    process.on("warning", () => {});
    ${code}
  `;
  const args = ["--input-type=module", "--eval", script];
  const { stdout } = await run(process.execPath, args, { cwd: root });
  return JSON.parse(stdout);
}

const all = /** @type {const} */ (["ws", "own"]);

test.each(all)("%s: a server that is not there is waited for", async (sockets) => {
  const code = `
    const room = new RoomClient("ws://127.0.0.1:9/ws", options);
    await pause(900);
    const { state, why } = room;
    room.close();
    console.log(JSON.stringify({ state, why }));
  `;
  expect(await program(code, sockets)).toEqual({
    state: "connecting",
    why: "the server cannot be reached",
  });
});

test.each(all)("%s: closing before the line is there ends nothing else", async (sockets) => {
  const code = `
    const rooms = [0, 1, 2].map(() => new RoomClient("ws://127.0.0.1:9/ws", options));
    rooms[0].send("nobody waits for this");
    rooms[0].close();
    await pause(0);
    rooms[1].close();
    await pause(5);
    rooms[2].close();
    await pause(100);
    console.log(JSON.stringify(rooms.map(({ state }) => state)));
  `;
  expect(await program(code, sockets)).toEqual(["closed", "closed", "closed"]);
});

test.each(all)("%s: a refusal is told with its status", async (sockets) => {
  const server = createServer((_, response) => {
    response.writeHead(403, { "Content-Type": "application/json" });
    response.end('{"error":{"code":"banned","message":"not you"}}');
  });
  server.on("upgrade", (_, socket) => {
    // The program ends before its lines do.
    socket.on("error", () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const code = `
    const room = new RoomClient("http://127.0.0.1:${port}/ws", options);
    await pause(500);
    const { state, status, code, why } = room;
    console.log(JSON.stringify({ state, status, code, why }));
  `;
  const refused = { state: "closed", status: 403, code: "banned", why: "not you" };
  expect(await program(code, sockets)).toEqual(refused);
  server.close();
});

test.each(all)("%s: a key is no trouble where there is no storage", async (sockets) => {
  const code = `
    const room = new RoomClient("ws://127.0.0.1:9/ws", { ...options, key: "k" });
    await pause(300);
    const { state, isKept } = room;
    room.close();
    console.log(JSON.stringify({ state, isKept }));
  `;
  expect(await program(code, sockets)).toEqual({ state: "connecting", isKept: false });
});
