// The chat over TCP, as `npm start` serves it.

import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "../support/server.js";
import { connect } from "../support/socket.js";

/** @type {import("../support/server.js").Server} */
let server;

beforeAll(async () => {
  server = await startServer({ vars: { ALLOWED_ORIGINS: "https://app.example" } });
});

afterAll(() => server?.stop());

test("200 messages from 10 clients reach everyone, complete and in one order", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `user-${i}`);
  // One after the other: each hears of those who join after it, so how many frames come is known.
  /** @type {import("../support/socket.js").Client[]} */
  const clients = [];
  for (const name of names) {
    clients.push(await connect(`${server.url}/ws/chat/burst?userId=${name}`));
  }
  for (let i = 0; i < 20; i++) {
    for (const [n, client] of clients.entries()) client.send({ _tag: "Say", text: `${n}:${i}` });
  }
  /** @param {any[]} frames */
  const texts = (frames) => frames.filter(({ _tag }) => _tag === "Message").map(({ text }) => text);
  const heard = await Promise.all(
    clients.map(async ({ until }, n) => texts(await until(200 + 9 - n))),
  );
  const [first = []] = heard;
  expect(first).toHaveLength(200);
  expect(new Set(first).size).toBe(200);
  for (const order of heard) expect(order).toEqual(first);
  // Each client's messages in the order it sent them.
  for (let n = 0; n < 10; n++) {
    const own = first.filter((text) => text.startsWith(`${n}:`));
    expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `${n}:${i}`));
  }
  const state = await (await fetch(`${server.url}/api/chat/burst/state`)).json();
  expect(state.messageCount).toBe(200);
});

test("pages of listed origins may connect, others may not", async () => {
  const url = `${server.url}/ws/chat/doors?userId=ada`;
  await connect(url, { origin: "https://app.example" });
  await connect(url, { origin: server.url });
  await expect(connect(url, { origin: "https://evil.example" })).rejects.toThrow("403");
});

test("echo and the lobby count right after closes with a code, without one, and by a cut line", async () => {
  const there = async () => (await fetch(`${server.url}/getCurrentConnections`)).text();
  const join = (/** @type {string} */ path) => connect(`${server.url}${path}`);
  for (const path of ["/websocket", "/lobby/websocket"]) {
    const [stays, one, two, three] = await Promise.all([path, path, path, path].map(join));
    one?.socket.close(1000);
    two?.socket.close();
    three?.socket.terminate();
    await Promise.all([one?.closed, two?.closed, three?.closed]);
    if (path === "/websocket") {
      await expect.poll(there).toContain("There is 1 WebSocket client connected");
    } else {
      // The cut is noticed a moment later; what counts is the last of what is said.
      await expect
        .poll(async () => {
          const said = stays?.frames.length ?? 0;
          stays?.socket.send("hi");
          return (await stays?.until(said + 2))?.at(-1);
        })
        .toMatch(/Total connections: 1$/);
    }
    stays?.socket.close();
    await stays?.closed;
  }
});

test("rooms belong to the Worker, the rest to the pages, and what is neither is 404", async () => {
  const page = await fetch(`${server.url}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<!doctype html>");
  expect((await fetch(`${server.url}/ws/chat/x`)).status).toBe(426);
  const nothing = await fetch(`${server.url}/nothing-here`);
  expect(nothing.status).toBe(404);
  expect(await nothing.text()).toContain("GET /ws/chat/:id");
});
