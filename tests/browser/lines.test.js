// Lines that break while people talk: nobody misses anything, and nobody's page jumps.

import { afterAll, beforeAll, expect, test } from "vitest";
import { newRoom, numbered, startBrowser, visit } from "../support/page.js";
import { startSite } from "../support/site.js";
import { connect, sleep } from "../support/socket.js";

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

/** @param {string} room @param {string} name */
const open = (room, name) => visit(browser, site.url, room, name);

/**
 * Somebody without a page who says something, and whose line no test touches.
 *
 * @param {string} room
 * @param {string} name
 */
async function plain(room, name) {
  const client = await connect(`${site.url}/rooms/${room}/ws?name=${name}`);
  return (/** @type {string[]} */ ...texts) => {
    for (const message of texts) client.send({ type: "chat", message });
  };
}

/** A talk that is longer than the window, read somewhere in the middle of it. */
async function readInTheMiddle() {
  const room = newRoom();
  for (const name of ["Eve", "Fay", "Gil", "Hal"]) (await plain(room, name))(...numbered(10, name));
  const ada = await open(room, "Ada");
  await ada.hears("Hal 10");
  await ada.scrollTo(500);
  await sleep(100);
  return { room, ada, top: await ada.scrolled() };
}

test("who is offline for ten messages gets them once and in order, where one was reading", async () => {
  const { room, ada, top } = await readInTheMiddle();
  await ada.page.context().setOffline(true);
  site.cut();
  await ada.page.getByText("Reconnecting… You are offline").waitFor();
  await ada.say("/remind 1 tea");
  await ada.page.getByText("That reminder goes out").waitFor();
  (await plain(room, "Bob"))(...numbered(10));
  await sleep(200);
  expect((await ada.said()).length).toBe(40);
  await ada.page.context().setOffline(false);
  await ada.hears("message 10");
  expect((await ada.said()).slice(40)).toEqual(numbered(10));
  expect(await ada.scrolled()).toBe(top);
  expect(await ada.page.locator("#unread").textContent()).toBe("10 new");
  expect(await ada.page.title()).toBe(`(10) ${room} · Dormouse`);
  await ada.page.locator("#unread").click();
  await expect.poll(() => ada.page.title()).toBe(`${room} · Dormouse`);
});

test("what comes while the page is hidden is counted in the title, with a line above it", async () => {
  const { room, ada } = await readInTheMiddle();
  await ada.page.getByRole("button", { name: "To the newest" }).click();
  await ada.page.locator("#unread").waitFor({ state: "hidden" });
  const hide = (/** @type {boolean} */ isHidden) =>
    ada.page.evaluate((isHidden) => {
      const get = () => (isHidden ? "hidden" : "visible");
      Object.defineProperty(document, "visibilityState", { get, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await hide(true);
  (await plain(room, "Bob"))(...numbered(3));
  await expect.poll(() => ada.page.title()).toBe(`(3) ${room} · Dormouse`);
  const next = ada.page.locator(".unread-line + .message p");
  expect(await next.textContent()).toBe("message 1");
  await hide(false);
  await expect.poll(() => ada.page.title()).toBe(`${room} · Dormouse`);
});

test("what one says offline waits, and is said once", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  await ada.page.context().setOffline(true);
  await ada.say("later");
  await ada.page.locator("#unsent").getByText("later").waitFor();
  await ada.page.context().setOffline(false);
  await bob.hears("later");
  await ada.hears("later");
  expect(await bob.said()).toEqual(["later"]);
  expect(await ada.said()).toEqual(["later"]);
});

test("a server that is killed and started again on the same storage is a short pause", async () => {
  const { room, ada, top } = await readInTheMiddle();
  const bob = await open(room, "Bob");
  await site.crash();
  await bob.say("said while nobody served");
  await ada.page.getByText("Reconnecting…").waitFor();
  await site.start();
  await ada.hears("said while nobody served");
  await bob.say("and after");
  await ada.hears("and after");
  expect((await ada.said()).slice(40)).toEqual(["said while nobody served", "and after"]);
  expect(await ada.scrolled()).toBe(top);
  // Nobody was told of as gone.
  for (const { page } of [ada, bob]) {
    expect(await page.locator("#people li").count()).toBe(2);
    expect(await page.getByText(/left$/).count()).toBe(0);
  }
});

test("an object that is put to sleep in between is not noticed", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  for (const text of numbered(4)) {
    await ada.say(text);
    await bob.hears(text);
    for (const type of ["history", "chat"]) await site.evict(type, room);
  }
  site.cut();
  await site.evict("history", room);
  await ada.say("after");
  await bob.hears("after");
  for (const { said } of [ada, bob]) expect(await said()).toEqual([...numbered(4), "after"]);
  expect(await bob.page.locator("#people li").count()).toBe(2);
});

test("who was away for longer than the room waits finds all that was said", async () => {
  const room = newRoom();
  const ada = await open(room, "Ada");
  await ada.say("before");
  await ada.hears("before");
  const say = await plain(room, "Bob");
  await ada.page.context().setOffline(true);
  await site.evict("history", room);
  site.cut();
  const again = await plain(room, "Cyd");
  say("lost with the line");
  again(...numbered(3));
  await sleep(17_000);
  again(...numbered(3, "late"));
  await ada.page.context().setOffline(false);
  await ada.hears("late 3");
  expect(await ada.said()).toEqual(["before", ...numbered(3), ...numbered(3, "late")]);
  await ada.say("here I am again");
  await ada.hears("here I am again");
});
