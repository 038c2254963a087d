// The same client with a real server: in Node over TCP, and in Chromium; fewer lives, and slower ones.

import { afterAll, beforeAll, expect, test } from "vitest";
import { RoomClient } from "../../../js/browser/room-client.js";
import { breakableLine } from "../../support/line.js";
import { startBrowser } from "../../support/page.js";
import { startSite } from "../../support/site.js";
import { sleep } from "../../support/socket.js";
import { fakeLocks, fakeStorage } from "../client/fake-page.js";
import { Dice } from "./dice.js";

const IN_NODE = Number(process.env.DORMOUSE_NODE_LIVES ?? 30);
const IN_CHROMIUM = Number(process.env.DORMOUSE_CHROMIUM_LIVES ?? 5);
const AT_ONCE = 10;

/** @type {import("../../support/site.js").Site} */
let site;
/** @type {import("../../support/page.js").Browser} */
let browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(), startBrowser()]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

/** @typedef {Map<string, string>} Outcomes of what was said, in the order in which it was */

/**
 * @param {Outcomes} outcomes
 * @param {string[]} log what the room has handled, in order
 */
function judge(outcomes, log) {
  const said = [...outcomes.keys()];
  for (const [words, outcome] of outcomes) {
    const times = log.filter((entry) => entry === words).length;
    const what = `"${words}", ${outcome}, was handled ${times} times`;
    if (outcome === "pending") throw new Error(`"${words}" waits for ever`);
    if (outcome === "stored" ? times !== 1 : times > Number(outcome === "unknown"))
      throw new Error(what);
  }
  const places = log.map((words) => said.indexOf(words));
  expect(places).toEqual([...places].sort((a, b) => a - b));
}

/** One who hears all, whatever happens to the lines. @param {string} room */
async function witness(room) {
  /** @type {string[]} */
  const log = [];
  const client = new RoomClient(`${site.url}/ws/chat/${room}?userId=witness`, {
    WebSocket: breakableLine().WebSocket,
    slowest: 100,
  });
  client.on("message", ({ _tag, text }) => {
    if (_tag === "Message") log.push(text);
  });
  client.on("reset", () => log.push("a gap"));
  await expect.poll(() => client.state, { timeout: 20_000 }).toBe("open");
  return { log, client };
}

/**
 * Until the witness has heard all that is stored.
 *
 * @param {RoomClient<any>} client
 * @param {string[]} log
 * @param {Outcomes} outcomes
 */
async function settled(client, log, outcomes) {
  const stored = [...outcomes].filter(([, outcome]) => outcome === "stored");
  const hasAll = () => client.state === "open" && stored.every(([words]) => log.includes(words));
  await expect.poll(hasAll, { timeout: 10_000 }).toBe(true);
}

/** A page in Node: what it has of the world ends with it. */
class NodePage {
  line = breakableLine();
  #isAlive = true;
  /** @type {(() => void)[]} */
  #leave = [];

  /**
   * @param {string} url
   * @param {{ storage: Storage, shared: Storage, locks: LockManager }} tab
   * @param {Outcomes} outcomes
   */
  constructor(url, { storage, shared, locks }, outcomes) {
    this.outcomes = outcomes;
    /** @type {import("../../../js/browser/page.js").Page} */
    const page = {
      Date,
      Math,
      setTimeout: (act, millis) => setTimeout(() => this.#isAlive && act(), millis),
      clearTimeout,
      sessionStorage: storage,
      localStorage: shared,
      navigator: { locks },
      WebSocket: this.line.WebSocket,
      fetch,
      addEventListener: (name, listener) => {
        if (name === "pagehide") this.#leave.push(() => listener({}));
      },
    };
    /** @type {RoomClient<any>} */
    this.client = new RoomClient(url, { key: "life", slowest: 150 }, page);
    this.client.on("restored", (sends) => {
      for (const { message, done } of sends) this.#follow(message.text, done);
    });
  }

  /** Until it knows what the page before has kept. */
  async ready() {
    while (!this.client.isKept) await sleep(1);
  }

  /** @param {string} text */
  say(text) {
    this.outcomes.set(text, "pending");
    this.#follow(text, this.client.send({ _tag: "Say", text }));
  }

  /**
   * @param {string} text
   * @param {Promise<void>} done
   */
  #follow(text, done) {
    // Also in the moment of leaving: what has come by then is known, and not kept.
    const end = (/** @type {string} */ outcome) => this.outcomes.set(text, outcome);
    done.then(
      () => end("stored"),
      ({ code }) => end(code),
    );
  }

