// A client of a room that misses no message, says nothing twice, and knows who is here.
// core.js decides, and this performs. The protocol is in docs/protocol.md.

import { core } from "./core.js";
import { check, checked } from "./options.js";
import { SendError } from "./send-error.js";

export { SendError } from "./send-error.js";

/** @typedef {import("./core.js").State} State */
/** @typedef {import("./core.js").Output} Output */
/** @typedef {import("./options.js").Options} Options */

/**
 * The types of a room that matter to its clients, as `dormouse::typescript!` declares them.
 *
 * @typedef {object} RoomTypes
 * @property {unknown} message what it takes
 * @property {unknown} broadcast what it says
 */

/**
 * What a room says of an error, unless its `handle_error` and the like say otherwise. It comes as a
 * message, although it is none of the room's broadcasts: a listener that takes both is right.
 *
 * @typedef {{ _tag: "Error", code: string, message: string }} ErrorFrame
 */

/**
 * The address of the room's upgrade route. A function is asked at each connect: for tokens that expire.
 *
 * @typedef {string | URL | (() => string | URL | Promise<string | URL>)} Address
 */

/**
 * Something that is sent and not settled.
 *
 * @template Message
 * @typedef {object} Pending
 * @property {Message} message
 * @property {Promise<void>} done as `send` has given it
 */

/**
 * What a client tells.
 *
 * @template Broadcast
 * @template [Message=any]
 * @typedef {object} Events
 * @property {(message: Broadcast, number: number) => void} message what the room says, once and in order
 * @property {(state: State, why: string, how: { status?: number, code?: string }) => void} state
 * @property {(here: ReadonlySet<string>, change: { came?: string, went?: string }) => void} presence
 * @property {(how: { same: boolean, resumed: boolean }) => void} arrival a line is there. `same`: the
 *   room takes this client for the connection from before; if not, it has come anew, and what the room
 *   knew of it is gone. `resumed`: nothing is missing
 * @property {() => void} reset what was missed is not kept any more: ask the room for how it is now
 * @property {(sends: Pending<Message>[]) => void} restored what the page before the reload had sent and not
 *   settled: it is sent again, and settled here
 * @property {(entry: object) => void} debug each step: what came in, and what is done
 * @property {(error: Error) => void} error a send that was rejected, an address that could not be had, a
 *   storage that keeps nothing, a frame that cannot be read
 */

/** @typedef {{ pending: Pending<any>, settle: (error?: SendError) => void }} Waiting */

/**
 * A connection to a room, for as long as it is wanted.
 *
 * @template {RoomTypes} [Room=any] its types, for the compiler to check what is sent and read
 */
export class RoomClient {
  /** Only those who keep a session load what keeps it. */
  static keeping = () => import("./keeper.js");

  #address;
  #options;
  #page;
  #core;
  /** What keeps the session, once it is there. @type {import("./keeper.js").Keeper | undefined} */
  #keeper;
  /** @type {import("./core.js").Input[]} */
  #inputs = [];
  #isBusy = false;
  /** @type {WebSocket | undefined} */
  #socket;
  #url = "";
  /** @type {any} */
  #timer;
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();
  #mark;
  #sent = 0;
  /** @type {Record<string, Set<(...details: any[]) => void>>} */
  #listeners = {};
  /** Whether the page was left, so that another may have its session. */
  #isLeft = false;

  /** What happens to the page. @type {Record<string, () => void>} */
  #watched = {
    online: () => this.#feed({ type: "online" }),
    offline: () => this.#feed({ type: "offline" }),
    pageshow: () => this.#shown(),
    visibilitychange: () => this.#page.document?.visibilityState === "hidden" || this.#shown(),
    pagehide: () => {
      if (!this.#keeper) return;
      this.#feed({ type: "left" });
      // Whoever comes after us in this tab may have the session; if it is us, we ask for it again.
      this.#keeper.release();
      this.#isLeft = true;
    },
  };

  /**
   * How each output is performed.
   *
   * @type {{ [Do in Output["do"]]: (output: Extract<Output, { do: Do }>) => void }}
   */
  #does = {
    load: () => void this.#load(),
    keep: ({ kept }) => this.#keeper?.save(kept),
    part: () => this.#keeper?.part(),
    over: () => {
      this.#keeper?.release();
      this.#watch("removeEventListener");
    },
    ask: ({ line }) => this.#ask(line),
    probe: ({ line }) => void this.#probe(line),
    open: ({ line, url, protocols }) => {
      try {
        const socket = new /** @type {typeof WebSocket} */ (this.#options.WebSocket)(
          url,
          protocols,
        );
        socket.binaryType = "arraybuffer";
        socket.onopen = () => this.#feed({ type: "opened", line });
        socket.onmessage = ({ data }) => this.#feed({ type: "frame", line, data });
        // Its close says as much; without a listener some programs end here.
        socket.onerror = () => {};
        // React Native's event has neither, at times.
        socket.onclose = (event) =>
          this.#feed({ type: "closed", line, code: event?.code, reason: event?.reason });
        this.#socket = socket;
      } catch (error) {
        this.#lose(line, error);
      }
    },
    transmit: ({ line, frame }) => {
      try {
        if (this.#socket?.readyState === 1) this.#socket.send(/** @type {string} */ (frame));
      } catch (error) {
        this.#lose(line, error);
      }
    },
    hangUp: ({ reason }) => {
      const socket = this.#socket;
      this.#socket = undefined;
      // Its close may take minutes: nobody waits for it.
      try {
        if (reason) socket?.close(1000, reason);
        else socket?.close();
      } catch {
        // Then it has none to close.
      }
    },
    timer: ({ in: millis }) => {
      this.#page.clearTimeout(this.#timer);
      if (millis === undefined) return;
      this.#timer = this.#page.setTimeout(() => this.#feed({ type: "time" }), millis);
    },
    restored: ({ sends }) => {
      const read = (/** @type {any} */ payload) => this.#read(payload.buffer ?? payload);
      this.#tell(
        "restored",
        sends.map(({ id, payload }) => this.#wait(id, read(payload))),
      );
    },
    settle: ({ id, error }) => this.#settle(id, error),
    tell: ({ name, details: [first, ...rest] }) =>
      this.#tell(name, name === "message" ? this.#read(first) : first, ...rest),
  };

