// Two pages play and a third watches, in Chromium.

import { afterAll, beforeAll, expect, test } from "vitest";
import { startBrowser } from "../../../tests/support/page.js";
import { startServer } from "../../../tests/support/server.js";

/** @type {import("../../../tests/support/server.js").Server} */
let server;
/** @type {import("../../../tests/support/page.js").Browser} */
let browser;

beforeAll(async () => {
  const config = "examples/liars-dice/wrangler.jsonc";
  [server, browser] = await Promise.all([startServer({ config }), startBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * @param {string} table
 * @param {string} name
 * @param {"Play" | "Only watch"} wish
 */
async function sit(table, name, wish = "Play") {
  const context = await browser.newContext();
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  // Everything that the room says to this page, as it comes.
  /** @type {string[]} */
  const frames = [];
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => frames.push(String(payload)));
  });
  await page.goto(`${server.url}/#${table}`);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: wish, exact: true }).click();
  await page.locator('#banner[data-state="open"]').waitFor({ state: "attached" });
  return {
    page,
    context,
    frames,
    complaints,
    /** @returns {Promise<(string | null)[]>} the faces under the own cup */
    dice: () =>
      page
        .locator("#hand .die")
        .evaluateAll((dice) => dice.map((die) => die.getAttribute("aria-label"))),
    hears: (/** @type {string | RegExp} */ words) =>
      page.locator("#news").getByText(words).first().waitFor(),
    hasTurn: () => page.locator("#move-fields:not(:disabled)").isVisible(),
  };
}

/** @typedef {Awaited<ReturnType<typeof sit>>} Guest */

/** @param {string} table */
async function begin(table) {
  const [ada, bob] = [await sit(table, "Ada"), await sit(table, "Bob")];
  await ada.page.getByRole("button", { name: "Start a game" }).click();
  await bob.page.locator("#hand .die").nth(4).waitFor();
  await ada.page.locator("#hand .die").nth(4).waitFor();
  return { ada, bob };
}

/** @param {Guest[]} players */
async function whoseTurn(...players) {
  await expect
    .poll(async () => (await Promise.all(players.map((one) => one.hasTurn()))).includes(true))
    .toBe(true);
  for (const player of players) if (await player.hasTurn()) return player;
  throw new Error("nobody has the turn");
}

test("two play to the end, and a third watches and sees no dice but those that are shown", async () => {
  const { ada, bob } = await begin("long");
  const eve = await sit("long", "Eve", "Only watch");
  await eve.page.getByText("You watch, and see nobody's dice.").waitFor();
  for (let moves = 0; (await ada.page.locator(".over").count()) === 0; moves++) {
    expect(moves).toBeLessThan(60);
    const { page } = await whoseTurn(ada, bob);
    const lines = await page.locator("#news p").count();
    const call = page.getByRole("button", { name: "Call it a lie" });
    if (await call.isEnabled()) await call.click();
    else await page.getByRole("button", { name: /^Bid/ }).click();
    await expect.poll(() => page.locator("#news p").count()).toBeGreaterThan(lines);
  }
  await eve.hears(/(Ada|Bob) wins!/);
  expect(await eve.page.locator("#hand .die").count()).toBe(0);
  // Nor did any frame bring it some.
  const yours = eve.frames.filter((frame) => frame.includes('"Yours"'));
  expect(yours.every((frame) => frame.includes('"dice":[]'))).toBe(true);
  expect(yours.length).toBeGreaterThan(0);
  for (const { complaints } of [ada, bob, eve]) expect(complaints).toEqual([]);
});

test("a page that is loaded anew has its dice and its turn", async () => {
  const { ada, bob } = await begin("again");
  const [player, other] = (await ada.hasTurn()) ? [ada, bob] : [bob, ada];
  const dice = await player.dice();
  await player.page.reload();
  await player.page.locator("#hand .die").nth(4).waitFor();
  expect(await player.dice()).toEqual(dice);
  expect(await other.page.locator(".seat").count()).toBe(2);
  await player.page.getByRole("button", { name: /^Bid/ }).click();
  await other.hears(/bids 1 × \d\.$/);
});

test("a page whose line is lost says so, keeps its seat, and gets what it missed", async () => {
  const { ada, bob } = await begin("line");
  const [player, other] = (await ada.hasTurn()) ? [ada, bob] : [bob, ada];
  const dice = await other.dice();
  await other.context.setOffline(true);
  await other.page.getByText("Reconnecting…").waitFor();
  await player.page.getByRole("button", { name: /^Bid/ }).click();
  await player.hears(/^You bid/);
  expect(await player.page.locator(".seat.away").count()).toBe(0);
  await other.context.setOffline(false);
  await other.hears(/bids 1 × \d\.$/);
  expect(await other.dice()).toEqual(dice);
  await expect.poll(() => other.hasTurn()).toBe(true);
});

test("a bid is made with the keyboard alone", async () => {
  const { ada, bob } = await begin("keys");
  const [player, other] = (await ada.hasTurn()) ? [ada, bob] : [bob, ada];
  await player.page.locator("#count").focus();
  await player.page.keyboard.press("ArrowUp");
  await player.page.keyboard.press("Tab");
  await player.page.keyboard.press("Tab");
  await player.page.getByRole("radio", { name: "6" }).press("Space");
  await player.page.keyboard.press("Enter");
  await other.hears(/bids 2 × 6/);
});

test("what spectators say no player reads", async () => {
  const ada = await sit("talk", "Ada");
  const eve = await sit("talk", "Eve", "Only watch");
  const fay = await sit("talk", "Fay", "Only watch");
  await eve.page.getByLabel("Say something to the spectators").fill("Ada bluffs");
  await eve.page.keyboard.press("Enter");
  await fay.hears("Ada bluffs");
  await ada.hears("Fay is here.");
  expect(await ada.page.getByText("Ada bluffs").count()).toBe(0);
});
