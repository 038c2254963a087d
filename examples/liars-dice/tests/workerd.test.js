// A game in the runtime, whose object is put to sleep all the time.

import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { connect, upgrade } from "../../../tests/workerd/client.js";

const worker = /** @type {any} */ (exports).default;
const { ROOMS } = /** @type {any} */ (env);

afterEach(() => {
  vi.useRealTimers();
});

/** @param {string} table */
const object = (table) => ROOMS.getByName(`liars-dice/${table}`);

/** @param {string} name */
const keyOf = (name) => `the key of ${name}`.padEnd(24, ".");

/**
 * @param {string} table
 * @param {string} name
 * @param {string} [wish]
 */
async function sit(table, name, wish = "") {
  const query = new URLSearchParams({ name, key: keyOf(name) });
  const { frames, send, socket } = await connect(worker, `/tables/${table}?${query}${wish}`);
  /** @param {string} tag */
  const last = (tag) => frames.findLast(({ _tag }) => _tag === tag);
  /** @param {string} tag */
  const count = (tag) => frames.filter(({ _tag }) => _tag === tag).length;
  await expect.poll(() => last("Yours")).toBeTruthy();
  return { frames, send, socket, last, count, id: last("Yours").id };
}

/** @typedef {Awaited<ReturnType<typeof sit>>} Guest */

/**
 * A game of two with a spectator.
 *
 * @param {string} table
 */
async function begin(table) {
  const [ada, bob] = [await sit(table, "Ada"), await sit(table, "Bob")];
  const eve = await sit(table, "Eve", "&watch");
  ada.send({ _tag: "Start" });
  for (const { last } of [ada, bob, eve]) await expect.poll(() => last("Table").turn).toBeTruthy();
  return { ada, bob, eve };
}

/** @param {Guest[]} players */
const whoseTurn = (...players) =>
  /** @type {Guest} */ (players.find(({ id, last }) => last("Table").turn === id));

test("a game is played to its end, and the object sleeps before every move", async () => {
  const { ada, bob, eve } = await begin("sleepy");
  while (eve.count("Over") === 0) {
    await evictDurableObject(object("sleepy"));
    const { send, last } = whoseTurn(ada, bob);
    const standing = last("Table").bid;
    const heard = eve.count("Table");
    send(standing ? { _tag: "Call" } : { _tag: "Bid", count: 2, face: 3 });
    for (const { count } of [ada, bob, eve])
      await expect.poll(() => count("Table")).toBe(heard + 1);
  }
  expect(eve.count("Shown")).toBeGreaterThanOrEqual(5);
  // What is under a cup its player alone is told.
  expect(eve.count("Yours")).toBe(1);
  for (const { frames, id } of [ada, bob]) {
    const told = frames.filter(({ _tag }) => _tag === "Yours");
    expect(told.every((yours) => yours.id === id)).toBe(true);
    expect(told.at(-1).dice).toEqual([]);
  }
  expect([ada.id, bob.id]).toContain(eve.last("Over").winner);
});

test("the clock of a sleeping table moves for who does not", async () => {
  const { ada, bob, eve } = await begin("slow");
  const { id, last } = whoseTurn(ada, bob);
  const [own] = last("Yours").dice;
  const { until } = last("Table");
  await evictDurableObject(object("slow"));
  vi.useFakeTimers({ toFake: ["Date"], now: until - 1_000 });
  await runDurableObjectAlarm(object("slow"));
  expect(eve.count("Bid")).toBe(0);
  vi.setSystemTime(until);
  await runDurableObjectAlarm(object("slow"));
  await expect
    .poll(() => eve.last("Bid"))
    .toMatchObject({ by: id, bid: { count: 1, face: own }, late: true });
  expect(eve.last("Table").until).toBe(until + 30_000);
});

test("whoever has the key has the seat, and nobody else", async () => {
  const { ada } = await begin("keys");
  const { id, dice } = ada.last("Yours");
  expect(dice).toHaveLength(5);
  const eve = await connect(worker, `/tables/keys?name=Ada&key=${"guessed".repeat(4)}`);
  await eve.until(2);
  expect(eve.frames[1]).toMatchObject({ _tag: "Yours", dice: [] });
  expect(eve.frames[1].id).not.toBe(id);
  const again = await sit("keys", "Ada");
  expect(again.last("Yours")).toEqual({ _tag: "Yours", id, dice });
});

test.each([
  ["no name", `/tables/door?key=${keyOf("x")}`, 400],
  ["a name that is too long", `/tables/door?name=${"x".repeat(21)}&key=${keyOf("x")}`, 400],
  ["a key that can be guessed", "/tables/door?name=Ada&key=1234", 400],
  ["no table", "/tables/?name=Ada", 404],
  ["another path", "/elsewhere", 404],
])("who comes with %s is refused", async (_, path, status) => {
  expect((await upgrade(worker, path)).status).toBe(status);
});