  /**
   * @param {Address} address
   * @param {Options} [options]
   * @param {import("./page.js").Page} [page] the world it is in: another in tests
   */
  constructor(address, options = {}, page = globalThis) {
    this.#options = { WebSocket: page.WebSocket, ...checked(options) };
    this.#page = page;
    this.#address = address;
    if (typeof address !== "function") absolute(address, page);
    this.#core = core({ ...this.#options, renews: typeof address === "function" });
    this.#mark = page.Math.random();
    const { debug, connect } = this.#options;
    if (debug) this.on("debug", debug === true ? console.debug : debug);
    if (!connect) return;
    if (!this.#options.WebSocket) {
      throw new TypeError("there is no WebSocket here");
    }
    this.reconnect();
  }

  /** @returns {State} */
  get state() {
    return this.#core.seen.state;
  }

  /** Why it is in this state, for people. */
  get why() {
    return this.#core.seen.why;
  }

  /** The HTTP status with which the last try was refused, if it was. */
  get status() {
    return this.#core.seen.status;
  }

  /** The error's code with which it was refused, if it had one, or `gave_up`. */
  get code() {
    return this.#core.seen.code;
  }

  /** @returns {ReadonlySet<string>} the ids of those who are here; none in a crowd */
  get here() {
    return this.#core.seen.here;
  }

  /** Whether more are here than the room tells of. */
  get isCrowd() {
    return this.#core.seen.isCrowd;
  }

  /** Whether the session would survive a reload: there is a `key`, and the storage takes it. */
  get isKept() {
    return this.#keeper?.isKept ?? false;
  }

  /** @returns {Pending<Room["message"]>[]} what is sent and not settled, in order */
  get pending() {
    return [...this.#waiting.values()].map(({ pending }) => pending);
  }

  /**
   * Calls a function whenever something happens: after it has happened, one after the other, and each
   * whatever the others throw.
   *
   * @template {keyof Events<Room["broadcast"], Room["message"]>} Name
   * @param {Name} name
   * @param {Events<Room["broadcast"], Room["message"]>[Name]} listener
   * @returns {() => void} ends that
   */
  on(name, listener) {
    this.#listeners[name] ??= new Set();
    this.#listeners[name].add(listener);
    return () => void this.#listeners[name]?.delete(listener);
  }

  /**
   * Sends a message: a text as it is, an `ArrayBuffer` or a view of one as bytes, anything else as JSON.
   * Settles when the commit that handled it is stored. Without a line it waits for one; it is handled
   * once, however often the line is lost. Whoever does not wait for the promise hears of a rejection by
   * the `error` event alone.
   *
   * @param {Room["message"]} message
   * @param {{ timeout?: number }} [options] milliseconds after which it is rejected. If it has not left by
   *   then it never will; if it has, it may yet be handled
   * @returns {Promise<void>}
   * @throws {SendError} with the room's code if it refused, or another: see there
   */
  send(message, { timeout } = {}) {
    if (timeout !== undefined) check("timeout", timeout, 1);
    const id = `${this.#mark}-${++this.#sent}`;
    const { done } = this.#wait(id, message);
    try {
      const payload = encode(message);
      this.#feed({ type: "send", id, payload, timeout });
    } catch (error) {
      this.#settle(id, new SendError("not_sendable", reasonOf(error)));
    }
    return done;
  }

  /** Leaves the room: others see it at once. What waits is rejected. */
  close() {
    this.#feed({ type: "close" });
  }

  /** Connects anew: also after it was closed, and before it would by itself. */
  reconnect() {
    this.#feed({ type: "reconnect" });
  }

  /** Looks now whether the line lives: for what has no page that is hidden and shown, as an app. */
  wake() {
    this.#feed({ type: "shown" });
  }

  /** @param {import("./core.js").Input} input */
  #feed(input) {
    this.#inputs.push(input);
    // What is sent in one go is kept in one go.
    if (input.type === "send") Promise.resolve().then(() => this.#drain());
    else this.#drain();
  }

  /**
   * @param {number} line
   * @param {unknown} error because of which it is lost
   */
  #lose(line, error) {
    this.#feed({ type: "closed", line, reason: reasonOf(error), isKnown: true });
  }

