// Handlers that fail, panic and exhaust: nothing changes, and nobody loses a socket.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { connect, settle, upgrade } from "../client.js";
import { rooms } from "../worker.js";

const worker = /** @type {any} */ (exports).default;
const { ROOMS } = /** @type {any} */ (env);
const room = rooms(/** @type {any} */ (env)).room("faulty");

let made = 0;

const newRoom = () => `room-${++made}`;

/**
 * @param {string} id
 * @param {object} [options]
 */
const path = (id, options = {}) =>
  `/faulty/${id}?options=${encodeURIComponent(JSON.stringify(options))}`;

/**
 * @param {string} id
 * @param {object} [options]
 */
const join = (id, options) => connect(worker, path(id, { data: {}, ...options }));

/** @param {string} id */
const object = (id) => ROOMS.getByName(`faulty/${id}`);

/** @param {string} id */
const counts = (id) =>
  runInDurableObject(object(id), (instance) => ({ .../** @type {any} */ (instance).counts }));

/** @param {string} id */
const stored = async (id) => /** @type {any} */ (await room.getState(id));

const internal = {
  _tag: "Error",
  code: "internal",
  message: "something went wrong in the room",
};

describe("a handler that", () => {
  test.each([
    ["panics", "Panic", 1],
    // For want of memory nobody is to blame: it is tried once more, alone.
    ["runs out of memory", "Exhaust", 2],
    ["runs out of stack", "Recurse", 1],
  ])("%s changes nothing, costs nobody a socket, and its sender is told", async (_, tag, tries) => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const eve = await join(id, { id: "eve" });
    ada.send({ _tag: "Count" });
    await eve.until(1);
    for (let round = 1; round <= 3; round++) {
      eve.send({ _tag: tag });
      await eve.until(2 * round);
      expect(eve.frames.at(-1)).toEqual(internal);
      ada.send({ _tag: "Count" });
      await eve.until(2 * round + 1);
      expect(eve.frames.at(-1)).toEqual({ _tag: "Counted", count: round + 1 });
    }
    expect((await stored(id)).count).toBe(4);
    expect((await counts(id)).traps).toBe(3 * tries);
    expect(await room.getConnections(id)).toHaveLength(2);
    await evictDurableObject(object(id));
    ada.send({ _tag: "Count" });
    await ada.until(5);
    expect(ada.frames.map((frame) => frame.count)).toEqual([1, 2, 3, 4, 5]);
  });

  test("panics in the middle of a batch does not disturb the others", async () => {
    const id = newRoom();
    const clients = await Promise.all(["a", "b", "c"].map((name) => join(id, { id: name })));
    for (const client of clients) {
      client.send({ _tag: "Count" });
      client.send({ _tag: "Panic" });
      client.send({ _tag: "Count" });
    }
    for (const client of clients) {
      await client.until(7);
      expect(client.frames.filter(({ _tag }) => _tag === "Error")).toEqual([internal]);
      const heard = client.frames.filter(({ _tag }) => _tag === "Counted");
      expect(heard.map(({ count }) => count)).toEqual([1, 2, 3, 4, 5, 6]);
    }
    expect((await stored(id)).count).toBe(6);
  });

  test.each([
    ["asks for 1 GiB in one piece", { _tag: "Allocate", mib: 1_024 }, 2],
    ["asks for 1 MiB again and again", { _tag: "Hoard", mib: 1 }, 2],
    ["writes to all the memory that it gets", { _tag: "Exhaust" }, 2],
    ["runs out of stack", { _tag: "Recurse" }, 1],
  ])("%s leaves the others of its batch theirs", async (_, event, tries) => {
    const id = newRoom();
    const [ada, eve] = [await join(id, { id: "ada" }), await join(id, { id: "eve" })];
    const before = await counts(id);
    await runInDurableObject(object(id), (instance, ctx) => {
      const room = /** @type {any} */ (instance);
      room.pace.shouldGather = () => true;
      const count = '{"_tag":"Count"}';
      room.webSocketMessage(socketOf(ctx, "ada"), count);
      room.webSocketMessage(socketOf(ctx, "eve"), JSON.stringify(event));
      room.webSocketMessage(socketOf(ctx, "ada"), count);
      room.webSocketMessage(socketOf(ctx, "eve"), count);
    });
    const heard = [1, 2, 3].map((count) => ({ _tag: "Counted", count }));
    expect(await ada.until(3)).toEqual(heard);
    expect(await eve.until(4)).toEqual([heard[0], internal, ...heard.slice(1)]);
    const { drains, commits, traps } = await counts(id);
    // What came before it and what comes after it are a commit each.
    expect([drains, commits, traps]).toEqual([before.drains + 1, before.commits + 2, tries]);
  });

  test("panics, and whose handle_error panics too, is answered all the same", async () => {
    const id = `hopeless-${newRoom()}`;
    const ada = await join(id, { id: "ada" });
    ada.send({ _tag: "PanicTwice" });
    expect(await ada.until(1)).toEqual([internal]);
    ada.send({ _tag: "Count" });
    expect((await ada.until(2))[1]).toEqual({ _tag: "Counted", count: 1 });
  });

  test("refuses tells its sender why, and nobody else", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const eve = await join(id, { id: "eve" });
    eve.send({ _tag: "Refuse" });
    expect(await eve.until(1)).toEqual([{ _tag: "Error", code: "no", message: "not that" }]);
    await settle();
    expect(ada.frames).toEqual([]);
  });

  test("panics for an API call rejects it with the error's name", async () => {
    const id = newRoom();
    await join(id);
    await expect(room.send(id, { _tag: "Panic" })).rejects.toMatchObject({
      name: "Panicked",
      code: "internal",
      status: 500,
    });
    await expect(room.send(id, { _tag: "Refuse" })).rejects.toMatchObject({
      name: "Refused",
      code: "no",
      message: "not that",
    });
    await expect(room.send(id, { _tag: "Nonsense" })).rejects.toMatchObject({
      name: "InvalidMessage",
      status: 400,
    });
  });

  test("panics while connecting refuses that connection alone", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const response = await upgrade(worker, path(id, { data: { how: "panic" } }));
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: { code: "internal", message: internal.message },
    });
    const refused = await upgrade(worker, path(id, { data: { how: "refuse" } }));
    expect(refused.status).toBe(403);
    expect(await room.getConnections(id)).toHaveLength(1);
    ada.send({ _tag: "Count" });
    expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 1 }]);
  });

  test("panics while closing lets the close be answered, once", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const eve = await join(id, { id: "eve", data: { panicOnClose: true } });
    eve.socket.close(4002, "bye");
    expect(await eve.closed).toEqual({ code: 4002, reason: "bye" });
    expect(await room.getConnections(id)).toHaveLength(1);
    expect((await stored(id)).closes).toBe(0);
    ada.send({ _tag: "Count" });
    expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 1 }]);
  });

  test("panics for an event of the schedule leaves the others their turn", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    ada.send({ _tag: "Schedule", name: "a", millis: 0, alarm: { Well: "a" } });
    ada.send({ _tag: "Schedule", name: "b", millis: 0, alarm: "Panic" });
    ada.send({ _tag: "Schedule", name: "c", millis: 0, alarm: { Well: "c" } });
    await ada.until(2);
    expect(ada.frames.map(({ name }) => name)).toEqual(["a", "c"]);
    ada.send({ _tag: "Next" });
    const { name, at } = (await ada.until(3))[2];
    expect(name).toBe("b");
    expect(at - Date.now()).toBeGreaterThan(1_000);
  });
});

