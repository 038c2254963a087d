// A life: steps that chance has made, or that are given, and what came of them.

import { RoomClient } from "../../../js/browser/room-client.js";
import { Clock, settle } from "./clock.js";
import { Dice } from "./dice.js";
import { judge } from "./judge.js";
import { LIMIT, Net } from "./net.js";
import { keepingRoom, plainRoom } from "./server.js";
import { Browser, Page, Tab } from "./tabs.js";

/**
 * One thing that happens: its name, and numbers of which each step makes what it needs.
 *
 * @typedef {[name: string, which?: number, how?: number, more?: number]} Step
 */

/**
 * @typedef {object} Said
 * @property {string} words
 * @property {number} page that said it first
 * @property {number} nth of that page
 * @property {string} outcome `stored`, the code of what rejected it, or `pending`
 * @property {boolean} mayBeHandled
 */

/** @typedef {{ client: RoomClient<any>, page: Page, tab: Tab, told: Told[], number: number, before?: Visit }} Visit */
/** @typedef {{ words: string } | { reset: true } | { resumed: boolean, same: boolean } | { state: string }} Told */

/**
 * @typedef {object} How
 * @property {typeof RoomClient} [Client] another, with a fault
 * @property {(page: import("../../../js/browser/page.js").Page) => import("../../../js/browser/page.js").Page} [wrap]
 *   makes a page's world another
 */

const CLOSE_CODES = [1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4100];
const STATUSES = [400, 401, 403, 404, 409, 426, 429, 500, 503];

/** What happens how often. @type {[name: string, weight: number][]} */
const WEIGHTS = [
  ["send", 30],
  ["advance", 22],
  ["deliver", 16],
  ["cut", 7],
  ["halve", 3],
  ["hangUp", 3],
  ["hibernate", 3],
  ["crash", 2],
  ["purge", 1],
  ["reload", 5],
  ["die", 3],
  ["copy", 2],
  ["goAway", 2],
  ["goOn", 2],
  ["goBack", 4],
  ["closeTab", 1],
  ["storage", 2],
  ["break", 1],
  ["clock", 2],
  ["sleep", 2],
  ["offline", 2],
  ["online", 2],
  ["shown", 3],
  ["listen", 3],
  ["refuse", 3],
  ["welcome", 3],
  ["expire", 1],
  ["leave", 1],
  ["anew", 2],
];

/**
 * @param {number} seed
 * @param {number} [length]
 * @returns {Step[]}
 */
export function stepsOf(seed, length = 40) {
  const dice = new Dice(seed);
  const total = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
  /** @type {Step[]} */
  const steps = [["world", dice.below(10), dice.below(10), dice.below(10)]];
  for (let i = 0; i < length; i++) {
    const at = dice.below(total);
    let passed = 0;
    const name = WEIGHTS.find(([, weight]) => {
      passed += weight;
      return at < passed;
    })?.[0];
    steps.push([name ?? "", dice.below(1_000), dice.below(1_000), dice.below(1_000)]);
  }
  return steps;
}

class Life {
  clock = new Clock();
  browser = new Browser();
  /** @type {Tab[]} */
  tabs = [];
  /** @type {Visit[]} */
  visits = [];
  /** @type {Said[]} */
  said = [];
  /** Tabs in which one page went on with what another had left. @type {Set<Tab | undefined>} */
  wentOn = new Set();
  /** Tabs in which a page was left for the way back. @type {Set<Tab>} */
  wasLeft = new Set();
  /** What must be settled in a page after the one that said it. @type {Map<Said, number>} */
  expected = new Map();

  /**
   * @param {number} seed
   * @param {How} how
   */
  constructor(seed, { Client = RoomClient, wrap = (page) => page }) {
    this.wrap = wrap;
    this.dice = new Dice(seed ^ 0x5eed);
    this.seed = seed;
    this.Client = Client;
    this.room = keepingRoom(seed);
    this.keeps = true;
    this.net = new Net(this.room);
  }

