// When an object gathers inputs, and when it leaves that alone.

import { expect, test } from "vitest";
import { Pace } from "../../js/object/pace.js";

/**
 * Plays inputs that follow one another closely, and always come alone.
 *
 * @param {Pace} pace
 * @param {number} inputs
 * @returns {number} how many of them were made to wait
 */
function alone(pace, inputs) {
  let waited = 0;
  for (let i = 0; i < inputs; i++) {
    if (!pace.shouldGather(i)) continue;
    waited += 1;
    pace.gathered(1);
  }
  return waited;
}

test("inputs that come alone are seldom made to wait", () => {
  expect(alone(new Pace(), 1_000)).toBeLessThan(25);
});

test("where inputs come together, each waits for the others until one is alone", () => {
  const pace = new Pace();
  expect(pace.shouldGather(1_000)).toBe(false);
  expect(pace.shouldGather(1_001)).toBe(true);
  for (let i = 0; i < 10; i++) {
    pace.gathered(5);
    expect(pace.shouldGather(2_000 + 100 * i)).toBe(true);
  }
  pace.gathered(1);
  expect(pace.shouldGather(3_000)).toBe(false);
});

test("inputs that are far apart never wait", () => {
  const pace = new Pace();
  for (let at = 1_000; at < 2_000; at += 2) expect(pace.shouldGather(at)).toBe(false);
});