describe("a limit of the platform", () => {
  test("for attachments is known to the byte, for every kind of text", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const eve = await join(id, { id: "eve" });
    for (const text of ["x", "é", "€", "🐭"]) {
      // Searches the border between the largest that passes and the smallest that does not.
      let [passes, fails] = [0, 20_000];
      while (fails - passes > 1) {
        const times = Math.floor((passes + fails) / 2);
        eve.frames.length = 0;
        eve.send({ _tag: "PadConnection", text, times });
        const [frame] = await eve.until(1);
        if (frame._tag === "Error") {
          expect(frame.code).toBe("attachment_too_large");
          expect(frame.message).toContain("over the limit of 16384");
          fails = times;
        } else {
          passes = times;
        }
      }
      const size = await runInDurableObject(object(id), (_, ctx) => {
        const socket = socketOf(ctx, "eve");
        return platformLimit(socket, socket.deserializeAttachment(), text, passes);
      });
      expect(size, text).toBe(passes);
    }
    expect((await counts(id)).traps).toBe(0);
    expect(await room.getConnections(id)).toHaveLength(2);
    expect(ada.socket.readyState).toBe(1);
  });

  test("for attachments is the same beside text that is wide", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    ada.send({ _tag: "Count" });
    // While that commit rests these two gather, and share the next.
    ada.send({ _tag: "PadState", text: "二", times: 10 });
    ada.send({ _tag: "PadConnection", text: "x", times: 16_000 });
    await ada.until(3);
    expect(ada.frames.map(({ _tag }) => _tag)).toEqual(["Counted", "Counted", "Never"]);
    await evictDurableObject(object(id));
    const [connection] = await room.getConnections(id);
    expect(/** @type {any} */ (connection).state.pad).toHaveLength(16_000);
  });

  test("for states keeps the old one, and finds the message that went too far", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const before = await counts(id);
    ada.send({ _tag: "PadState", text: "x", times: 10 });
    ada.send({ _tag: "Count" });
    ada.send({ _tag: "PadState", text: "x", times: 3_000_000 });
    ada.send({ _tag: "Count" });
    await ada.until(4);
    expect(ada.frames.map(({ count, code }) => count ?? code)).toEqual([
      0,
      1,
      "value_too_large",
      2,
    ]);
    const state = await stored(id);
    expect([state.pad, state.count]).toEqual(["x".repeat(10), 2]);
    expect((await counts(id)).traps).toBe(before.traps);
  });

  test("for states can be reached", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const rest = JSON.stringify(await stored(id)).length;
    ada.send({ _tag: "PadState", text: "x", times: 2_000_000 - rest });
    expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 0 }]);
    await evictDurableObject(object(id));
    ada.send({ _tag: "Count" });
    expect((await ada.until(2))[1]._tag).toBe("Counted");
  });

  test.each([
    ["a close code", { _tag: "Close", code: 1005, reason: "" }],
    ["a close reason", { _tag: "Close", code: 4000, reason: "é".repeat(62) }],
    ["an event's time", { _tag: "Schedule", name: "x", millis: 9e15, alarm: "Fail" }],
    ["a period", { _tag: "Every", name: "x", millis: 0, alarm: "Fail" }],
    ["an event's name", { _tag: "Schedule", name: "x".repeat(257), millis: 0, alarm: "Fail" }],
  ])("for %s is checked before anything is done", async (_, event) => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    ada.send(event);
    expect(await ada.until(1)).toEqual([internal]);
    expect(ada.socket.readyState).toBe(1);
  });

  test("for close reasons can be reached", async () => {
    const ada = await join(newRoom(), { id: "ada" });
    ada.send({ _tag: "Close", code: 4999, reason: "x".repeat(123) });
    expect(await ada.closed).toEqual({ code: 4999, reason: "x".repeat(123) });
  });
});

