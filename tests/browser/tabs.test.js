// Reloads, and tabs that are copies of one another.

import { afterAll, beforeAll, expect, test } from "vitest";
import { newRoom, startBrowser, visit } from "../support/page.js";
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

test("a reload goes unnoticed by others, and shows what was said", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  await ada.say("before");
  await bob.hears("before");
  await bob.page.reload();
  await bob.hears("before");
  await bob.say("after");
  await ada.hears("after");
  expect(await ada.page.getByText("Bob came").count()).toBe(1);
  expect(await ada.page.getByText("Bob left").count()).toBe(0);
  expect(await ada.page.locator("#people li").count()).toBe(2);
  expect(await bob.said()).toEqual(["before", "after"]);
});

test("what is said just before a reload is said once, and the page after it knows", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  for (const text of ["one", "two", "three"]) {
    site.cut();
    await ada.say(text);
    await ada.page.reload();
    await bob.hears(text);
    await ada.hears(text);
  }
  await ada.say("and on");
  await bob.hears("and on");
  for (const { said } of [ada, bob]) {
    await expect.poll(said).toEqual(["one", "two", "three", "and on"]);
  }
  expect(await ada.page.locator("#unsent > *").count()).toBe(0);
  expect(await bob.page.getByText("Ada left").count()).toBe(0);
});

test("a tab that is a copy of another is the same person twice, and both stay", async () => {
  const room = newRoom();
  const [ada, bob] = [await open(room, "Ada"), await open(room, "Bob")];
  // Leaving the page keeps the session for the way back; the copy is made there.
  await ada.page.goto(`${site.url}/mark.svg`);
  const session = await ada.page.evaluate(() => ({ ...sessionStorage }));
  expect(Object.keys(session).filter((key) => key.startsWith("dormouse:")).length).toBe(3);
  const context = ada.page.context();
  const [, copy] = await Promise.all([
    ada.page.goBack(),
    visit(context, site.url, room, "Ada", session),
  ]);
  let sockets = 0;
  for (const { page } of [ada, copy]) {
    page.on("websocket", () => {
      sockets += 1;
    });
  }
  // One of them finds its session taken, and begins its own: Chromium tells of a close two seconds
  // after it has come. Then there is peace.
  await sleep(3_500);
  sockets = 0;
  await sleep(2_000);
  await ada.say("from one");
  await copy.hears("from one");
  await copy.say("from the other");
  for (const visit of [ada, copy, bob]) await visit.hears("from the other");
  for (const { said } of [ada, copy, bob]) {
    expect(await said()).toEqual(["from one", "from the other"]);
  }
  expect(await bob.page.locator("#people li").count()).toBe(2);
  expect(sockets).toBe(0);
  await copy.page.close();
  await sleep(200);
  expect(await bob.page.getByText("Ada left").count()).toBe(0);
});

test("beside the page a plain socket sees plain frames, as ever", async () => {
  const room = newRoom();
  const ada = await open(room, "Ada");
  const plain = await connect(`${site.url}/rooms/${room}/ws`);
  plain.send({ type: "join", name: "Plain" });
  await plain.until(2);
  await ada.say("hello");
  plain.send({ type: "chat", message: "hi" });
  await ada.hears("hi");
  const [system, users, ...chats] = await plain.until(4);
  expect(system).toMatchObject({ type: "system", message: "Plain joined the room" });
  expect(users).toEqual({ type: "users", users: ["Ada", "Plain"] });
  expect(chats.map(({ type, from, message }) => [type, from, message]).sort()).toEqual([
    ["chat", "Ada", "hello"],
    ["chat", "Plain", "hi"],
  ]);
});