  /** Takes what has happened, in order; what happens while it is told comes after. */
  #drain() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#inputs.length > 0) {
      const inputs = this.#inputs.splice(0);
      const outputs = this.#core.step(inputs, this.#page.Date.now(), this.#page.Math.random());
      this.#tell("debug", { inputs, outputs });
      for (const output of outputs) /** @type {any} */ (this.#does)[output.do](output);
    }
    this.#isBusy = false;
  }

  async #load() {
    this.#watch("addEventListener");
    const { key = "" } = this.#options;
    const complain = (/** @type {unknown} */ error) => this.#tell("error", error);
    /** @type {Awaited<ReturnType<import("./keeper.js").Keeper["load"]>>} */
    let found = {};
    try {
      const { Keeper } = await RoomClient.keeping();
      this.#keeper ??= new Keeper(this.#page, key, complain);
      found = await this.#keeper.load();
    } catch (error) {
      complain(error);
    }
    if (found) this.#feed({ type: "loaded", ...found });
  }

  /** @param {number} line */
  #ask(line) {
    this.#watch("addEventListener");
    const address = this.#address;
    const got = (/** @type {string | URL} */ address) => {
      this.#url = absolute(address, this.#page);
      this.#feed({ type: "address", line, url: this.#url });
    };
    const failed = (/** @type {unknown} */ error) => {
      this.#tell("error", error);
      this.#lose(line, `no address: ${reasonOf(error)}`);
    };
    if (typeof address !== "function") return got(address);
    (async () => address())().then(got).catch(failed);
  }

  /**
   * Asks by a plain request why the upgrade failed: a socket does not say.
   *
   * @param {number} line
   */
  async #probe(line) {
    const page = this.#page;
    if (!page.fetch) return;
    /** @type {{ status?: number, code?: string, message?: string, after?: number }} */
    let answer = {};
    try {
      const response = await page.fetch(this.#url.replace(/^ws/, "http"), {
        headers: { Accept: "application/json" },
        redirect: "manual",
      });
      const { code, message } = (await response.json().catch(() => {}))?.error ?? {};
      // A redirect that is not followed has no status.
      const status = response.status || 302;
      const after = 1_000 * Number(response.headers.get("Retry-After")) || 0;
      answer = { status, code, message, after };
    } catch {
      // Nobody is there.
    }
    this.#feed({ type: "probed", asked: line, ...answer });
  }

  #shown() {
    if (this.#isLeft) this.#load();
    this.#isLeft = false;
    this.wake();
  }

  /** @param {"addEventListener" | "removeEventListener"} how */
  #watch(how) {
    // Those that are there already are not there twice.
    for (const [name, listener] of Object.entries(this.#watched)) this.#page[how]?.(name, listener);
  }

  /**
   * @param {string} id
   * @param {unknown} message
   * @returns {Pending<any>}
   */
  #wait(id, message) {
    /** @type {Waiting["settle"]} */
    let settle = () => {};
    const done = new Promise((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve(undefined));
    });
    // Nobody need wait for it: it is told as an error, and ends no program.
    done.catch(() => {});
    const pending = { message, done };
    this.#waiting.set(id, { pending, settle });
    return pending;
  }

  /**
   * @param {string} id
   * @param {SendError} [error]
   */
  #settle(id, error) {
    this.#waiting.get(id)?.settle(error);
    if (this.#waiting.delete(id) && error) this.#tell("error", error);
  }

  /**
   * A room's messages are JSON, or plain text.
   *
   * @param {unknown} payload
   */
  #read(payload) {
    if (typeof payload !== "string" || this.#options.text) return payload;
    try {
      return JSON.parse(payload);
    } catch {
      return payload;
    }
  }

  /**
   * @param {string} name
   * @param {any[]} details
   */
  #tell(name, ...details) {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(...details);
      } catch (error) {
        const { reportError = console.error } = this.#page;
        reportError(error);
      }
    }
  }
}

/**
 * @param {any} message
 * @returns {import("./protocol.js").Payload}
 */
function encode(message) {
  if (typeof message === "string") return message;
  const bytes = message instanceof ArrayBuffer ? new Uint8Array(message) : message;
  if (ArrayBuffer.isView(bytes)) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
  }
  // JSON makes {} of a Blob.
  const text = message?.arrayBuffer ? undefined : JSON.stringify(message);
  if (text === undefined) throw new TypeError(`not JSON: ${String(message)}`);
  return text;
}

/**
 * @param {string | URL} address
 * @param {import("./page.js").Page} page
 * @returns {string} for a socket. By hand where it can be: not every runtime has a whole URL class
 */
function absolute(address, page) {
  const [given = ""] = String(address).split("#");
  const url = /^\w+:/.test(given) ? given : new URL(given, page.location?.href).href;
  return url.replace(/^http/i, "ws");
}

/** @param {any} error */
const reasonOf = (error) => error?.message ?? String(error);
