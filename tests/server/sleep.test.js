// Real hibernation: nothing that the object does keeps it awake, and nothing is lost in its sleep.

import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "../support/server.js";
import { connect, sleep } from "../support/socket.js";

/** @type {import("../support/server.js").Server} */
let server;

beforeAll(async () => {
  server = await startServer({ config: "tests/workerd/wrangler.jsonc" });
});

afterAll(() => server?.stop());

test("an object with open sockets sleeps 12 seconds after its last event, and wakes as it was", async () => {
  const room = `${server.url}/faulty/bedroom`;
  /** @param {string} id */
  const join = (id) =>
    connect(`${room}?options=${encodeURIComponent(JSON.stringify({ id, data: {} }))}`);
  const wakes = async () => (await fetch(`${room}/wakes`)).json();
  const [ada, bob, eve] = await Promise.all(["ada", "bob", "eve"].map(join));
  if (!ada || !bob || !eve) throw new Error("three clients");
  for (let i = 0; i < 20; i++) ada.send({ _tag: "Count" });
  // An event that is long in coming must not keep it awake either.
  ada.send({ _tag: "Schedule", name: "tomorrow", millis: 86_400_000, alarm: { Well: "x" } });
  await bob.until(20);
  const before = await wakes();
  expect(before).toMatchObject({ wakes: 1, wokenBy: { connect: 1 }, inputs: { connect: 3 } });

  await sleep(12_000);
  // It is woken by nothing but the question: so it has slept.
  const after = await wakes();
  expect(after).toMatchObject({ wakes: 2, wokenBy: { connect: 1, read: 1 } });
  expect(after.last).toEqual([
    { ...before.last[0], inputs: 25 },
    { at: expect.any(Number), by: "read", inputs: 1 },
  ]);
  // What kept it awake was over after the ten seconds that the platform waits.
  const { keptAwakeMs } = after;
  const total = Object.values(keptAwakeMs).reduce((one, other) => one + other, 0);
  expect(total).toBeGreaterThanOrEqual(10_000);
  expect(total).toBeLessThan(12_000);
  expect(keptAwakeMs.delivery).toBeUndefined();

  bob.send({ _tag: "Count" });
  expect((await ada.until(21))[20]).toEqual({ _tag: "Counted", count: 21 });
  eve.socket.close(4000, "bye");
  expect(await eve.closed).toEqual({ code: 4000, reason: "bye" });
  expect((await ada.until(22))[21]).toMatchObject({ _tag: "Closed", id: "eve", code: 4000 });
  ada.send({ _tag: "Next" });
  expect((await ada.until(23))[22]).toMatchObject({ _tag: "Next", name: "tomorrow" });
});
