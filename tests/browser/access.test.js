// The page by keyboard, by what a screen reader is told, and on a phone.

import { afterAll, beforeAll, expect, test } from "vitest";
import { newRoom, startBrowser, visit } from "../support/page.js";
import { startSite } from "../support/site.js";

/** @type {import("../support/site.js").Site} */
let site;
/** @type {import("../support/page.js").Browser} */
let browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(), startBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

test("the keyboard goes through the page in the order in which it is seen", async () => {
  const { page } = await visit(browser, site.url, newRoom(), "Ada");
  const focused = () => page.evaluate(() => document.activeElement?.id);
  // One can write at once.
  expect(await focused()).toBe("text");
  await page.getByRole("button", { name: "Copy link" }).focus();
  const order = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    order.push(await focused());
  }
  expect(order).toEqual(["leave", "scroll", "text", "send"]);
});

test("what is said and how the line is are told to a screen reader, in their time", async () => {
  const { page, say, hears } = await visit(browser, site.url, newRoom(), "Ada");
  const log = page.getByRole("log", { name: "Messages" });
  expect(await log.getAttribute("aria-live")).toBe("polite");
  await say("hello");
  await hears("hello");
  await expect.poll(() => log.getAttribute("aria-busy")).toBe("false");
  // Who said it is there also where it is not shown.
  expect(await log.textContent()).toContain("Ada");
  site.reachable(false);
  await page.getByRole("status").getByText("Reconnecting…").waitFor();
  site.reachable(true);
  await page.locator("#banner").waitFor({ state: "hidden" });
});

test("on a phone nothing is wider than the screen, however long a word is", async () => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const viewport = { width: 320, height: 560 };
    const context = await browser.newContext({ viewport, isMobile: true, colorScheme });
    const { page, say, hears } = await visit(context, site.url, newRoom(), "A".repeat(32));
    const word = "x".repeat(200);
    await say(word);
    await hears(word);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBe(320);
    const text = page.getByLabel("Message", { exact: true });
    expect((await text.boundingBox())?.y).toBeLessThan(560);
    await context.close();
  }
});