describe("a room that closes its connections", () => {
  test("has each told of once, whether or not it sleeps before the answer comes", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    await join(id, { id: "bob" });
    await join(id, { id: "eve" });
    await room.send(id, { _tag: "CloseEveryone" });
    expect(await ada.closed).toEqual({ code: 1001, reason: "the end" });
    await evictDurableObject(object(id));
    await settle();
    expect((await stored(id)).closes).toBe(3);
    expect(await room.getConnections(id)).toEqual([]);
  });

  test("takes a socket that ends in an error for closed, once", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    const eve = await join(id, { id: "eve" });
    await evictDurableObject(object(id));
    // As the platform does it; no close event follows, but if one did, nothing more would happen.
    await runInDurableObject(object(id), async (instance, ctx) => {
      await /** @type {any} */ (instance).webSocketError(socketOf(ctx, "eve"), new Error("reset"));
    });
    expect(await ada.until(1)).toEqual([
      { _tag: "Closed", id: "eve", code: 1006, wasClean: false },
    ]);
    eve.socket.close();
    await settle();
    expect((await stored(id)).closes).toBe(1);
    expect(await room.getConnections(id)).toHaveLength(1);
  });

  test("replaces the connection of an id, and announces it before the new one", async () => {
    const id = newRoom();
    const first = await join(id, { id: "ada" });
    const bob = await join(id, { id: "bob" });
    const second = await join(id, { id: "ada", onDuplicate: "replace" });
    expect((await first.closed).code).toBe(1012);
    expect(await bob.until(1)).toEqual([{ _tag: "Closed", id: "ada", code: 1012, wasClean: true }]);
    expect(second.frames).toEqual([]);
    const rejected = await upgrade(
      worker,
      path(id, { id: "ada", data: {}, onDuplicate: "reject" }),
    );
    expect(rejected.status).toBe(409);
    expect((await stored(id)).closes).toBe(1);
    // One that is refused replaces nobody.
    const refused = path(id, { id: "ada", data: { how: "refuse" }, onDuplicate: "replace" });
    expect((await upgrade(worker, refused)).status).toBe(403);
    expect(second.socket.readyState).toBe(1);
    expect((await stored(id)).closes).toBe(1);
  });
});