  /** @param {Step} step */
  async take([name, which = 0, how = 0, more = 0]) {
    const visits = this.visits.filter(({ page }) => page.isAlive && !page.isFrozen);
    const visit = visits[which % Math.max(visits.length, 1)];
    const tab = this.tabs[which % Math.max(this.tabs.length, 1)];
    const line = this.net.lines[which % Math.max(this.net.lines.length, 1)];
    switch (name) {
      case "world":
        if (which === 0) {
          this.keeps = false;
          this.room.free();
          this.net.room = this.room = plainRoom();
        }
        this.browser.kind = how < 6 ? "locks" : how < 9 ? "channels" : "none";
        this.net.isBare = more === 0;
        this.open(new Tab());
        break;
      case "send":
        if (visit) this.send(visit, how, more);
        break;
      case "advance":
        await this.advance([10, 200, 1_000, 3_000, 12_000, 40_000, 90_000][how % 7] ?? 0);
        break;
      case "deliver":
        if (line)
          for (let i = how % 4; i >= 0; i--) this.net.deliver(line, more % 2 ? "up" : "down");
        break;
      case "cut":
        if (line) this.net.cut(line, { code: 1006 });
        break;
      case "halve":
        if (line) this.net.cut(line, undefined);
        break;
      case "hangUp":
        // By the room, or by something in between.
        if (line && line.at > 0) {
          const code = CLOSE_CODES[how % CLOSE_CODES.length];
          this.net.cut(line, { code, reason: more % 3 ? "" : "because" });
        }
        break;
      case "hibernate":
        this.room.hibernate();
        break;
      case "crash":
        this.net.crash();
        break;
      case "purge":
        if (visit && this.keeps) this.say(visit, `purge ${this.said.length}`);
        break;
      case "reload":
      case "die":
        if (!visit) break;
        this.expectOf(visit);
        if (name === "reload") visit.page.leave(false);
        else visit.page.die();
        this.open(visit.tab, visit);
        break;
      case "copy":
        if (!tab || this.tabs.length > 3) break;
        // Where there are no locks, it may be the copy that has what both ask for.
        if (this.browser.kind !== "locks") this.expected.clear();
        // A copy of what nobody has may be used before whoever left it has it again.
        if (this.wasLeft.has(tab)) this.wentOn.add(tab);
        this.open(new Tab(tab.items));
        break;
      case "goAway":
      case "goOn":
        if (!visit) break;
        visit.page.leave(true);
        this.wasLeft.add(visit.tab);
        visit.tab.cached.push(visit.page);
        visit.tab.page = undefined;
        // Another page of the same kind in the same tab.
        if (name === "goOn") {
          this.wentOn.add(visit.tab);
          this.open(visit.tab);
        }
        break;
      case "goBack": {
        const page = tab?.cached.pop();
        if (!tab || !page) break;
        tab.page?.leave(false);
        tab.page = page;
        await page.comeBack();
        break;
      }
      case "closeTab":
        if (!tab || this.tabs.length < 2) break;
        for (const page of [tab.page, ...tab.cached]) page?.die();
        this.tabs = this.tabs.filter((other) => other !== tab);
        break;
      case "storage":
        if (!tab) break;
        tab.mode = /** @type {const} */ (["fine", "denied", "full"])[how % 3] ?? "fine";
        // Where it is allowed again there is nothing.
        if (tab.mode !== "denied") break;
        tab.items.clear();
        this.wentOn.add(tab);
        break;
      case "break":
        this.wentOn.add(tab);
        this.expected.clear();
        for (const [item, text] of tab?.items ?? []) {
          tab?.items.set(
            item,
            ["{", "null", "7", text.replace('"version":1', '"version":9')][how % 4] ?? "",
          );
        }
        break;
      case "clock":
        if (visit) visit.page.ahead += [-3_600_000, -5_000, 5_000, 3_600_000][how % 4] ?? 0;
        break;
      case "sleep":
        if (visit) visit.page.sleepsUntil = this.clock.now + how * 100;
        break;
      case "offline":
      case "online":
        visit?.page.fire(name);
        break;
      case "shown":
        if (!visit) break;
        visit.page.isVisible = how % 2 === 0;
        visit.page.fire("visibilitychange");
        break;
      case "listen":
        if (visit) this.listen(visit, how, more);
        break;
      case "refuse": {
        const kind = /** @type {const} */ (["down", "close", "plain"])[how % 3] ?? "down";
        this.net.refusal = { how: kind, status: STATUSES[more % STATUSES.length] ?? 500 };
        break;
      }
      case "welcome":
        this.net.refusal = undefined;
        break;
      case "expire":
        this.net.token += 1;
        break;
      case "leave":
        visit?.client.close();
        break;
      case "anew":
        visit?.client.reconnect();
        break;
      default:
        throw new Error(`no step: ${name}`);
    }
    await settle();
  }

  /**
   * What a page that is loaded anew must find: as far as its storage has it, and no copy can have taken it.
   *
   * @param {Visit} visit
   */
  expectOf({ client, number, tab }) {
    if (!client.isKept || tab.mode !== "fine" || this.wasLeft.has(tab) || this.wentOn.has(tab))
      return;
    // Where there are no locks, a copy has a moment.
    if (this.browser.kind !== "locks" && this.visits.length > 1) return;
    for (const said of this.said) {
      if (said.page === number && said.outcome === "pending") this.expected.set(said, number);
    }
  }

