// The soak, small and short; and that what it looks for would be found.

import { expect, test } from "vitest";
import { soak } from "../../soak/soak.js";
import { Speech } from "../../soak/speech.js";
import { Transcript } from "../../soak/transcript.js";

test("rooms whose clients come, speak, leave, sleep and wake lose nothing and double nothing", async () => {
  const { tally, health } = await soak({ minutes: 0.34, sockets: 200, rooms: 6 });
  expect(Object.fromEntries([...tally.faults].filter(([, count]) => count > 0))).toEqual({});
  // It did what it is for.
  expect(tally.mostOpen).toBeGreaterThanOrEqual(200);
  expect(tally.open).toBe(0);
  expect([...tally.closes.keys()].sort()).toEqual(["by a cut", "with a code", "without a code"]);
  expect(tally.connects).toBeGreaterThan(220);
  expect(tally.heard).toBeGreaterThan(10_000);
  expect(tally.woke).toBeGreaterThanOrEqual(3);
  expect(tally.woke).toBe(tally.slept);
  expect(health.growth()?.begin.rss).toBeGreaterThan(0);
}, 150_000);

/** A transcript of what two users hear of each other, and a listener who joined before both. */
function heard() {
  /** @type {string[]} */
  const faults = [];
  const fault = (/** @type {string} */ kind) => void faults.push(kind);
  const transcript = new Transcript("room", fault);
  transcript.add(JSON.stringify({ _tag: "UserJoined", userId: "ada" }));
  const frames = [1, 2, 3, 4].map((text) =>
    JSON.stringify({ _tag: "Message", userId: "bob", text: `${text}` }),
  );
  for (const frame of frames) transcript.add(frame);
  /** @param {number[]} order places of the frames that ada hears @param {number} [end] */
  const hears = (order, end) => {
    const ahead = order.map((place) => frames[place] ?? "never said");
    const ada = { id: "ada", next: undefined, ahead, missing: new Set() };
    transcript.follow(ada);
    transcript.judge(ada, end);
    return faults.splice(0);
  };
  return { transcript, frames, fault, faults, hears };
}

test("a frame that is lost, doubled or out of order is told", () => {
  const { hears } = heard();
  expect(hears([0, 1, 2, 3])).toEqual([]);
  expect(hears([0, 2, 3])).toEqual(["lost"]);
  expect(hears([0, 1, 2])).toEqual(["lost"]);
  expect(hears([0, 1, 1, 2, 3])).toEqual(["doubled"]);
  expect(hears([0, 1, 3, 2])).toEqual(["out of order"]);
  expect(hears([0, 1, 9, 2, 3])).toEqual(["lost"]);
  expect(hears([0, 1, 2, 3, 9])).toEqual(["lost"]);
});

test("one who left may miss what was said afterwards, and nothing before", () => {
  const { hears } = heard();
  expect(hears([0, 1], 3)).toEqual([]);
  expect(hears([0], 3)).toEqual(["lost"]);
});

test("a frame that the witness hears again is told", () => {
  const { transcript, frames, faults } = heard();
  transcript.add(/** @type {string} */ (frames[1]));
  expect(faults).toEqual(["doubled"]);
});

test("what was said is heard once, unless its speaker was cut", () => {
  const { fault, faults } = heard();
  const speech = new Speech("room", fault);
  const [one, two, three] = ["ada", "bob", "bob"].map((id) => speech.text(id));
  speech.cut("bob");
  expect([speech.count, speech.isHeard]).toEqual([1, false]);
  speech.hear(/** @type {string} */ (one));
  speech.hear(/** @type {string} */ (two));
  expect([speech.count, speech.isHeard]).toEqual([2, true]);
  speech.judge();
  expect(faults).toEqual([]);
  speech.hear(/** @type {string} */ (three));
  speech.hear(/** @type {string} */ (one));
  speech.text("ada");
  speech.judge();
  expect(faults).toEqual(["doubled", "doubled", "lost"]);
});
