// Tabs, and the pages in them: what a browser gives to a client, as far as it matters.

import { Keeper } from "../../../js/browser/keeper.js";
import { RoomClient } from "../../../js/browser/room-client.js";
import { settle } from "./clock.js";
import { FakeSocket } from "./net.js";

RoomClient.keeping = async () => ({ Keeper });

/** @typedef {"fine" | "denied" | "full"} StorageMode */

/** A tab's sessionStorage. */
export class Tab {
  /** @type {Map<string, string>} */
  items;
  /** @type {StorageMode} */
  mode = "fine";
  /** @type {Page | undefined} */
  page;
  /** @type {Page[]} in the back/forward cache */
  cached = [];

  /** @param {Iterable<[string, string]>} [items] */
  constructor(items = []) {
    this.items = new Map(items);
  }

  /** @param {Map<string, string>} [items] */
  storage(items = this.items) {
    if (this.mode === "denied") throw new Error("SecurityError");
    return /** @type {Storage} */ ({
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => {
        if (this.mode === "full" && items === this.items) throw new Error("QuotaExceededError");
        items.set(name, value);
      },
      removeItem: (name) => void items.delete(name),
    });
  }
}

/** What pages of one browser share. */
export class Browser {
  /** @type {Map<string, Page>} who holds which lock */
  held = new Map();
  /** @type {Set<{ name: string, page: Page, onmessage: (event: any) => void, close: () => void }>} */
  channels = new Set();
  /** @type {"locks" | "channels" | "none"} */
  kind = "locks";
  /** What is in localStorage. @type {Map<string, string>} */
  items = new Map();
}

let pages = 0;

export class Page {
  isAlive = true;
  isFrozen = false;
  isVisible = true;
  /** Its clock is ahead by so much. */
  ahead = 0;
  /** Until when its timers sleep. */
  sleepsUntil = 0;
  /** When it made sockets. */
  opened = /** @type {number[]} */ ([]);
  /** When it asked whether the line lives. */
  asked = /** @type {number[]} */ ([]);
  /** @type {unknown[]} what listeners threw */
  reported = [];
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  name = `p${++pages}`;

  /**
   * @param {Tab} tab
   * @param {{ browser: Browser, clock: import("./clock.js").Clock, net: import("./net.js").Net, dice: import("./dice.js").Dice }} world
   */
  constructor(tab, world) {
    this.tab = tab;
    this.world = world;
  }

  /** @returns {import("../../../js/browser/page.js").Page} */
  environment() {
    const { browser, clock, net, dice } = this.world;
    const page = this;
    class PageSocket extends FakeSocket {
      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        super(net, url, protocols);
        page.opened.push(clock.now);
      }
      /** @param {string | Uint8Array} frame */
      send(frame) {
        if (frame === "ping") page.asked.push(clock.now);
        super.send(frame);
      }
    }
    this.socketClass = PageSocket;
    class Channel {
      onmessage = (/** @type {any} */ _event) => {};
      /** @param {string} name */
      constructor(name) {
        this.name = name;
        this.page = page;
        browser.channels.add(this);
      }
      /** @param {unknown} data */
      postMessage(data) {
        for (const other of browser.channels) {
          if (other === this || other.name !== this.name) continue;
          clock.set(browser, () => browser.channels.has(other) && other.onmessage({ data }), 1);
        }
      }
      close() {
        browser.channels.delete(this);
      }
    }
    const locks = {
      /**
       * @param {string} name
       * @param {object} _options
       * @param {(lock: object | null) => any} use
       */
      async request(name, _options, use) {
        await undefined;
        if (browser.held.has(name)) return use(null);
        browser.held.set(name, page);
        const done = await use({});
        if (browser.held.get(name) === page) browser.held.delete(name);
        return done;
      },
    };
    /** @type {import("../../../js/browser/page.js").Target} */
    const target = {
      addEventListener(name, listener) {
        page.#listeners.set(name, (page.#listeners.get(name) ?? new Set()).add(listener));
      },
      removeEventListener: (name, listener) => void page.#listeners.get(name)?.delete(listener),
    };
    return {
      Date: { now: () => clock.now + page.ahead },
      Math: { random: () => dice.next() },
      setTimeout: (act, millis) => clock.set(page, act, millis),
      clearTimeout: (timer) => clock.clear(timer),
      get sessionStorage() {
        return page.tab.storage();
      },
      get localStorage() {
        return page.tab.storage(browser.items);
      },
      WebSocket: /** @type {any} */ (PageSocket),
      fetch: /** @type {any} */ (
        async (/** @type {string} */ url) => {
          await undefined;
          return net.fetch(url);
        }
      ),
      navigator: { locks: browser.kind === "locks" ? /** @type {any} */ (locks) : undefined },
      BroadcastChannel: browser.kind === "channels" ? /** @type {any} */ (Channel) : undefined,
      location: { href: "http://room.test/" },
      get document() {
        return { visibilityState: page.isVisible ? "visible" : "hidden", ...target };
      },
      ...target,
      reportError: (error) => void page.reported.push(error),
    };
  }

  /** @param {string} name @param {object} [event] */
  fire(name, event = {}) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(event);
  }

  /** @param {boolean} isPersisted whether it may come back as it was */
  leave(isPersisted) {
    this.fire("pagehide", { persisted: isPersisted });
    const { net, browser } = this.world;
    // A browser closes the lines of a page that goes, whatever becomes of it.
    for (const line of this.#lines()) {
      net.room.cut(line.at);
      net.lines = net.lines.filter((other) => other !== line);
      line.isOver = true;
      if (isPersisted)
        this.world.clock.set(this, () => line.socket.end({ code: 1006, reason: "" }), 0);
    }
    for (const channel of [...browser.channels]) if (channel.page === this) channel.close();
    if (isPersisted) this.isFrozen = true;
    else this.die();
  }

  /** Without a word, as when its process ends. */
  die() {
    this.isAlive = false;
    const { net, browser, clock } = this.world;
    for (const line of this.#lines()) {
      net.room.cut(line.at);
      net.lines = net.lines.filter((other) => other !== line);
      line.isOver = true;
    }
    for (const [name, page] of browser.held) if (page === this) browser.held.delete(name);
    for (const channel of [...browser.channels]) if (channel.page === this) channel.close();
    clock.clearAll(this);
  }

  async comeBack() {
    this.isFrozen = false;
    this.fire("pageshow", { persisted: true });
    await settle();
  }

  #lines() {
    return this.world.net.lines.filter(
      ({ socket }) => /** @type {any} */ (socket).constructor === this.socketClass,
    );
  }

  /** @type {Function | undefined} */
  socketClass;
}