describe("the schedule", () => {
  test("fires while the object sleeps, and the alarm stands at the earliest of all", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    ada.send({ _tag: "Schedule", name: "late", millis: 60_000, alarm: { Well: "late" } });
    ada.send({ _tag: "Schedule", name: "soon", millis: 300, alarm: { Well: "soon" } });
    await settle();
    await evictDurableObject(object(id));
    expect(await ada.until(1)).toEqual([{ _tag: "Alarm", name: "soon", attempt: 1 }]);
    const alarm = await runInDurableObject(object(id), (_, ctx) => ctx.storage.getAlarm());
    expect(Number(alarm) - Date.now()).toBeGreaterThan(50_000);
    ada.send({ _tag: "Schedule", name: "late", millis: 600_000, alarm: { Well: "late" } });
    await settle();
    const replaced = await runInDurableObject(object(id), (_, ctx) => ctx.storage.getAlarm());
    expect(Number(replaced) - Date.now()).toBeGreaterThan(590_000);
    ada.send({ _tag: "Cancel", name: "late" });
    await settle();
    expect(await runInDurableObject(object(id), (_, ctx) => ctx.storage.getAlarm())).toBeNull();
    expect(await runDurableObjectAlarm(object(id))).toBe(false);
  });

  test("is set anew at a wake when the platform has lost the alarm", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    ada.send({ _tag: "Schedule", name: "x", millis: 500, alarm: { Well: "x" } });
    await settle();
    await runInDurableObject(object(id), (_, ctx) => ctx.storage.deleteAlarm());
    await evictDurableObject(object(id));
    await room.getState(id);
    expect(await ada.until(1)).toEqual([{ _tag: "Alarm", name: "x", attempt: 1 }]);
  });

  test("of a purged room is gone, and so are its state and its alarm, but not its sockets", async () => {
    const id = newRoom();
    const ada = await join(id, { id: "ada" });
    ada.send({ _tag: "Schedule", name: "x", millis: 200, alarm: { Well: "x" } });
    ada.send({ _tag: "Purge" });
    await settle();
    expect(await room.getState(id)).toBeNull();
    await runInDurableObject(object(id), async (_, ctx) => {
      expect(await ctx.storage.getAlarm()).toBeNull();
      expect(ctx.storage.sql.exec("SELECT * FROM room_alarms").toArray()).toEqual([]);
    });
    await evictDurableObject(object(id));
    ada.send({ _tag: "Next" });
    expect(await ada.until(1)).toEqual([{ _tag: "Next", name: null, at: null }]);
  });
});

test("the Worker can say something past the handlers, to all or by tag, and fire the alarm", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada", tags: ["red"] });
  const bob = await join(id, { id: "bob" });
  await room.broadcast(id, { _tag: "News", text: "all" });
  await room.broadcast(id, { _tag: "News", text: "red" }, "red");
  expect((await ada.until(2)).map(({ text }) => text)).toEqual(["all", "red"]);
  expect(await bob.until(1)).toEqual([{ _tag: "News", text: "all" }]);
  bob.send({ _tag: "Schedule", name: "x", millis: 60_000, alarm: { Well: "x" } });
  bob.send({ _tag: "Count" });
  await bob.until(2);
  await room.fireAlarm(id);
  expect(bob.frames).toHaveLength(2);
  const alarm = await runInDurableObject(object(id), (_, ctx) => ctx.storage.getAlarm());
  expect(Number(alarm) - Date.now()).toBeGreaterThan(50_000);
});

