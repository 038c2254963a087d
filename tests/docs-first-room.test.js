// The page "Your own room in ten minutes", followed to the letter.

import { join } from "node:path";
import { expect, test } from "vitest";
import { chromium } from "../scripts/chromium.js";
import { followGuide } from "../scripts/follow-guide.js";
import { root } from "../scripts/run.js";
import { startBrowser } from "./support/page.js";

/**
 * Two people look at the page, and one votes.
 *
 * @param {string} url
 */
async function vote(url) {
  const browser = await startBrowser();
  try {
    const [ada, bob] = await Promise.all([browser.newPage(), browser.newPage()]);
    await Promise.all([ada.goto(url), bob.goto(url)]);
    await ada.getByRole("status").getByText('{"tea":1}').waitFor();
    await ada.getByRole("button", { name: "coffee" }).click();
    await bob.getByRole("status").getByText('{"coffee":1,"tea":1}').waitFor();
  } finally {
    await browser.close();
  }
}

test("who follows the page has a room that is deployed", { timeout: 900_000 }, async () => {
  const browse = (await chromium()) ? vote : undefined;
  const steps = await followGuide({ target: join(root, "target/others"), browse });
  const spoken = steps.filter(({ what }) => what === "speak with the room");
  expect(spoken).toHaveLength(2);
  expect(steps.at(-1)?.what).toBe("npx wrangler deploy");
});
