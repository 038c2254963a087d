// Faults that end more than a handler: memory that runs out, objects that the platform resets, alarms
// that storage refuses, a handler that never returns. In plain workerd, over real sockets.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, sleep } from "../support/socket.js";
import { bundle, makeFolder, remove, startWorkerd } from "../support/workerd.js";

/** @type {string} */
let worker;
/** @type {string} */
let storage;
/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(async () => {
  worker = bundle("tests/server/faulty/wrangler.jsonc", ["unsafe_module"]);
  storage = makeFolder();
  server = await startWorkerd(worker, storage);
});

afterAll(async () => {
  await server?.kill();
  for (const folder of [worker, storage]) remove(folder);
});

const internal = {
  _tag: "Error",
  code: "internal",
  message: "something went wrong in the room",
};

let made = 0;

/** A room of its own for a test. */
function newRoom() {
  const path = `/faulty/server-${++made}`;
  return {
    /** @param {string} id of the connection */
    join(id) {
      const options = encodeURIComponent(JSON.stringify({ id, data: {} }));
      return connect(`${server.url}${path}?options=${options}`);
    },
    /**
     * Calls a function of the object.
     *
     * @param {string} name
     * @param {...unknown} args
     */
    async call(name, ...args) {
      const body = JSON.stringify(args);
      const response = await fetch(`${server.url}${path}/${name}`, { method: "POST", body });
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
      return await response.json();
    },
    /** What is stored: how often `Everything` was said, by its state, its event and its rows. */
    async stored() {
      const [state] = await this.call("query", "SELECT json ->> 'count' FROM room_values");
      const [event] = await this.call("query", "SELECT payload ->> 'Well' FROM room_alarms");
      const rows = await this.call("query", "SELECT seq, row FROM room_rows ORDER BY seq");
      return { state: state?.[0], event: Number(event), rows };
    },
  };
}

/** @param {number} count */
const everything = (count) => ({
  state: count,
  event: count,
  rows: Array.from({ length: count }, (_, i) => [i + 1, String(i + 1)]),
});

