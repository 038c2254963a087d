// The chat page in a real Chromium.

import { chromium } from "playwright-core";
import { chromium as findChromium } from "../../scripts/chromium.js";

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").BrowserContext} BrowserContext */
/** @typedef {Awaited<ReturnType<typeof visit>>} Visit */

export async function startBrowser() {
  return await chromium.launch({
    executablePath: await findChromium(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      // A container's shared memory is small.
      "--disable-dev-shm-usage",
      // Nothing that calls home.
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-quic",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

let rooms = 0;

/** A room that no other test knows. */
export const newRoom = () => `room-${++rooms}`;

/**
 * Opens the page under a name, in a profile of its own if no context is given.
 *
 * @param {Browser | BrowserContext} browser
 * @param {string} url
 * @param {string} room
 * @param {string} name
 * @param {Record<string, string>} [session] what sessionStorage has already
 */
export async function visit(browser, url, room, name, session = {}) {
  const context = "newContext" in browser ? await browser.newContext() : browser;
  const page = await context.newPage();
  const kept = { "dormouse-name": name, ...session };
  await page.addInitScript((kept) => {
    if (sessionStorage.getItem("visited")) return;
    for (const [key, value] of Object.entries({ ...kept, visited: "yes" })) {
      sessionStorage.setItem(key, value);
    }
  }, kept);
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${url}/#${room}`);
  await page.locator("#people").getByText(name, { exact: true }).waitFor();
  await page.locator('#banner[data-state="open"]').waitFor({ state: "attached" });
  const messages = page.locator("#log .message");
  return {
    page,
    complaints,
    messages,
    /** @param {string[]} texts */
    async say(...texts) {
      for (const text of texts) {
        await page.getByLabel("Message", { exact: true }).fill(text);
        await page.keyboard.press("Enter");
      }
    },
    /** @param {string} text */
    hears: (text) => messages.getByText(text, { exact: true }).first().waitFor(),
    /** What was said, in order. */
    said: () => messages.locator("p").allTextContents(),
    /** How far down it is scrolled. */
    scrolled: () => page.locator("#scroll").evaluate((scroll) => scroll.scrollTop),
    /** @param {number} top */
    scrollTo: (top) =>
      page.locator("#scroll").evaluate((scroll, top) => scroll.scrollTo(0, top), top),
  };
}

/** @param {number} count @param {string} [word] */
export const numbered = (count, word = "message") =>
  Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);
