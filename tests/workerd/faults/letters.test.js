// Rooms that write to one another and call functions of their Worker, with sleeps in between.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { connect } from "../client.js";
import { gate, rooms } from "../worker.js";

const worker = /** @type {any} */ (exports).default;
const room = rooms(env).room("relay");

let made = 0;

/** @param {string} name */
const newRoom = (name) => `${name}-${++made}`;

/** @param {string} id */
const listen = (id) => connect(worker, `/relay/${id}`);

/** @param {string} id */
const evict = (id) => evictDurableObject(env.ROOMS.getByName(`relay/${id}`));

/** @param {string} id */
const heard = async (id) => /** @type {any} */ (await room.getState(id))?.heard ?? [];

/** @param {string} id */
const alarm = (id) =>
  runInDurableObject(env.ROOMS.getByName(`relay/${id}`), (_, ctx) => ctx.storage.getAlarm());

test("a chain from A to B to C is heard once in each", async () => {
  const [a, b, c] = [newRoom("a"), newRoom("b"), newRoom("c")];
  const end = await listen(c);
  await room.send(a, { _tag: "Hear", text: "psst", route: [b, c] });
  expect(await end.until(1)).toEqual([`psst from relay/${b}`]);
  expect(await heard(a)).toEqual(["psst from outside"]);
  expect(await heard(b)).toEqual([`psst from relay/${a}`]);
  await expect.poll(() => alarm(a)).toBeNull();
  await expect.poll(() => alarm(b)).toBeNull();
});

test("a receiver that fails twice, and a sender that sleeps meanwhile: handled once", async () => {
  const [a, b] = [newRoom("a"), newRoom("b")];
  const end = await listen(b);
  // Tried at once, after 2 s and after 4 s more.
  await room.send(b, { _tag: "Deaf", millis: 2_500 });
  await room.send(a, { _tag: "Hear", text: "psst", route: [b] });
  await expect.poll(() => alarm(a)).not.toBeNull();
  await evict(a);
  await evict(b);
  expect(await end.until(1)).toEqual([`psst from relay/${a}`]);
  await expect.poll(() => alarm(a)).toBeNull();
  expect(await heard(b)).toHaveLength(1);
});

test("a letter that was committed before the sender was reset is still delivered", async () => {
  const [a, b] = [newRoom("a"), newRoom("b")];
  const end = await listen(b);
  // A sender that dies between its commit and the delivery.
  await runInDurableObject(env.ROOMS.getByName(`relay/${a}`), (object) => {
    const nobody = { getByName: () => ({ receive: () => new Promise(() => {}) }) };
    /** @type {any} */ (object).env = { ROOMS: nobody };
  });
  await room.send(a, { _tag: "Hear", text: "psst", route: [b] });
  await evict(a);
  expect(await end.until(1)).toEqual([`psst from relay/${a}`]);
});

test("a letter to oneself and an announcement arrive", async () => {
  const [a, b] = [newRoom("a"), newRoom("b")];
  const [here, there] = [await listen(a), await listen(b)];
  await room.send(a, { _tag: "Hear", text: "note", route: [a] });
  expect(await here.until(2)).toEqual(["note from outside", `note from relay/${a}`]);
  await room.send(a, { _tag: "Announce", room: b, text: "dinner" });
  expect(await there.until(1)).toEqual(["dinner"]);
});

test("a sibling's state, and what the Worker's functions return, come as replies", async () => {
  const [a, b] = [newRoom("a"), newRoom("b")];
  const here = await listen(a);
  await room.send(a, { _tag: "Ask", room: b });
  await here.until(1);
  await room.send(a, { _tag: "Call", function: "shout", argument: "hey" });
  await here.until(2);
  await room.send(a, { _tag: "Call", function: "none", argument: "" });
  await here.until(3);
  expect(here.frames).toEqual([
    "state: null",
    `call: "HEY (relay/${a})"`,
    "call: none gave no answer: the Worker has no such function",
  ]);
  await room.send(a, { _tag: "Call", function: "flaky", argument: "Ada" });
  await evict(a);
  expect((await here.until(4))[3]).toBe('call: "good evening Ada"');
});

test("1,000 calls that are answered together are handled at once, each once", async () => {
  const a = newRoom("a");
  await room.send(a, { _tag: "CallMany", count: 1_000 });
  const answered = async () => /** @type {any} */ (await room.getState(a))?.answered;
  await expect.poll(answered, { timeout: 20_000, interval: 5 }).toBe(1_000);
  const millis = Date.now() - gate.openedAt;
  // On a machine with nothing else to do it is under 100.
  expect(millis).toBeLessThan(2_000);
  await evict(a);
  expect(await answered()).toBe(1_000);
  expect(await alarm(a)).toBe(null);
});

test("the Worker's variables reach handlers", async () => {
  const a = newRoom("a");
  const here = await listen(a);
  here.send({ _tag: "Greet" });
  expect(await here.until(1)).toEqual(["good evening"]);
});

test("keyed values are put, listed both ways by prefix, and deleted", async () => {
  const a = newRoom("a");
  const here = await listen(a);
  for (const key of ["b", "a", "aé", "a€", "ab", "c/d"]) {
    here.send({ _tag: "Note", key, text: key.toUpperCase() });
  }
  here.send({ _tag: "Forget", key: "ab" });
  /** @type {[string, number, boolean][]} */
  const lists = [
    ["", 10, false],
    ["a", 10, false],
    ["a", 2, false],
    ["a", 2, true],
    ["", 1, true],
    ["x", 5, false],
  ];
  const expected = [
    "a=A aé=AÉ a€=A€ b=B c/d=C/D",
    "a=A aé=AÉ a€=A€",
    "a=A aé=AÉ",
    "a€=A€ aé=AÉ",
    "c/d=C/D",
    "",
  ];
  for (const asleep of [false, true]) {
    here.frames.length = 0;
    if (asleep) await evict(a);
    for (const [prefix, limit, backwards] of lists) {
      here.send({ _tag: "Notes", prefix, limit, backwards });
    }
    expect(await here.until(lists.length)).toEqual(expected);
  }
});

test("a connection that gives no sign of life is closed, one that pings is not", async () => {
  const [lively, silent] = [
    await connect(worker, `/quiet/den?options=${encodeURIComponent('{"id":"lively"}')}`),
    await connect(worker, `/quiet/den?options=${encodeURIComponent('{"id":"silent"}')}`),
  ];
  await evictDurableObject(env.ROOMS.getByName("quiet/den"));
  const pings = setInterval(() => lively.socket.send("ping"), 100);
  expect((await silent.closed).code).toBe(1001);
  await expect.poll(() => lively.frames.filter((frame) => frame !== "pong")).toHaveLength(1);
  clearInterval(pings);
  expect(lively.frames).toContain("silent is gone, 1006");
  lively.socket.close();
  await lively.closed;
});