  /**
   * @param {Tab} tab
   * @param {Visit} [before] the page that stood there
   */
  open(tab, before) {
    const page = new Page(tab, this);
    if (!this.tabs.includes(tab)) this.tabs.push(tab);
    tab.page = page;
    const { net } = this;
    // Half of them have a token that grows old.
    const address = this.seed % 2 ? async () => `/ws?id=ada&token=${net.token}` : `/ws?id=ada`;
    const client = new this.Client(
      address,
      { key: "life", text: true },
      this.wrap(page.environment()),
    );
    /** @type {Visit} */
    const visit = { client, page, tab, told: [], number: this.visits.length, before };
    this.visits.push(visit);
    client.on("message", (words) => {
      // What one alone is told of its own error is in nobody's log.
      if (!words.startsWith('{"_tag":"Error"')) visit.told.push({ words });
    });
    client.on("reset", () => visit.told.push({ reset: true }));
    client.on("arrival", ({ resumed, same }) => visit.told.push({ resumed, same }));
    client.on("state", (state) => visit.told.push({ state }));
    client.on("restored", (sends) => {
      for (const { message, done } of sends) {
        const said = this.said.find(({ words }) => words === wordsOf(message));
        if (!said) continue;
        // From now on it is this page's, before all that it says itself.
        const isFirst = !this.said.some(({ page }) => page === visit.number);
        [said.page, said.nth] = [
          visit.number,
          isFirst ? this.said.indexOf(said) - 1e6 : Number.NaN,
        ];
        this.follow(said, done);
      }
    });
    return visit;
  }

  /**
   * @param {Visit} visit
   * @param {number} how
   * @param {number} more
   */
  send(visit, how, more) {
    const nth = this.said.length;
    const kind = how % 12;
    const timeout = more % 10 === 0 ? 1 + more * 20 : undefined;
    if (kind === 0) this.say(visit, `no ${nth}`, { timeout });
    else if (kind === 1) this.say(visit, `big ${nth} ${"x".repeat(LIMIT)}`);
    else if (kind === 2) this.say(visit, `bytes ${nth}`, { asBytes: true });
    else this.say(visit, `say ${nth}`, { timeout });
  }

  /**
   * @param {Visit} visit
   * @param {string} words
   * @param {{ timeout?: number, asBytes?: boolean }} [how]
   */
  say(visit, words, { timeout, asBytes = false } = {}) {
    const nth = this.said.length;
    /** @type {Said} */
    const said = { words, page: visit.number, nth, outcome: "pending", mayBeHandled: false };
    this.said.push(said);
    const event = asBytes ? new TextEncoder().encode(words) : words;
    this.follow(said, visit.client.send(event, { timeout }));
  }

  /**
   * @param {Said} said
   * @param {Promise<void>} done
   */
  follow(said, done) {
    said.outcome = "pending";
    const { page } = said;
    done.then(
      () => {
        if (said.page === page) said.outcome = "stored";
      },
      ({ code, mayBeHandled }) => {
        if (said.page === page) [said.outcome, said.mayBeHandled] = [code, mayBeHandled];
      },
    );
  }

  /**
   * @param {Visit} visit
   * @param {number} how
   * @param {number} more
   */
  listen(visit, how, more) {
    const { client } = visit;
    const name = /** @type {const} */ ([
      "state",
      "message",
      "arrival",
      "presence",
      "reset",
      "error",
    ])[how % 6];
    let left = 3;
    client.on(/** @type {"message"} */ (name), () => {
      if (left-- <= 0) return;
      if (more % 3 === 0) throw new Error("a listener's own");
      this.say(visit, `say ${this.said.length} on ${name}`);
    });
  }

  /** @param {number} millis */
  async advance(millis) {
    const until = this.clock.now + millis;
    const wakesAt = (/** @type {any} */ page) =>
      page.isFrozen ? Number.POSITIVE_INFINITY : (page.sleepsUntil ?? 0);
    for (;;) {
      this.net.deliverAll();
      await settle();
      const before = this.clock.now;
      const act = this.clock.due(until, wakesAt);
      if (!act) this.clock.now = until;
      if (this.clock.now > before) this.room.advance(Math.floor(this.clock.now - before));
      this.net.deliverAll();
      await settle();
      if (!act) return;
      act();
      await settle();
    }
  }

  /** Everything is well again, and time goes by. */
  async calm() {
    this.net.refusal = undefined;
    for (const line of [...this.net.lines]) if (line.isHalf) this.net.end(line, { code: 1006 });
    for (const { page } of this.visits) page.sleepsUntil = 0;
    for (let i = 0; i < 6; i++) {
      for (const { page } of this.visits) if (page.isAlive && !page.isFrozen) page.fire("online");
      await this.advance(40_000);
    }
  }
}

/** @param {unknown} event */
const wordsOf = (event) =>
  typeof event === "string" ? event : new TextDecoder().decode(/** @type {ArrayBuffer} */ (event));

/**
 * @param {number} seed
 * @param {Step[]} steps
 * @param {How} [how]
 * @returns {Promise<string | undefined>} which rule it broke
 */
export async function live(seed, steps, how = {}) {
  const life = new Life(seed, how);
  try {
    for (const step of steps) await life.take(step);
    await life.calm();
    return await judge(life);
  } catch (error) {
    return `it threw: ${error instanceof Error ? error.stack : error}`;
  } finally {
    life.room.free();
  }
}

/** @typedef {InstanceType<typeof Life>} LifeLived */