test("a broadcast that does not reach someone says whom, and reaches the rest", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  await join(id, { id: "eve" });
  const bob = await join(id, { id: "bob" });
  await runInDurableObject(object(id), (instance, ctx) => {
    // A socket that refuses every frame, as one whose peer has died may.
    const dead = socketOf(ctx, "eve");
    const { sockets } = /** @type {any} */ (instance);
    const send = sockets.send.bind(sockets);
    const refuses = {
      send() {
        throw new Error("its peer is gone");
      },
      deserializeAttachment: () => dead.deserializeAttachment(),
    };
    sockets.send = (/** @type {WebSocket} */ socket, /** @type {string} */ frame) =>
      send(socket === dead ? refuses : socket, frame);
  });
  await expect(room.broadcast(id, { text: "news" })).rejects.toMatchObject({
    name: "Broadcast",
    status: 502,
    failure: { failed: ["eve"] },
  });
  expect(await ada.until(1)).toEqual([{ text: "news" }]);
  expect(await bob.until(1)).toEqual([{ text: "news" }]);
});

test("errors keep their name and their fields across the call", async () => {
  const id = newRoom();
  await join(id);
  const large = room.send(id, { _tag: "PadState", text: "x", times: 3_000_000 });
  await expect(large).rejects.toMatchObject({
    name: "StateTooLarge",
    code: "value_too_large",
    failure: { limit: 2_000_000, size: expect.any(Number) },
  });
  await expect(rooms(env).room("chess").getState(id)).rejects.toMatchObject({
    name: "RoomNotFound",
    status: 404,
    failure: { room: "chess" },
  });
  await expect(room.getState("a b")).rejects.toMatchObject({ name: "InvalidRoomId" });
});

test.each(["100 %", "%7B%22", "Zoë", "🐭", "\n"])("an upgrade brings %j as it is", async (pad) => {
  const id = newRoom();
  await join(id, { id: "ada", data: { pad } });
  expect(await room.getConnections(id)).toMatchObject([{ state: { pad } }]);
});

test("frames of 1 MiB, text and binary, come back as they went", async () => {
  const ada = await connect(worker, "/mirror/hall");
  const text = "ä€🐭".repeat(100_000);
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  ada.socket.send(text);
  ada.socket.send(bytes);
  await ada.until(2);
  expect(ada.frames[0] === text).toBe(true);
  const back = ada.frames[1] instanceof Blob ? await ada.frames[1].arrayBuffer() : ada.frames[1];
  expect(new Uint8Array(back)).toEqual(bytes);
});

test("a socket whose attachment no longer decodes is closed, and the others live on", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  const eve = await join(id, { id: "eve" });
  await runInDurableObject(object(id), (_, ctx) => {
    socketOf(ctx, "eve").serializeAttachment('{"from":"another version"}');
  });
  await evictDurableObject(object(id));
  eve.send({ _tag: "Count" });
  expect((await eve.closed).code).toBe(1011);
  ada.send({ _tag: "Count" });
  expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 1 }]);
});

test("a stored state that no longer decodes is left as it is, and its clients are told", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  const old = '{"of":"another version"}';
  await runInDurableObject(object(id), (_, ctx) => {
    ctx.storage.sql.exec("UPDATE room_values SET json = ?", old);
  });
  await evictDurableObject(object(id));
  ada.send({ _tag: "Count" });
  expect(await ada.until(1)).toEqual([internal]);
  await expect(room.getState(id)).rejects.toMatchObject({ name: "StateUnreadable" });
  await runInDurableObject(object(id), (_, ctx) => {
    expect(ctx.storage.sql.exec("SELECT json FROM room_values").one().json).toBe(old);
  });
});

test("a state with a number that JavaScript does not have is no answer, and costs nothing else", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  await runInDurableObject(object(id), (_, ctx) => {
    const large = "json_set(json, '$.count', 9007199254740993)";
    ctx.storage.sql.exec(`UPDATE room_values SET json = ${large}`);
  });
  await evictDurableObject(object(id));
  await expect(room.getState(id)).rejects.toMatchObject({ name: "Encode" });
  ada.send({ _tag: "Next" });
  expect(await ada.until(1)).toEqual([{ _tag: "Next", name: null, at: null }]);
  expect((await counts(id)).traps).toBe(0);
});

