// The page at /, in a real Chromium, on the real server.

import { afterAll, beforeAll, expect, test } from "vitest";
import { newRoom, startBrowser, visit } from "../support/page.js";
import { startServer } from "../support/server.js";

/** @type {import("../support/server.js").Server} */
let server;
/** @type {import("../support/page.js").Browser} */
let browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** @param {string} room @param {string} name */
const open = (room, name) => visit(browser, server.url, room, name);

test("two people talk, and each message arrives once and in order on both sides", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  await ada.say("hello bob");
  await bob.hears("hello bob");
  await bob.say("hello ada – 🐭");
  await ada.hears("hello ada – 🐭");
  for (const { said } of [ada, bob]) {
    expect(await said()).toEqual(["hello bob", "hello ada – 🐭"]);
  }
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
});

test("one's own message has a mark when it is delivered", async () => {
  const ada = await open(newRoom(), "Ada");
  await ada.say("for keeps");
  await ada.page.locator("#log .own.delivered").getByLabel("delivered").waitFor();
  // And it has one, when it is read anew.
  await ada.page.reload();
  await ada.page.locator("#log .own.delivered").getByLabel("delivered").waitFor();
  expect(await ada.page.getByLabel("delivered").count()).toBe(1);
  expect(await ada.page.locator("#unsent > *").count()).toBe(0);
});

test("what one says while the history is still being read stands there once", async () => {
  const room = newRoom();
  const bob = await open(room, "Bob");
  const context = await browser.newContext();
  await context.route("**/api/history/**", async (route) => {
    await bob.hears("early");
    await route.continue();
  });
  const ada = await visit(context, server.url, room, "Ada");
  await ada.say("early");
  await ada.page.locator("#log .own.delivered").getByText("early").waitFor();
  expect(await ada.page.locator(".own").count()).toBe(1);
});

test("who comes, who types and who leaves is shown", async () => {
  const room = newRoom();
  const ada = await open(room, "Ada");
  const bob = await open(room, "Bob");
  await ada.page.getByText("Bob came").waitFor();
  await ada.page.locator("#people").getByText("Bob").waitFor();
  await bob.page.locator("#people").getByText("Ada").waitFor();
  await bob.page.getByLabel("Message", { exact: true }).pressSequentially("hm");
  await ada.page.getByText("Bob is typing").waitFor();
  await bob.page.getByRole("button", { name: "Leave" }).click();
  await ada.page.getByText("Bob left").waitFor();
  expect(await ada.page.locator("#people li").count()).toBe(1);
});

test("who comes later finds what was said, under the day it was said", async () => {
  const room = newRoom();
  const ada = await open(room, "Ada");
  await ada.say("one", "two");
  await ada.hears("two");
  const bob = await open(room, "Bob");
  await bob.hears("two");
  expect(await bob.said()).toEqual(["one", "two"]);
  expect(await bob.page.getByRole("heading", { name: "Today" }).count()).toBe(1);
});

test("a reminder comes to everyone", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  await ada.say("/remind 1 tea");
  await ada.page.getByText("Everyone here is reminded in 1 second.").waitFor();
  for (const { page } of [ada, bob]) await page.getByText("Reminder tea").waitFor();
  await ada.say("/remind tea");
  await ada.page.getByText("Write it like this").waitFor();
});

test("who speaks too fast is told when it goes on, and can try again", async () => {
  const ada = await open(newRoom(), "Ada");
  await ada.say(...Array.from({ length: 12 }, (_, i) => `word ${i}`));
  await ada.page.getByText(/You can speak again in \d s/).waitFor();
  await ada.page.getByText("You can speak again.", { exact: true }).waitFor();
  const refused = await ada.page.getByRole("button", { name: "Try again" }).count();
  expect(refused).toBeGreaterThan(0);
  await ada.page.getByRole("button", { name: "Try again" }).first().click();
  await ada.hears("word 10");
});

test("what looks like HTML is shown as text", async () => {
  const ada = await open(newRoom(), "Ada");
  const text = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";
  await ada.say(text);
  await ada.hears(text);
  expect(await ada.page.getByRole("log").locator("img").count()).toBe(0);
  expect(await ada.page.title()).not.toBe("owned");
});

test("the door remembers the name, and a link leads to the room", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url);
  await page.getByLabel("Your name").fill("Ada");
  await page.getByRole("textbox", { name: "Room" }).fill("library");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "library" }).waitFor();
  expect(page.url()).toBe(`${server.url}/#library`);
  const other = await page.context().newPage();
  await other.goto(`${server.url}/?room=kitchen`);
  await other.getByRole("heading", { name: "kitchen" }).waitFor();
  await other.locator("#people").getByText("Ada").waitFor();
});

test("the Enter that ends composing sends nothing, as Safari says it too", async () => {
  const ada = await open(newRoom(), "Ada");
  const press = (/** @type {KeyboardEventInit} */ how) =>
    ada.page.locator("#text").evaluate((text, how) => {
      const init = { key: "Enter", bubbles: true, cancelable: true, ...how };
      text.dispatchEvent(new KeyboardEvent("keydown", /** @type {KeyboardEventInit} */ (init)));
    }, how);
  await ada.page.getByLabel("Message", { exact: true }).fill("へんかん");
  await press({ keyCode: 229 });
  await press({ isComposing: true });
  expect(await ada.page.locator("#text").inputValue()).toBe("へんかん");
  await press({ keyCode: 13 });
  await ada.hears("へんかん");
});

test("a browser that keeps nothing shows the page all the same", async () => {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    for (const name of ["sessionStorage", "localStorage"]) {
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException("denied", "SecurityError");
        },
      });
    }
  });
  const page = await context.newPage();
  await page.goto(`${server.url}/#${newRoom()}`);
  await page.locator("#door-name").fill("Ada");
  await page.keyboard.press("Enter");
  await page.getByLabel("Message", { exact: true }).fill("hello");
  await page.keyboard.press("Enter");
  await page.locator("#log .own.delivered").getByText("hello").waitFor();
  await context.close();
});
