// Random lives of whole pages: the client as it is, against the engine as it is, in virtual time.

import { expect, test } from "vitest";
import { live, stepsOf } from "./life.js";
import { print, shrink } from "./shrink.js";

const LIVES = Number(process.env.DORMOUSE_PAGE_LIVES ?? 1_500);
const FIRST = Number(process.env.DORMOUSE_PAGE_LIFE ?? 0);

test("no life of a page breaks a rule", { timeout: 60_000 + LIVES * 60 }, async () => {
  for (let seed = FIRST; seed < FIRST + LIVES; seed++) {
    const steps = stepsOf(seed);
    const broken = await live(seed, steps);
    if (!broken) continue;
    const shorter = await shrink(steps, async (steps) => Boolean(await live(seed, steps)));
    throw new Error(`${await live(seed, shorter)}\n${print(seed, shorter)}`);
  }
});

test("a life can be had again", async () => {
  const one = () => live(7, [...stepsOf(7), ["send", 0, 7, 1]]);
  expect(await one()).toBe(await one());
});
