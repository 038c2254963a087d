// The other bundled rooms by their routes, awake and with a sleep between any two steps.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { connect, settle } from "./client.js";

const worker = exports.default;

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
const get = (path, init) => worker.fetch(new Request(`https://rooms.example${path}`, init));

/** @param {string} name of the object */
const object = (name) => env.ROOMS.getByName(name);

let made = 0;

const newRoom = () => `room-${++made}`;

describe.each([
  ["awake", async () => {}],
  [
    "asleep between any two steps",
    /** @param {string} name */
    (name) => evictDurableObject(object(name)),
  ],
])("%s", (_, pause) => {
  test("echo gives back what it gets, and counts its clients", async () => {
    const count = async () => (await get("/getCurrentConnections")).text();
    const there = (/** @type {string} */ clients) =>
      `There ${clients} connected to this Durable Object instance.`;
    expect(await count()).toBe(there("are 0 WebSocket clients"));
    const ada = await connect(worker, "/websocket");
    await pause("echo/main");
    ada.socket.send("hello");
    await ada.until(1);
    ada.socket.send(new Uint8Array([104, 105, 255]));
    expect(await ada.until(2)).toEqual(["[Durable Object]: hello", "[Durable Object]: hi\ufffd"]);
    expect(await count()).toBe(there("is 1 WebSocket client"));
    const bob = await connect(worker, "/websocket");
    await pause("echo/main");
    expect(await count()).toBe(there("are 2 WebSocket clients"));
    bob.socket.close();
    await bob.closed;
    await pause("echo/main");
    expect(await count()).toBe(there("is 1 WebSocket client"));
    ada.socket.close(1000);
    await ada.closed;
    expect(await count()).toBe(there("are 0 WebSocket clients"));
  });

  test("the lobby says everything three times, to whom it says", async () => {
    const ada = await connect(worker, "/lobby/websocket");
    const bob = await connect(worker, "/lobby/websocket");
    await pause("lobby/main");
    ada.socket.send("hi");
    const [first] = await ada.until(2);
    const session = /from: ([0-9a-f-]{36}),/.exec(first)?.[1];
    /** @param {string} to */
    const line = (to) =>
      `[Durable Object] message: hi, from: ${session}, to: ${to}. Total connections: 2`;
    expect(ada.frames).toEqual([line("the initiating client"), line("all clients")]);
    const others = "all clients except the initiating client";
    expect(await bob.until(2)).toEqual([line("all clients"), line(others)]);
    bob.socket.close();
    await bob.closed;
    await pause("lobby/main");
    ada.socket.send("alone");
    expect((await ada.until(4))[3]).toMatch(/Total connections: 1$/);
    ada.socket.close();
    await ada.closed;
  });

  test("reminders are scheduled, come when due, and a Worker can push a line", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/room/${id}`);
    const bob = await connect(worker, `/room/${id}`);
    await pause(`reminders/${id}`);
    ada.socket.send("hello");
    expect((await bob.until(1))[0]).toMatch(/^\[[0-9a-f]{8}\] hello$/);
    ada.socket.send("/remind 1 later");
    ada.socket.send("/remind 0 at once");
    await ada.until(4);
    expect(ada.frames.slice(1)).toEqual([
      "[system] Reminder scheduled in 1s",
      "[system] Reminder scheduled in 0s",
      "[reminder] at once",
    ]);
    await pause(`reminders/${id}`);
    expect((await bob.until(3)).slice(1)).toEqual(["[reminder] at once", "[reminder] later"]);
    const stub = /** @type {any} */ (object(`reminders/${id}`));
    expect(await stub.send('"from the Worker"')).toEqual({ ok: null });
    expect((await bob.until(4))[3]).toBe("from the Worker");
  });

  test("what is no reminder is chat, and what is too late or too much is refused", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/room/${id}`);
    const chat = ["/remind -1 x", "/remind 5", "/remind 5 two\nlines"];
    for (const text of chat) ada.socket.send(text);
    ada.socket.send(new Uint8Array([104, 105]));
    await pause(`reminders/${id}`);
    await ada.until(4);
    expect(ada.frames.map((text) => text.slice(11))).toEqual([...chat, "hi"]);
    ada.socket.send("/remind 2592001 x");
    expect((await ada.until(5))[4]).toBe("[system] A reminder is at most 2592000s ahead");
    for (let n = 0; n < 100; n++) ada.socket.send(`/remind 2592000 ${n}`);
    await ada.until(105);
    await pause(`reminders/${id}`);
    ada.socket.send("/remind 5 one more");
    const [refused] = (await ada.until(106)).slice(-1);
    expect(refused).toBe("[system] 100 reminders are pending, more are not taken");
  });

  test("sixty reminders at one instant come once each, in order", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/room/${id}`);
    for (let n = 0; n < 60; n++) ada.socket.send(`/remind 1 ${n}`);
    await ada.until(60);
    await pause(`reminders/${id}`);
    const reminders = (await ada.until(120)).slice(60);
    expect(reminders).toEqual(Array.from({ length: 60 }, (_, n) => `[reminder] ${n}`));
    await settle();
    expect(ada.frames).toHaveLength(120);
  });

  test("names and messages have their rules, and a rename is told", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/rooms/${id}/ws`);
    ada.send({ type: "join", name: "Ada" });
    await ada.until(2);
    const nameless = await connect(worker, `/rooms/${id}/ws`);
    await pause(`history/${id}`);
    nameless.send({ type: "chat", message: "who am I?" });
    expect(await nameless.closed).toEqual({ code: 1011, reason: "Session without name" });
    await ada.until(3);
    for (const bad of [
      { type: "join" },
      { type: "join", name: "" },
      { type: "update-name", name: "x".repeat(65) },
      { type: "chat", message: "" },
      { type: "chat", message: "x".repeat(4_097) },
    ]) {
      ada.frames.length = 0;
      ada.send(bad);
      expect((await ada.until(1))[0]).toMatchObject({ type: "error" });
    }
    await pause(`history/${id}`);
    ada.frames.length = 0;
    ada.send({ type: "update-name", name: "Ada L." });
    expect(await ada.until(1)).toEqual([{ type: "users", users: ["Ada L."] }]);
    ada.send({ type: "join", name: "Ada Lovelace" });
    await ada.until(3);
    expect(ada.frames.slice(1)).toEqual([
      expect.objectContaining({ type: "system", message: "Ada Lovelace joined the room" }),
      { type: "users", users: ["Ada Lovelace"] },
    ]);
  });

  test("old rows and rows beyond the newest 10,000 are cleaned up from the schedule", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/rooms/${id}/ws`);
    ada.send({ type: "join", name: "Ada" });
    ada.send({ type: "chat", message: "0" });
    await ada.until(3);
    await runInDurableObject(object(`history/${id}`), (_, { storage: { sql } }) => {
      const month = 30 * 86_400_000;
      sql.exec(
        `WITH RECURSIVE n(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < 12000)
         INSERT INTO room_rows SELECT 'said', seq, ?, '{"from":"Ada","message":"x"}' FROM n`,
        Date.now(),
      );
      // The oldest 3,000 are over a month old.
      sql.exec("UPDATE room_rows SET at = ? WHERE seq <= 3000", Date.now() - month - 1_000);
      sql.exec("UPDATE room_histories SET last = 12000");
      sql.exec("UPDATE room_alarms SET at = 1, due = 1");
    });
    await evictDurableObject(object(`history/${id}`));
    await /** @type {any} */ (object(`history/${id}`)).fireAlarm();
    await runInDurableObject(object(`history/${id}`), (_, { storage: { sql } }) => {
      const { first, count } = sql
        .exec("SELECT min(seq) AS first, count(*) AS count FROM room_rows")
        .one();
      expect({ first, count }).toEqual({ first: 3_001, count: 9_000 });
    });
  });

  test("history is kept, in order, and a late joiner gets it once", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/rooms/${id}/ws`);
    ada.send({ type: "join", name: "Ada" });
    await ada.until(2);
    for (const message of ["one", "two", "three"]) {
      ada.send({ type: "chat", message, timestamp: 1 });
    }
    await ada.until(5);
    await pause(`history/${id}`);
    const bob = await connect(worker, `/rooms/${id}/ws`);
    await pause(`history/${id}`);
    ada.send({ type: "chat", message: "four" });
    await ada.until(6);
    bob.send({ type: "join", name: "Bob" });
    await bob.until(6);
    expect(bob.frames.map(({ message, users }) => message ?? users)).toEqual([
      "one",
      "two",
      "three",
      "four",
      "Bob joined the room",
      ["Ada", "Bob"],
    ]);
    for (const { timestamp } of bob.frames.slice(0, 5)) {
      expect(Math.abs(Date.now() - timestamp)).toBeLessThan(60_000);
    }
    await pause(`history/${id}`);
    bob.socket.close();
    await ada.until(9);
    expect(ada.frames[8]).toEqual({ type: "users", users: ["Ada"] });
  });

  test("the rate limit is not forgotten in sleep", async () => {
    const id = newRoom();
    const ada = await connect(worker, `/rooms/${id}/ws`);
    ada.send({ type: "join", name: "Ada" });
    await ada.until(2);
    for (let n = 0; n < 10; n++) ada.send({ type: "chat", message: `${n}` });
    await ada.until(12);
    await pause(`history/${id}`);
    // More than a slow machine could have earned meanwhile.
    for (let n = 0; n < 8; n++) ada.send({ type: "chat", message: "too much" });
    const last = (await ada.until(20)).slice(12);
    expect(last).toContainEqual({ type: "rate-limit", retryAfter: 1 });
  });
});