test("a state and a connection of the version before a deploy are read by the room's migrations", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  await runInDurableObject(object(id), (_, ctx) => {
    ctx.storage.sql.exec("UPDATE room_values SET json = '41'");
    const socket = socketOf(ctx, "ada");
    const attachment = JSON.parse(socket.deserializeAttachment());
    socket.serializeAttachment(JSON.stringify({ ...attachment, state: "a remark" }));
  });
  await evictDurableObject(object(id));
  ada.send({ _tag: "Count" });
  expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 42 }]);
  expect(await room.getState(id)).toMatchObject({ count: 42, closes: 0 });
  expect(await room.getConnections(id)).toMatchObject([{ id: "ada", state: { pad: "a remark" } }]);
});

test("a commit that storage refuses is not half done, and its senders are told", async () => {
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  const eve = await join(id, { id: "eve" });
  ada.send({ _tag: "Count" });
  await eve.until(1);
  // Storage that refuses the state for a while.
  await runInDurableObject(object(id), (_, ctx) => {
    ctx.storage.sql.exec(
      "CREATE TRIGGER refuse BEFORE UPDATE ON room_values BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
  });
  eve.send({ _tag: "Count" });
  eve.send({ _tag: "Next" });
  await eve.until(3);
  expect(eve.frames.slice(1)).toEqual([internal, { _tag: "Next", name: null, at: null }]);
  await expect(room.send(id, { _tag: "Count" })).rejects.toMatchObject({ name: "Storage" });
  expect((await stored(id)).count).toBe(1);
  await runInDurableObject(object(id), (_, ctx) => ctx.storage.sql.exec("DROP TRIGGER refuse"));
  eve.send({ _tag: "Count" });
  expect((await eve.until(4))[3]).toEqual({ _tag: "Counted", count: 2 });
  expect(await ada.until(2)).toEqual([
    { _tag: "Counted", count: 1 },
    { _tag: "Counted", count: 2 },
  ]);
});

test("a room whose first commit storage refuses has stored nothing, and stores the next", async () => {
  const id = newRoom();
  await runInDurableObject(object(id), (instance) => {
    /** @type {any} */ (instance).storage.putState = () => {
      throw new Error("refused");
    };
  });
  const refused = await upgrade(worker, path(id, { data: {} }));
  expect(await refused.json()).toMatchObject({ error: { code: "internal" } });
  await runInDurableObject(object(id), (instance, ctx) => {
    expect([...ctx.storage.kv.list()]).toEqual([]);
    delete (/** @type {any} */ (instance).storage.putState);
  });
  expect(await stored(id)).toBe(null);
  const ada = await join(id, { id: "ada" });
  await evictDurableObject(object(id));
  ada.send({ _tag: "Count" });
  expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 1 }]);
});

