// A long history: read back as far as it goes, without a jump and without a wait.

import { afterAll, beforeAll, expect, test } from "vitest";
import { newRoom, numbered, startBrowser, visit } from "../support/page.js";
import { startSite } from "../support/site.js";
import { connect, sleep } from "../support/socket.js";

const MESSAGES = 2_000;
/** What the rate limit lets pass at once. */
const BURST = 10;

/** @type {import("../support/site.js").Site} */
let site;
/** @type {import("../support/page.js").Browser} */
let browser;
const room = newRoom();

beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(), startBrowser()]);
  const texts = numbered(MESSAGES);
  for (let at = 0; at < MESSAGES; at += BURST) {
    const speaker = await connect(`${site.url}/rooms/${room}/ws?name=Person%20${at % 7}`);
    const said = texts.slice(at, at + BURST);
    for (const message of said) speaker.send({ type: "chat", message });
    const last = said.at(-1);
    while (!speaker.frames.some(({ message }) => message === last)) await sleep(2);
    speaker.socket.terminate();
  }
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

test("two thousand messages are there, each once and in order, when one scrolls up", async () => {
  const ada = await visit(browser, site.url, room, "Ada");
  await ada.hears(`message ${MESSAGES}`);
  expect((await ada.said()).length).toBeLessThan(MESSAGES);
  const box = await ada.page.locator("#scroll").boundingBox();
  await ada.page.mouse.move((box?.x ?? 0) + 100, (box?.y ?? 0) + 200);
  const began = performance.now();
  const start = ada.page.getByText("This is where the room begins.");
  // Frames that took longer than three would be seen as a jerk.
  await ada.page.evaluate(() => {
    const frames = /** @type {number[]} */ ([]);
    Object.assign(window, { frames });
    let last = performance.now();
    const next = () => {
      frames.push(performance.now() - last);
      last = performance.now();
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  while (!(await start.isVisible()) || (await ada.scrolled()) > 0) {
    await ada.page.mouse.wheel(0, -1_500);
    await ada.page.waitForTimeout(16);
    if (performance.now() - began > 50_000) throw new Error("the beginning is never reached");
  }
  expect(await ada.said()).toEqual(numbered(MESSAGES));
  const frames = /** @type {number[]} */ (await ada.page.evaluate("frames"));
  const slow = frames.filter((millis) => millis > 50).length;
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  process.stdout.write(`${seconds} s up, ${frames.length} frames, ${slow} over 50 ms\n`);
  expect(slow / frames.length).toBeLessThan(0.2);
});

test("what is read before the first moves nothing that is seen", async () => {
  const ada = await visit(browser, site.url, room, "Ada");
  await ada.hears(`message ${MESSAGES}`);
  await ada.scrollTo(1_250);
  await ada.page.waitForTimeout(200);
  const before = (await ada.said()).length;
  // Where a message stands that is in view.
  const place = () =>
    ada.page.evaluate(() => {
      const edge = document.getElementById("scroll")?.getBoundingClientRect().top ?? 0;
      const lines = [...document.querySelectorAll("#log .message")];
      const line = lines.find((line) => line.getBoundingClientRect().top > edge + 50);
      return {
        text: line?.querySelector("p")?.textContent,
        top: line?.getBoundingClientRect().top,
      };
    });
  const seen = await place();
  // Far enough up that the page before is fetched, and back by the same.
  await ada.page.locator("#scroll").evaluate((scroll) => scroll.scrollBy(0, -100));
  await expect.poll(async () => (await ada.said()).length).toBeGreaterThan(before);
  await ada.page.waitForTimeout(100);
  await ada.page.locator("#scroll").evaluate((scroll) => scroll.scrollBy(0, 100));
  const now = await place();
  expect(now.text).toBe(seen.text);
  expect(Math.abs((now.top ?? 0) - (seen.top ?? 0))).toBeLessThan(1);
});

test("a room that nobody has spoken in is one that begins here", async () => {
  const ada = await visit(browser, site.url, newRoom(), "Ada");
  expect(await ada.said()).toEqual([]);
  await ada.say("first");
  await ada.hears("first");
  expect(await ada.said()).toEqual(["first"]);
});

test("the history is read by the page, or refused with the reason", async () => {
  /** @param {string} query @returns {Promise<any>} */
  const read = async (query) => (await fetch(`${site.url}/api/history/${room}?${query}`)).json();
  const last = await read("limit=2");
  expect(last.map((/** @type {any} */ { seq, from, message }) => [seq, from, message])).toEqual([
    [1_999, expect.stringContaining("Person"), "message 1999"],
    [2_000, expect.stringContaining("Person"), "message 2000"],
  ]);
  expect((await read("before=3")).map((/** @type {any} */ { seq }) => seq)).toEqual([1, 2]);
  expect(await read("before=1")).toEqual([]);
  for (const query of ["limit=501", "limit=0", "before=x", "before=1.5"]) {
    expect((await read(query)).error.code).toBe("invalid_argument");
  }
});
