// When an object gathers inputs, and when it leaves that alone.

import { expect, test } from "vitest";
import { Pace } from "../../js/pace.js";

/**
 * Plays inputs that always come alone.
 *
 * @param {Pace} pace
 * @param {number} inputs
 * @returns {number} how many of them were made to wait
 */
function alone(pace, inputs) {
  let waited = 0;
  for (let i = 0; i < inputs; i++) {
    if (!pace.shouldGather()) continue;
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
  pace.shouldGather();
  expect(pace.shouldGather()).toBe(true);
  for (let i = 0; i < 10; i++) {
    pace.gathered(5);
    expect(pace.shouldGather()).toBe(true);
  }
  pace.gathered(1);
  expect(pace.shouldGather()).toBe(false);
});
