// The Inspector, in a real Chromium, on the real server as `npm start` runs it.

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBrowser } from "../support/page.js";
import { startServer } from "../support/server.js";
import { connect } from "../support/socket.js";

/** @type {import("../support/server.js").Server} */
let server;
/** @type {import("playwright-core").Browser} */
let browser;

beforeAll(async () => {
  server = await startServer({ vars: { INSPECT_TOKEN: "sesame" }, flags: ["unsafe_module"] });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * Opens the Inspector.
 *
 * @param {string} room
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function open(room, options) {
  const page = await (await browser.newContext(options)).newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${server.url}/inspect${room && `?room=${room}`}#sesame`);
  await page.locator("#app:not([hidden])").waitFor();
  if (room) await page.locator("#content:not([hidden])").waitFor();
  const card = (/** @type {string} */ text) => page.locator(".batch").filter({ hasText: text });
  return { page, complaints, card };
}

/** @param {string} path */
const join = (path) => connect(`${server.url}${path}`, {}, (text) => text);

test("a chat message is shown with its state write and its broadcast, in that order", async () => {
  const { page, complaints, card } = await open("chat/lounge");
  const ada = await join("/ws/chat/lounge?userId=ada");
  const bob = await join("/ws/chat/lounge?userId=bob");
  await page.locator("#state", { hasText: "messageCount" }).waitFor();
  ada.send({ _tag: "Say", text: "good morning" });
  const said = card("good morning");
  await said.waitFor();
  expect(await said.locator(".phase.input").textContent()).toContain("from ada");
  const kinds = await said.locator("ol .kind").allTextContents();
  expect(kinds).toEqual(["save state", "broadcast"]);
  expect(await said.locator(".phase.stored").textContent()).toMatch(/messageCount\s+0 → 1/);
  expect(await said.locator(".phase.sent").textContent()).toContain("to all: 2 sockets");
  // What changed is marked.
  await page.locator("#state .changed", { hasText: "messageCount" }).waitFor();
  await page.locator("#connections", { hasText: "user:ada" }).waitFor();

  await page.getByLabel("JSON to give to the room").fill('{ "_tag": "Say", "text": "from here" }');
  await page.getByRole("button", { name: "Send event" }).click();
  await card("from here").waitFor();
  await bob.until(2);
  expect(bob.frames.at(-1)).toContain("from here");

  await page.getByLabel("JSON to give to the room").fill("not JSON");
  await page.getByRole("button", { name: "Broadcast" }).click();
  await page.getByText("That is not JSON").waitFor();
  expect(complaints).toEqual([]);
});

test("a reminder counts down, and the alarm can be fired", async () => {
  const { page, complaints, card } = await open("reminders/kitchen");
  const ada = await join("/room/kitchen");
  ada.socket.send("/remind 3600 tea");
  await page.locator("#schedule", { hasText: "in 59 min" }).waitFor();
  await page.getByRole("button", { name: "Fire the alarm" }).click();
  await page.getByText("The alarm went off").waitFor();
  // It is not due: the alarm is set anew for when it is.
  const early = card("went off");
  await early.waitFor();
  expect(await early.locator("ol .kind").allTextContents()).toEqual(["set alarm"]);
  ada.socket.send("/remind 1 eggs");
  const due = card("[reminder] eggs");
  await due.waitFor();
  expect(await due.locator(".phase.input").textContent()).toMatch(/alarm[\s\S]*alarm due/);
  expect(await due.locator("ol .kind").allTextContents()).toEqual([
    "save state",
    "unschedule",
    "set alarm",
    "broadcast",
  ]);
  expect(complaints).toEqual([]);
});

test("a room is put to sleep, and what wakes it is shown", async () => {
  const { page, complaints, card } = await open("chat/bedroom");
  const ada = await join("/ws/chat/bedroom?userId=ada");
  await card("UserJoined").waitFor();
  await page.getByRole("button", { name: "Hibernate now" }).click();
  await page.getByText("It sleeps.").waitFor();
  const link = page.getByRole("link", { name: "chat/bedroom" });
  await link.filter({ hasText: "asleep, 1 connected" }).waitFor();
  // Nobody asks it: it stays asleep.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await link.textContent()).toContain("asleep");
  ada.send({ _tag: "Say", text: "who is there" });
  await card("who is there").waitFor();
  await card("the object woke").waitFor();
  await page.getByText("You are looking at this room").waitFor();
  await page.locator("#wakes", { hasText: "2 times" }).waitFor();
  expect(complaints).toEqual([]);
});

test("a recording is downloaded", async () => {
  const { page, complaints } = await open("chat/studio");
  await page.getByRole("button", { name: "Start recording" }).click();
  const download = page.getByRole("button", { name: "Download recording" });
  await download.waitFor();
  await page.getByLabel("JSON to give to the room").fill('{ "_tag": "Say", "text": "take one" }');
  await page.getByRole("button", { name: "Send event" }).click();
  await page.locator(".batch", { hasText: "take one" }).first().waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), download.click()]);
  const lines = (await readFile(await file.path(), "utf8")).trim().split("\n");
  expect(file.suggestedFilename()).toBe("chat-studio.jsonl");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ recording: 1, room: "chat/studio" });
  expect(lines.at(-1)).toContain("take one");
  expect(complaints).toEqual([]);
});

test("paused, the room is left alone, and what it did is shown afterwards", async () => {
  const { page, card } = await open("chat/pause");
  const ada = await join("/ws/chat/pause?userId=ada");
  await card("UserJoined").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  ada.send({ _tag: "Say", text: "unseen" });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await card("unseen").count()).toBe(0);
  await page.getByRole("button", { name: "Resume" }).click();
  await card("unseen").waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  expect(await page.locator(".batch").count()).toBe(0);
});

test("every action is in reach of the keyboard, and a room is opened by its name", async () => {
  const { page } = await open("");
  await page.getByText("What does a room do?").waitFor();
  await page.getByLabel("Open a room by type and id").fill("chat/keys");
  await page.keyboard.press("Enter");
  await page.locator("#content:not([hidden])").waitFor();
  const reached = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent),
    );
  }
  for (const id of ["name", "fire", "hibernate", "record", "json", "send", "broadcast"]) {
    expect(reached).toContain(id);
  }
  for (const id of ["pause", "clear"]) expect(reached).toContain(id);
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`texts can be read in ${colorScheme} colours, and on a phone nothing sticks out`, async () => {
    const options = { colorScheme, viewport: { width: 390, height: 844 } };
    const { page, card } = await open("chat/colours", options);
    const ada = await join("/ws/chat/colours?userId=ada");
    ada.send({ _tag: "Say", text: "a long word: ".padEnd(300, "x") });
    await card("a long word").waitFor();
    expect(await page.evaluate(contrasts)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });
}

/** In the page: the texts that are hard to read, by the ratio that WCAG asks for. */
function contrasts() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!canvas) throw new Error("no canvas");
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
    );
    if (!own || !element.checkVisibility() || element.closest("noscript, .unseen")) continue;
    const layers = [];
    for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
      layers.unshift(getComputedStyle(at).backgroundColor);
    }
    canvas.clearRect(0, 0, 1, 1);
    const paint = (/** @type {string} */ colour) => {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let behind = 0;
    for (const layer of layers) behind = paint(layer);
    const front = paint(getComputedStyle(element).color);
    const ratio = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
    if (ratio < 4.5) bad.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)];
}