test.each([
  ["its first statement, the state's", "room_values"],
  ["its second, the event's", "room_alarms"],
  ["a row of a history", "room_rows"],
  ["its last row, the end of the history", "room_histories"],
  ["its last statement, the alarm's", "the alarm"],
])(
  "a commit that storage refuses at %s leaves every table and the alarm as it was",
  async (_, place) => {
    const id = newRoom();
    const [ada, eve] = [await join(id, { id: "ada" }), await join(id, { id: "eve" })];
    const all = () =>
      runInDurableObject(object(id), async (_instance, ctx) => {
        const tables = ["room_values", "room_alarms", "room_rows", "room_histories"];
        const rows = tables.map((table) => [
          ...ctx.storage.sql.exec(`SELECT * FROM ${table}`).raw(),
        ]);
        return [...rows, await ctx.storage.getAlarm()];
      });
    ada.send({ _tag: "Everything" });
    await eve.until(1);
    const before = await all();
    expect(before.slice(0, 4).map((rows) => /** @type {any[]} */ (rows).length)).toEqual([
      1, 1, 1, 1,
    ]);

    // Another time for the event, and so for the alarm.
    await settle();
    await runInDurableObject(object(id), (instance, ctx) => {
      const { storage } = /** @type {any} */ (instance);
      if (place === "the alarm") {
        storage.setAlarm = () => {
          throw new Error("refused");
        };
        return;
      }
      // What is put in place of a row begins as an insertion too.
      const refuse = "BEGIN SELECT RAISE(ABORT, 'refused'); END";
      ctx.storage.sql.exec(`CREATE TRIGGER refuse BEFORE INSERT ON ${place} ${refuse}`);
    });
    eve.send({ _tag: "Everything" });
    eve.send({ _tag: "Everything" });
    await eve.until(3);
    expect(eve.frames.slice(1)).toEqual([internal, internal]);
    expect(await all()).toEqual(before);

    await runInDurableObject(object(id), (instance, ctx) => {
      delete (/** @type {any} */ (instance).storage.setAlarm);
      ctx.storage.sql.exec("DROP TRIGGER IF EXISTS refuse");
    });
    eve.send({ _tag: "Everything" });
    expect(await ada.until(2)).toEqual([
      { _tag: "Counted", count: 1 },
      { _tag: "Counted", count: 2 },
    ]);
    const [values, events, rows, ends, alarm] = /** @type {any[]} */ (await all());
    expect(JSON.parse(values[0][1]).count).toBe(2);
    expect(events[0].slice(0, 2)).toEqual(["later", alarm]);
    expect(alarm).toBeGreaterThan(/** @type {any} */ (before[4]));
    expect(rows.map((/** @type {any[]} */ row) => row[1])).toEqual([1, 2]);
    expect(ends[0][1]).toBe(2);
  },
);

test("a handler that asks for more memory than there can be does not have the memory grown", async () => {
  const grown = vi.spyOn(WebAssembly.Memory.prototype, "grow");
  const id = newRoom();
  const eve = await join(id, { id: "eve" });
  const asked = [65, 512, 2_047];
  for (const mib of asked) eve.send({ _tag: "Allocate", mib });
  await eve.until(asked.length);
  expect(eve.frames).toEqual(asked.map(() => internal));
  // The old instance, as it was when it was replaced.
  const sizes = /** @type {WebAssembly.Memory[]} */ (grown.mock.contexts).map(
    ({ buffer }) => buffer.byteLength / 1024 / 1024,
  );
  grown.mockRestore();
  expect(sizes.length).toBeGreaterThanOrEqual(2 * asked.length);
  expect(Math.max(...sizes)).toBeLessThan(65);
});

test("2,000 panics in a row leave a room that works, no stale data and a short log", async () => {
  const logged = vi.spyOn(console, "error");
  const id = newRoom();
  const ada = await join(id, { id: "ada" });
  for (let i = 0; i < 2_000; i++) ada.send({ _tag: "Panic" });
  await ada.until(2_000);
  expect(new Set(ada.frames.map(({ code }) => code))).toEqual(new Set(["internal"]));
  ada.send({ _tag: "Count" });
  expect((await ada.until(2_001))[2_000]).toEqual({ _tag: "Counted", count: 1 });
  expect(logged.mock.calls.length).toBeLessThan(200);
  expect(logged.mock.calls.some(([line]) => /not logged.*panicked at/s.test(line))).toBe(true);
});

/**
 * @param {DurableObjectState} ctx
 * @param {string} id of the connection
 */
function socketOf(ctx, id) {
  const [socket] = ctx.getWebSockets(`\u0001${id}`);
  if (!socket) throw new Error(`no socket of ${id}`);
  return socket;
}

/**
 * How often `text` fits a padded attachment by the platform's own judgement.
 *
 * @param {WebSocket} socket
 * @param {string} attachment with the padding repeated `times`
 * @param {string} text
 * @param {number} times
 */
function platformLimit(socket, attachment, text, times) {
  const escaped = JSON.stringify(text).slice(1, -1);
  /** @param {number} more */
  const padded = (more) => attachment.replace(escaped.repeat(times), escaped.repeat(times + more));
  let fits = times;
  try {
    socket.serializeAttachment(padded(1));
    fits += 1;
  } catch {
    // Rust's limit is the platform's.
  }
  socket.serializeAttachment(attachment);
  return fits;
}
