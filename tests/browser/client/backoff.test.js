// The pauses between two tries.

import { expect, test } from "vitest";
import { Backoff } from "../../../js/browser/backoff.js";

test("pauses grow up to the slowest, and are never quite the same", () => {
  const backoff = new Backoff(4_000);
  const longest = [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000];
  const pauses = longest.map(() => backoff.next());
  for (const [i, pause] of pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(0.2 * /** @type {number} */ (longest[i]));
    expect(pause).toBeLessThanOrEqual(/** @type {number} */ (longest[i]));
  }
  expect(new Set(pauses).size).toBeGreaterThan(1);
});

test("after a success the next pause is short again", () => {
  const backoff = new Backoff(60_000);
  for (let i = 0; i < 20; i++) backoff.next();
  backoff.succeeded();
  expect(backoff.next()).toBeLessThanOrEqual(250);
});

test("a thousand failures make no pause that is longer, or no number", () => {
  const backoff = new Backoff(15_000);
  for (let i = 0; i < 2_000; i++) expect(backoff.next()).toBeLessThanOrEqual(15_000);
});
