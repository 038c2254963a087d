// The page "Your own room in ten minutes", followed to the letter.

import { join } from "node:path";
import { expect, test } from "vitest";
import { followGuide } from "../scripts/follow-guide.js";
import { root } from "../scripts/run.js";

test("who follows the page has a room that is deployed", { timeout: 900_000 }, async () => {
  const steps = await followGuide({ target: join(root, "target/others") });
  const served = steps.filter(({ what }) => what === "speak with the room");
  expect(served).toHaveLength(2);
  expect(steps.at(-1)?.what).toBe("npx wrangler deploy");
});
