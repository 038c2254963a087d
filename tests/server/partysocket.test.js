// Other people's clients: PartySocket, which reconnects by itself, and a bare WebSocket.

import PartySocket from "partysocket";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect } from "../support/socket.js";
import { serveRooms } from "../support/workerd.js";

/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(async () => {
  server = await serveRooms();
}, 120_000);

afterAll(async () => {
  await server?.kill();
});

test("PartySocket and a bare WebSocket talk in a room, and PartySocket comes back to it", async () => {
  const options = JSON.stringify({ id: "ada" });
  const party = new PartySocket({
    host: new URL(server.url).host,
    room: "party",
    basePath: "chat/party",
    query: { options },
    WebSocket,
    minReconnectionDelay: 1,
    maxReconnectionDelay: 10,
  });
  /** @type {any[]} */
  const heard = [];
  party.addEventListener("message", ({ data }) => heard.push(JSON.parse(String(data))));
  const opened = () => new Promise((resolve) => party.addEventListener("open", resolve));
  await opened();

  const bob = await connect(
    `${server.url}/chat/party?options=${encodeURIComponent('{"id":"bob"}')}`,
  );
  bob.send({ _tag: "Say", text: "hello, party" });
  party.send(JSON.stringify({ _tag: "Say", text: "hello, bob" }));
  await bob.until(2);
  await expect.poll(() => heard.length).toBe(3);
  expect(heard[0]).toEqual({ _tag: "UserJoined", userId: "bob" });
  expect(heard.slice(1).map(({ text }) => text)).toEqual(bob.frames.map(({ text }) => text));

  // A plain client's drop is a leave, and its return a join.
  const again = opened();
  party.reconnect(4001, "once more");
  await again;
  await expect
    .poll(() => bob.frames.slice(2))
    .toEqual([
      { _tag: "UserLeft", userId: "ada" },
      { _tag: "UserJoined", userId: "ada" },
    ]);
  party.close();
});