  async leave() {
    for (const act of this.#leave) act();
    this.#isAlive = false;
    this.line.cut();
    // Locks are given back in a moment of their own.
    await sleep(0);
  }
}

/** @param {number} seed */
async function liveInNode(seed) {
  const dice = new Dice(seed);
  const room = `node-${seed}`;
  const { log, client } = await witness(room);
  const url = `${site.url}/ws/chat/${room}?userId=ada`;
  const tab = { storage: fakeStorage(), shared: fakeStorage(), locks: fakeLocks() };
  /** @type {Outcomes} */
  const outcomes = new Map();
  let page = new NodePage(url, tab, outcomes);
  await page.ready();
  for (let i = 0; i < 30; i++) {
    const kind = dice.below(10);
    if (kind < 5) page.say(`${seed}-${i}`);
    else if (kind < 7) page.line.cut();
    else if (kind === 7) {
      await page.leave();
      page = new NodePage(url, tab, outcomes);
      await page.ready();
    } else if (kind === 8) await site.evict("chat", room);
    await sleep(dice.below(3) * dice.below(30));
  }
  await expect.poll(() => page.client.pending.length, { timeout: 20_000 }).toBe(0);
  await settled(client, log, outcomes);
  judge(outcomes, log);
  expect([...outcomes.values()].filter((outcome) => outcome !== "stored")).toEqual([]);
  page.client.close();
  client.close();
}

test(`${IN_NODE} lives in Node, whose pages are loaded anew and whose lines are cut`, {
  timeout: 30_000 + IN_NODE * 1_000,
}, async () => {
  for (let seed = 0; seed < IN_NODE; seed += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, IN_NODE - seed) }, (_, i) => seed + i);
    await Promise.all(some.map(liveInNode));
  }
});

/** In a page: a client that tells what becomes of what it sends. */
const script = `
  const { RoomClient } = await import("/browser/room-client.js");
  const room = new RoomClient("/ws/chat/" + sessionStorage.getItem("room") + "?userId=ada", { key: "life", slowest: 300 });
  const follow = (text, done) => done.then(() => report(text, "stored"), ({ code }) => report(text, code));
  room.on("restored", (sends) => { for (const { message, done } of sends) follow(message.text, done); });
  // Until it knows what the page before has kept.
  while (!room.isKept) await new Promise((resolve) => setTimeout(resolve, 1));
  window.say = (text) => { follow(text, room.send({ _tag: "Say", text })); };
  window.room = room;
`;

/** @param {number} seed */
async function liveInChromium(seed) {
  const dice = new Dice(seed);
  const room = `chromium-${seed}`;
  const { log, client } = await witness(room);
  /** @type {Outcomes} */
  const outcomes = new Map();
  const context = await browser.newContext();
  await context.exposeFunction(
    "report",
    (/** @type {string} */ text, /** @type {string} */ outcome) => {
      outcomes.set(text, outcome);
    },
  );
  await context.addInitScript(`
    if (!sessionStorage.getItem("room")) sessionStorage.setItem("room", ${JSON.stringify(room)});
    if (location.pathname === "/page") (async () => {${script}})();
  `);
  const page = await context.newPage();
  await page.goto(`${site.url}/page`);
  const ready = () => page.waitForFunction("window.say !== undefined");
  for (let i = 0; i < 20; i++) {
    const kind = dice.below(12);
    await ready();
    if (kind < 6) {
      outcomes.set(`${seed}-${i}`, "pending");
      await page.evaluate(`say("${seed}-${i}")`);
    } else if (kind === 6) await page.reload();
    else if (kind === 7) {
      await page.goto(`${site.url}/mark.svg`);
      await page.goBack();
    } else if (kind === 8) {
      await context.setOffline(dice.below(2) === 0);
    } else if (kind === 9) site.cut();
    else if (kind === 10) await site.evict("chat", room);
    if (kind > 5) await context.setOffline(false);
    await sleep(dice.below(3) * dice.below(60));
  }
  await ready();
  const waiting = () => page.evaluate("room.pending.length");
  await expect.poll(waiting, { timeout: 30_000 }).toBe(0);
  for (const [words, outcome] of outcomes) {
    // What was settled in the moment of a reload nobody was told of: this room takes all.
    if (outcome === "pending") outcomes.set(words, "stored");
  }
  await settled(client, log, outcomes);
  judge(outcomes, log);
  await context.close();
  client.close();
}

test(`${IN_CHROMIUM} lives in Chromium`, { timeout: 30_000 + IN_CHROMIUM * 30_000 }, async () => {
  for (let seed = 0; seed < IN_CHROMIUM; seed++) await liveInChromium(seed);
});