/** Megabytes that the server has in memory. */
function residentMegabytes() {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe("a handler that runs out of memory", () => {
  test.each([
    ["asks for 1 GiB in one piece", { _tag: "Allocate", mib: 1_024 }],
    ["asks for all there can be in one piece", { _tag: "Allocate", mib: 2_047 }],
    ["asks for 512 MiB again and again", { _tag: "Hoard", mib: 512 }],
    ["asks for 1 MiB again and again", { _tag: "Hoard", mib: 1 }],
    ["writes to all that it gets", { _tag: "Exhaust" }],
  ])("because it %s costs nobody anything, 20 times in a row", async (_, event) => {
    const ROUNDS = 20;
    const room = newRoom();
    const [ada, bob, eve] = await Promise.all(["ada", "bob", "eve"].map((id) => room.join(id)));
    if (!ada || !bob || !eve) throw new Error("three were to join");
    const closed = Promise.race([ada.closed, bob.closed, eve.closed]);
    for (let round = 1; round <= ROUNDS; round++) {
      ada.send({ _tag: "Count" });
      ada.send({ _tag: "Count" });
      eve.send(event);
      bob.send({ _tag: "Count" });
      await Promise.race([Promise.all([ada.until(3 * round), eve.until(4 * round)]), closed]);
    }
    const heard = Array.from({ length: 3 * ROUNDS }, (_, i) => ({ _tag: "Counted", count: i + 1 }));
    expect(ada.frames).toEqual(heard);
    expect(await bob.until(3 * ROUNDS)).toEqual(heard);
    expect(eve.frames.filter(({ _tag }) => _tag === "Counted")).toEqual(heard);
    expect(eve.frames.filter(({ _tag }) => _tag === "Error")).toEqual(
      Array.from({ length: ROUNDS }, () => internal),
    );
    // Each is tried once more, alone: for want of memory nobody is to blame.
    expect((await room.call("getCounts")).traps).toBe(2 * ROUNDS);
    expect(await room.call("getCount")).toEqual({ ok: 3 });
  });

  test("has its instance's memory given back, once the collector comes around", async () => {
    const room = newRoom();
    const eve = await room.join("eve");
    for (let round = 1; round <= 10; round++) {
      eve.send({ _tag: "Exhaust" });
      await eve.until(round);
    }
    // 48 MiB an instance, and more from the tests before. Work makes the collector come.
    const collected = async () => {
      for (let i = 0; i < 500; i++) eve.send({ _tag: "Count" });
      await eve.until(eve.frames.length + 500);
      return residentMegabytes();
    };
    await expect.poll(collected, { timeout: 20_000, interval: 1 }).toBeLessThan(400);
  });

  test("and that asks first whether there is so much goes on with the instance it has", async () => {
    const room = newRoom();
    const eve = await room.join("eve");
    for (const mib of [65, 1_024, 2_047]) eve.send({ _tag: "TryAllocate", mib });
    eve.send({ _tag: "Count" });
    const refused = { _tag: "Error", code: "too_much", message: "there is not so much" };
    const counted = { _tag: "Counted", count: 1 };
    expect(await eve.until(4)).toEqual([refused, refused, refused, counted]);
    expect((await room.call("getCounts")).traps).toBe(0);
  });
});

describe("an object that is reset", () => {
  test.each(
    /** @type {const} */ ([
      ["while an input is handled", "handling"],
      ["between the handling and the commit", "before"],
      ["in the middle of the transaction", "inside"],
      ["when all is written, and nothing sent", "after"],
    ]),
  )("%s is as after its last commit, and its clients can come back", async (_, place) => {
    const room = newRoom();
    const [ada, eve] = [await room.join("ada"), await room.join("eve")];
    const bystander = await newRoom().join("bob");
    ada.send({ _tag: "Everything" });
    await eve.until(1);
    // What Rust has read is forgotten, so that it asks again.
    await room.call("evict");
    await room.call("resetAt", place);
    eve.send({ _tag: "Everything" });
    ada.send({ _tag: "Everything" });
    expect((await ada.closed).code).toBe(1006);
    expect((await eve.closed).code).toBe(1006);
    for (const { frames } of [ada, eve]) expect(frames).toEqual([{ _tag: "Counted", count: 1 }]);

    // Rust was stopped in the middle, and others share it.
    bystander.send({ _tag: "Count" });
    expect(await bystander.until(1)).toEqual([{ _tag: "Counted", count: 1 }]);
    const back = await room.join("ada");
    expect(await room.stored()).toEqual(everything(1));
    back.send({ _tag: "Everything" });
    expect(await back.until(1)).toEqual([{ _tag: "Counted", count: 2 }]);
    expect(await room.stored()).toEqual(everything(2));
    expect((await room.call("getCounts")).traps).toBe(0);
    expect(await room.call("getCount")).toEqual({ ok: 1 });
  });

  test("while everyone talks has stored all that anybody heard, and nothing by half", async () => {
    const room = newRoom();
    let last = 0;
    for (let round = 1; round <= 5; round++) {
      const clients = await Promise.all(["a", "b", "c", "d"].map((id) => room.join(id)));
      for (const { send, socket } of clients) {
        socket.on("message", () => send({ _tag: "Everything" }));
        for (let i = 0; i < 5; i++) send({ _tag: "Everything" });
      }
      await clients[0]?.until(30 * round);
      await room.call("resetAll");
      const codes = await Promise.all(clients.map(async ({ closed }) => (await closed).code));
      expect(codes).toEqual([1006, 1006, 1006, 1006]);
      const heard = clients.flatMap(({ frames }) => frames.map(({ count }) => count));
      const { state } = await room.stored();
      expect(state).toBeGreaterThanOrEqual(Math.max(last, ...heard));
      expect(await room.stored()).toEqual(everything(state));
      last = state;
    }
  });
});

describe("an alarm whose event storage refuses", () => {
  test("is tried again by the platform, later, and its event is handled once", async () => {
    const room = newRoom();
    const ada = await room.join("ada");
    ada.send({ _tag: "Schedule", name: "x", millis: 300, alarm: { Well: "x" } });
    await expect.poll(() => room.call("getAlarm")).not.toBeNull();
    await room.call("refuseWrites");
    await expect.poll(() => room.call("getAlarms"), { timeout: 5_000 }).toBe(1);
    await sleep(1_000);
    expect(await room.call("getAlarms"), "tries within a second").toBe(1);
    expect(await room.call("query", "SELECT name FROM room_alarms")).toEqual([["x"]]);
    await room.call("allowWrites");
    expect(await ada.until(1)).toEqual([{ _tag: "Alarm", name: "x", attempt: 1 }]);
    expect((await room.call("getState")).ok.handled).toEqual(["x"]);
    expect(await room.call("getAlarm")).toBeNull();
    expect(await room.call("query", "SELECT name FROM room_alarms")).toEqual([]);
  });

  test.each([
    ["when the room wakes", "evict"],
    ["when storage works again", "allowWrites"],
  ])("and that the platform has dropped is set anew %s", async (_, mend) => {
    const room = newRoom();
    const ada = await room.join("ada");
    ada.send({ _tag: "Schedule", name: "x", millis: 300, alarm: { Well: "x" } });
    await expect.poll(() => room.call("getAlarm")).not.toBeNull();
    await room.call("refuseWrites");
    await expect.poll(() => room.call("getAlarms"), { timeout: 5_000 }).toBe(1);
    await room.call("dropAlarm");
    await sleep(2_500);
    expect(await room.call("getAlarms")).toBe(1);
    expect(await room.call("query", "SELECT name FROM room_alarms")).toEqual([["x"]]);
    await room.call(mend);
    ada.send({ _tag: "Count" });
    await ada.until(2);
    expect(ada.frames).toEqual([
      { _tag: "Counted", count: 1 },
      { _tag: "Alarm", name: "x", attempt: 1 },
    ]);
    await sleep(200);
    expect(ada.frames).toHaveLength(2);
    expect((await room.call("getState")).ok.handled).toEqual(["x"]);
    expect(await room.call("getAlarm")).toBeNull();
  });

  test("in rows alone does not go off for ever", async () => {
    const room = newRoom();
    const ada = await room.join("ada");
    ada.send({ _tag: "Schedule", name: "x", millis: 300, alarm: { Well: "x" } });
    ada.send({ _tag: "Schedule", name: "y", millis: 300, alarm: { Well: "y" } });
    await expect.poll(() => room.call("query", "SELECT name FROM room_alarms")).toHaveLength(2);
    // Unlike the rows of x, the alarm itself can be set.
    for (const write of ["INSERT", "UPDATE", "DELETE"]) {
      const row = write === "DELETE" ? "OLD" : "NEW";
      const refuse = `SELECT RAISE(ABORT, 'refused') WHERE ${row}.name = 'x'`;
      const trigger = `refuse_${write} BEFORE ${write} ON room_alarms`;
      await room.call("query", `CREATE TRIGGER ${trigger} BEGIN ${refuse}; END`);
    }
    expect(await ada.until(1)).toEqual([{ _tag: "Alarm", name: "y", attempt: 1 }]);
    await sleep(1_000);
    expect(await room.call("getAlarms")).toBeLessThan(4);
    for (const write of ["INSERT", "UPDATE", "DELETE"]) {
      await room.call("query", `DROP TRIGGER refuse_${write}`);
    }
    expect((await ada.until(2))[1]).toEqual({ _tag: "Alarm", name: "x", attempt: 1 });
    expect((await room.call("getState")).ok.handled).toEqual(["y", "x"]);
  });
});

// The last, for it ends the server.
test("a handler that never returns leaves the last commit behind when it is ended", async () => {
  const room = newRoom();
  const [ada, eve] = [await room.join("ada"), await room.join("eve")];
  ada.send({ _tag: "Everything" });
  await eve.until(1);
  eve.send({ _tag: "Everything" });
  eve.send({ _tag: "Spin" });
  ada.send({ _tag: "Everything" });
  await sleep(300);
  expect(ada.socket.readyState).toBe(ada.socket.OPEN);
  await server.kill();
  expect((await ada.closed).code).toBe(1006);
  expect((await eve.closed).code).toBe(1006);
  const heard = Math.max(...[ada, eve].flatMap(({ frames }) => frames.map(({ count }) => count)));

  server = await startWorkerd(worker, storage);
  const back = await room.join("ada");
  const { state } = await room.stored();
  expect([heard, heard + 1]).toContain(state);
  expect(await room.stored()).toEqual(everything(state));
  back.send({ _tag: "Everything" });
  expect(await back.until(1)).toEqual([{ _tag: "Counted", count: state + 1 }]);
});
