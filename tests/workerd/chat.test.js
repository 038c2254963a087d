// The chat room as its clients meet it, awake and with a sleep between any two steps.

import { evictDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { connect, settle, upgrade } from "./client.js";

const worker = /** @type {any} */ (exports).default;

let rooms = 0;

/** A room that no other test knows. */
const newRoom = () => `room-${++rooms}`;

/**
 * @param {string} id
 * @param {string} [userId]
 */
const join = (id, userId) =>
  connect(worker, `/ws/chat/${id}${userId === undefined ? "" : `?userId=${userId}`}`);

/** @param {string} path @param {RequestInit} [init] */
const get = (path, init) => worker.fetch(new Request(`https://rooms.example${path}`, init));

/** @param {string} id @param {string} body */
const say = (id, body) => get(`/api/chat/${id}/say`, { method: "POST", body });

/** @param {string} id */
const state = async (id) => (await get(`/api/chat/${id}/state`)).json();

/** @param {string} id */
const ids = async (id) => {
  const connections = await (await get(`/api/chat/${id}/connections`)).json();
  return connections.map((/** @type {{ id: string }} */ connection) => connection.id);
};

/** @param {string} id */
const evict = (id) => evictDurableObject(/** @type {any} */ (env).ROOMS.getByName(`chat/${id}`));

describe.each([
  ["awake", async () => {}],
  ["asleep between any two steps", evict],
])("%s", (_, pause) => {
  test("the first connect makes the state, each connect is told to the others", async () => {
    const id = newRoom();
    expect(await state(id)).toBeNull();
    const ada = await join(id, "ada");
    await pause(id);
    const { createdAt, messageCount } = await state(id);
    expect(messageCount).toBe(0);
    expect(Math.abs(Date.now() - createdAt)).toBeLessThan(60_000);
    await pause(id);
    await join(id, "bob");
    expect(await ada.until(1)).toEqual([{ _tag: "UserJoined", userId: "bob" }]);
    expect((await state(id)).createdAt).toBe(createdAt);
  });

  test("what is said is counted and goes to all, the sender too", async () => {
    const id = newRoom();
    const ada = await join(id, "ada");
    const bob = await join(id, "bob");
    await ada.until(1);
    for (const text of ["one", "zwei – 二 – 🐭", "three"]) {
      await pause(id);
      bob.send({ _tag: "Say", text });
      await bob.until(1);
      expect(bob.frames.pop()).toEqual({
        _tag: "Message",
        text,
        userId: "bob",
        ts: expect.any(Number),
      });
    }
    await ada.until(4);
    expect(ada.frames.map((frame) => frame.text)).toEqual([
      undefined,
      "one",
      "zwei – 二 – 🐭",
      "three",
    ]);
    await pause(id);
    expect((await state(id)).messageCount).toBe(3);
  });

  test("typing goes to the others alone", async () => {
    const id = newRoom();
    const ada = await join(id, "ada");
    const bob = await join(id, "bob");
    await ada.until(1);
    await pause(id);
    ada.send({ _tag: "Typing" });
    expect(await bob.until(1)).toEqual([{ _tag: "Typing", userId: "ada" }]);
    await settle();
    expect(ada.frames).toHaveLength(1);
  });

  test("a close is told to the others once, and answered", async () => {
    const id = newRoom();
    const ada = await join(id, "ada");
    const bob = await join(id, "bob");
    await ada.until(1);
    await pause(id);
    bob.socket.close(4001, "enough");
    expect(await bob.closed).toEqual({ code: 4001, reason: "enough" });
    await ada.until(2);
    await pause(id);
    await settle();
    expect(ada.frames.slice(1)).toEqual([{ _tag: "UserLeft", userId: "bob" }]);
    expect(await ids(id)).toEqual(["ada"]);
  });

  test("connections are listed with tags, state and time, the oldest first", async () => {
    const id = newRoom();
    const before = Date.now();
    for (const user of ["ada", "bob", "ada"]) {
      await join(id, user);
      await pause(id);
    }
    const all = await (await get(`/api/chat/${id}/connections`)).json();
    expect(await ids(id)).toEqual(["ada", "bob", "ada"]);
    for (const { id, tags, state, connectedAt } of all) {
      expect(tags).toEqual([`user:${id}`]);
      expect(state).toEqual({ userId: id, joinedAt: connectedAt });
      expect(connectedAt).toBeGreaterThanOrEqual(before);
    }
    const adas = await (await get(`/api/chat/${id}/connections?tag=user:ada`)).json();
    expect(adas).toHaveLength(2);
    const none = await (await get(`/api/chat/${id}/connections?tag=user:eve`)).json();
    expect(none).toEqual([]);
  });

  test("the API speaks as system, and counts once there is a state", async () => {
    const id = newRoom();
    expect(await (await say(id, '{"text":"nobody hears"}')).json()).toEqual({ status: "ok" });
    expect(await state(id)).toBeNull();
    const ada = await join(id, "ada");
    await pause(id);
    expect((await say(id, '{"text":"hello"}')).status).toBe(200);
    const [message] = await ada.until(1);
    expect(message).toMatchObject({ _tag: "Message", text: "hello", userId: "system" });
    expect((await state(id)).messageCount).toBe(1);
  });

  test("bad frames are told to their sender alone and change nothing", async () => {
    const id = newRoom();
    const ada = await join(id, "ada");
    const eve = await join(id, "eve");
    await ada.until(1);
    const bad = [
      "not JSON",
      "",
      "null",
      "7",
      "[]",
      "{}",
      '{"_tag":"Shout","text":"x"}',
      '{"_tag":"Say"}',
      '{"_tag":"Say","text":7}',
      '{"_tag":"Say","text":"x","admin":true}',
      '{"_tag":"Typing","admin":true}',
      '{"text":"x"}',
      "[".repeat(60_000),
      `{"_tag":"Say","text":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      new Uint8Array([0xff, 0xfe, 0xfd]),
    ];
    for (const frame of bad) {
      await pause(id);
      eve.socket.send(frame);
      await eve.until(1);
      expect(eve.frames.pop()).toEqual({
        _tag: "Error",
        code: "invalid_event",
        message: expect.stringContaining("not a message"),
      });
    }
    expect(ada.frames).toHaveLength(1);
    expect((await state(id)).messageCount).toBe(0);
    eve.send({ _tag: "Say", text: "still here" });
    expect((await ada.until(2))[1].text).toBe("still here");
  });

  test("a frame over 64 KiB closes its socket with 1009, and is heard by nobody", async () => {
    const id = newRoom();
    const ada = await join(id, "ada");
    const texts = ["x".repeat(64 * 1024 + 1), "é".repeat(40_000), new Uint8Array(3 * 1024 * 1024)];
    for (const [index, frame] of texts.entries()) {
      const eve = await join(id, "eve");
      await pause(id);
      eve.socket.send(frame);
      expect((await eve.closed).code).toBe(1009);
      await ada.until(2 * index + 2);
    }
    const tags = ada.frames.map((frame) => frame._tag);
    expect(tags).toEqual([
      "UserJoined",
      "UserLeft",
      "UserJoined",
      "UserLeft",
      "UserJoined",
      "UserLeft",
    ]);
    const { messageCount } = await state(id);
    expect(messageCount).toBe(0);
  });

  test("a frame of exactly 64 KiB passes", async () => {
    const id = newRoom();
    const ada = await join(id, "ada");
    await pause(id);
    const frame = { _tag: "Say", text: "" };
    frame.text = "x".repeat(64 * 1024 - JSON.stringify(frame).length);
    ada.send(frame);
    const [message] = await ada.until(1);
    expect(message.text).toBe(frame.text);
  });
});

test("without a user id the connection is anon", async () => {
  const id = newRoom();
  const ada = await join(id, "ada");
  await join(id);
  expect(await ada.until(1)).toEqual([{ _tag: "UserJoined", userId: "anon" }]);
});

test.each([
  ["no upgrade", "GET", "/ws/chat/x", 426, {}],
  ["another method", "POST", "/ws/chat/x", 405, { Allow: "GET, HEAD" }],
  ["another method", "DELETE", "/api/chat/x/say", 405, { Allow: "POST" }],
  ["another method", "PUT", "/api/chat/x/state", 405, { Allow: "GET, HEAD" }],
  ["another method", "POST", "/api/chat/x/connections", 405, { Allow: "GET, HEAD" }],
  ["a path that nothing has", "GET", "/api/chess/x/state", 404, {}],
  ["a room id with a space", "GET", "/api/chat/a%20b/state", 400, {}],
  ["a room id with a slash", "GET", "/api/chat/a%2Fb/state", 400, {}],
  ["a room id quoted wrongly", "GET", "/api/chat/%ff/state", 400, {}],
  ["a room id that is too long", "GET", `/api/chat/${"x".repeat(129)}/state`, 400, {}],
  ["a tag that is too long", "GET", `/api/chat/x/connections?tag=${"x".repeat(257)}`, 400, {}],
])("%s: %s %s is answered %i", async (_, method, path, status, headers) => {
  const response = await get(path, { method });
  expect(response.status).toBe(status);
  for (const [name, value] of Object.entries(headers)) {
    expect(response.headers.get(name)).toBe(value);
  }
  const text = await response.text();
  expect(text).not.toMatch(/\.js|\.rs|\bat \w+ \(/);
  if (status === 404) expect(text).toContain("/ws/chat/:id");
});

test.each([
  ["empty", ""],
  ["too long", "x".repeat(129)],
  ["with a control character", "a%0Ab"],
])("a user id that is %s is refused with 400", async (_, userId) => {
  const response = await upgrade(worker, `/ws/chat/${newRoom()}?userId=${userId}`);
  expect(response.status).toBe(400);
  expect((await response.json()).error.message).toContain("not a connection id");
});

test("a body that is not what it should be is answered 400 with the reason, or 413", async () => {
  const id = newRoom();
  const ada = await join(id, "ada");
  const bad = ["", "not JSON", "null", "[]", "7", "{}", '{"text":7}', '{"text":"x","more":1}'];
  const deep = `{"text":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
  for (const body of [...bad, deep]) {
    const response = await say(id, body);
    expect(response.status, body.slice(0, 40)).toBe(400);
    const { error } = await response.json();
    expect(error.message).toMatch(/JSON|message/);
  }
  const large = await say(id, JSON.stringify({ text: "x".repeat(70_000) }));
  expect(large.status).toBe(413);
  await settle();
  expect(ada.frames).toEqual([]);
  expect((await state(id)).messageCount).toBe(0);
});

test("a socket from a foreign page is refused, one from our own or from no page passes", async () => {
  const path = `/ws/chat/${newRoom()}?userId=ada`;
  const foreign = await upgrade(worker, path, { Origin: "https://evil.example" });
  expect(foreign.status).toBe(403);
  const opaque = await upgrade(worker, path, { Origin: "null" });
  expect(opaque.status).toBe(403);
  const own = await upgrade(worker, path, { Origin: "https://rooms.example" });
  expect(own.status).toBe(101);
  const none = await upgrade(worker, path);
  expect(none.status).toBe(101);
});

test("what a visitor sends as the upgrade's own header is not believed", async () => {
  const id = newRoom();
  const forged = encodeURIComponent('{"id":"admin"}');
  await connect(worker, `/ws/chat/${id}?userId=eve`, { "dormouse-upgrade": forged });
  const [connection] = await (await get(`/api/chat/${id}/connections`)).json();
  expect(connection.id).toBe("eve");
});