test("a ping is answered without waking the lobby", async () => {
  const ada = await connect(worker, "/lobby/websocket");
  await evictDurableObject(object("lobby/main"));
  ada.socket.send("ping");
  expect(await ada.until(1)).toEqual(["pong"]);
  // It is still asleep: it cannot be put to sleep once more.
  await expect(evictDurableObject(object("lobby/main"))).rejects.toThrow("not currently running");
  ada.socket.close();
  await ada.closed;
});

test.each(["/websocket", "/lobby/websocket", "/room/x", "/rooms/x/ws"])(
  "%s wants an upgrade, by GET",
  async (path) => {
    const plain = await get(path);
    expect(plain.status).toBe(426);
    expect(await plain.text()).toContain("Expected Upgrade: websocket");
    const posted = await get(path, { method: "POST" });
    expect([posted.status, posted.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  },
);

test("to read the last hundred of 100,000 rows takes no longer than of 1,000", async () => {
  const id = newRoom();
  const ada = await connect(worker, `/rooms/${id}/ws`);
  ada.send({ type: "join", name: "Ada" });
  ada.send({ type: "chat", message: "0" });
  await ada.until(3);
  /** @param {number} rows */
  const fill = (rows) =>
    runInDurableObject(object(`history/${id}`), (_, { storage: { sql } }) => {
      const row = '{"from":"Ada","message":"x"}';
      sql.exec(
        `WITH RECURSIVE n(seq) AS (
           SELECT last + 1 FROM room_histories UNION ALL SELECT seq + 1 FROM n WHERE seq < ?
         ) INSERT INTO room_rows SELECT 'said', seq, ?, ? FROM n`,
        rows,
        Date.now(),
        row,
      );
      sql.exec("UPDATE room_histories SET last = ?", rows);
    });
  // What SQLite reads tells more than a clock does.
  const rowsRead = () =>
    runInDurableObject(object(`history/${id}`), (_, { storage: { sql } }) => {
      const last = "SELECT * FROM room_rows WHERE history = 'said' AND seq > 0 AND seq < 1e15";
      const cursor = sql.exec(`${last} ORDER BY seq DESC LIMIT 100`);
      expect(cursor.toArray()).toHaveLength(100);
      return cursor.rowsRead;
    });
  /** How long a join and its backlog take, at best of some. */
  const joining = async () => {
    await evictDurableObject(object(`history/${id}`));
    const times = [];
    for (let i = 0; i < 7; i++) {
      const guest = await connect(worker, `/rooms/${id}/ws`);
      const start = performance.now();
      guest.send({ type: "join", name: "Guest" });
      const frames = await guest.until(102);
      times.push(performance.now() - start);
      expect(frames.filter(({ type }) => type === "chat")).toHaveLength(100);
      guest.socket.close();
      await guest.closed;
    }
    return Math.min(...times);
  };
  await fill(1_000);
  const [readBefore, timeBefore] = [await rowsRead(), await joining()];
  await fill(100_000);
  const [readAfter, timeAfter] = [await rowsRead(), await joining()];
  expect(readAfter).toBe(readBefore);
  expect(timeAfter).toBeLessThan(3 * timeBefore + 5);
  await settle();
});
