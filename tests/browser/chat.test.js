// The page at /, in a real Chromium, on the real server.

import { chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromium as findChromium } from "../../scripts/chromium.js";
import { startServer } from "../support/server.js";

/** @type {import("../support/server.js").Server} */
let server;
/** @type {import("playwright-core").Browser} */
let browser;

beforeAll(async () => {
  server = await startServer();
  browser = await chromium.launch({
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
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

let rooms = 0;

/** A room that no other test knows. */
const newRoom = () => `room-${++rooms}`;

/**
 * Opens the page for a user, in a browser profile of its own.
 *
 * @param {string} room
 * @param {string} name
 */
async function open(room, name) {
  const page = await (await browser.newContext()).newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${server.url}/?room=${room}&name=${name}`);
  await page.locator("#send:enabled").waitFor();
  return {
    page,
    complaints,
    /** @param {string} text */
    async say(text) {
      await page.getByPlaceholder("Say something").fill(text);
      await page.keyboard.press("Enter");
    },
    log: async () => (await page.getByRole("log").textContent()) ?? "",
  };
}

/**
 * How often something stands in a text.
 *
 * @param {string} text
 * @param {string} what
 */
const count = (text, what) => text.split(what).length - 1;

test("two people talk, and each message arrives once and in order on both sides", async () => {
  const room = newRoom();
  const ada = await open(room, "ada");
  const bob = await open(room, "bob");
  await ada.say("hello bob");
  await bob.page.getByText("hello bob").waitFor();
  await bob.say("hello ada – 🐭");
  await ada.page.getByText("hello ada – 🐭").waitFor();
  for (const { log } of [ada, bob]) {
    const text = await log();
    expect(count(text, "hello bob")).toBe(1);
    expect(count(text, "hello ada")).toBe(1);
    expect(text.indexOf("hello bob")).toBeLessThan(text.indexOf("hello ada"));
  }
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
});

test("who comes, who types and who leaves is shown", async () => {
  const room = newRoom();
  const ada = await open(room, "ada");
  const bob = await open(room, "bob");
  await ada.page.getByText("bob joined").first().waitFor();
  await bob.page.getByPlaceholder("Say something").pressSequentially("hm");
  await ada.page.getByText("bob is typing").first().waitFor();
  await bob.page.close();
  await ada.page.getByText("bob left").first().waitFor();
});

test("what looks like HTML is shown as text", async () => {
  const ada = await open(newRoom(), "ada");
  const text = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";
  await ada.say(text);
  await ada.page.getByText(text).waitFor();
  expect(await ada.page.getByRole("log").locator("img").count()).toBe(0);
  expect(await ada.page.title()).not.toBe("owned");
});

test("a reload comes back to the room", async () => {
  const room = newRoom();
  const ada = await open(room, "ada");
  const bob = await open(room, "bob");
  await bob.page.reload();
  await bob.page.locator("#send:enabled").waitFor();
  await ada.say("again");
  await bob.page.getByText("again").waitFor();
});
