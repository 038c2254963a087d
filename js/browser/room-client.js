// A client of a room that misses no message, says nothing twice, and knows who is here.
// core.js decides, and this performs. The protocol is in docs/protocol.md.

import { Core } from "./core.js";
import { checked, checkNumber } from "./options.js";
import { SendError } from "./send-error.js";

export { SendError } from "./send-error.js";

/** @typedef {import("./core.js").State} State */
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
 * @property {(error: Error) => void} error a send that was rejected, an address that could not be had, a
 *   storage that keeps nothing, a frame that cannot be read
 */

/** @typedef {{ message: unknown, done: Promise<void>, settle: (error?: SendError) => void }} Waiting */

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
  #isFlushPlanned = false;
  /** @type {{ line: number, socket: WebSocket } | undefined} */
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
  /** @type {(() => void)[]} */
  #unwatch = [];
  /** Whether the page was left, so that another may have its session. */
  #isLeft = false;

  /**
   * @param {Address} address
   * @param {Options} [options]
   * @param {import("./page.js").Page} [page] the world it is in: another in tests
   */
  constructor(address, options = {}, page = globalThis) {
    this.#options = checked(options);
    this.#page = page;
    this.#address = address;
    if (typeof address !== "function") absolute(address, page);
    this.#core = new Core({ ...this.#options, renews: typeof address === "function" });
    this.#mark = page.Math.random().toString(36).slice(2);
    const { connect } = this.#options;
    if (connect && !this.#WebSocket) {
      throw new TypeError("there is no WebSocket here: give the option WebSocket");
    }
    if (connect) this.#feed({ type: "start" });
  }

  /** @returns {State} */
  get state() {
    return this.#core.state;
  }

  /** Why it is in this state, for people. */
  get why() {
    return this.#core.why;
  }

  /** The HTTP status with which the last try was refused, if it was. */
  get status() {
    return this.#core.status;
  }

  /** The error's code with which it was refused, if it had one, or `gave_up`. */
  get code() {
    return this.#core.code;
  }

  /** @returns {ReadonlySet<string>} the ids of those who are here; none in a crowd */
  get here() {
    return this.#core.here;
  }

  /** Whether more are here than the room tells of. */
  get isCrowd() {
    return this.#core.isCrowd;
  }

  /** Whether the session would survive a reload: there is a `key`, and the storage takes it. */
  get isKept() {
    return this.#keeper?.isKept ?? false;
  }

  /** @returns {Pending<Room["message"]>[]} what is sent and not settled, in order */
  get pending() {
    return [...this.#waiting.values()].map(({ message, done }) => ({ message, done }));
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
    const listeners = this.#listeners[name];
    listeners.add(listener);
    return () => void listeners.delete(listener);
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
    if (timeout !== undefined) checkNumber("timeout", timeout, 1);
    const id = `${this.#mark}-${++this.#sent}`;
    const done = this.#wait(id, message);
    try {
      const payload = encode(message);
      this.#feed({ type: "send", id, payload, timeout });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#settle(id, new SendError("not_sendable", `not sendable: ${why}`));
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

  get #WebSocket() {
    return this.#options.WebSocket ?? this.#page.WebSocket;
  }

  /** @param {import("./core.js").Input} input */
  #feed(input) {
    this.#inputs.push(input);
    if (this.#isBusy) return;
    if (input.type !== "send") return this.#drain();
    // What is sent in one go is kept in one go.
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    Promise.resolve().then(() => {
      this.#isFlushPlanned = false;
      this.#drain();
    });
  }

  /** Takes what has happened, in order; what happens while it is told comes after. */
  #drain() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#inputs.length > 0) {
      const outputs = [];
      /** @type {{ kept?: import("./core.js").Kept } | undefined} */
      let keep;
      /** @type {import("./core.js").Input | undefined} */
      let input;
      do {
        input = this.#inputs.shift();
        if (!input) break;
        const made = this.#core.step(input, this.#page.Date.now(), this.#page.Math.random());
        this.#log({ input, outputs: made });
        outputs.push(...made);
        // The last says it all, and comes before whatever leaves.
        for (const output of made) if (output.do === "keep") keep = output;
      } while (input.type === "send");
      if (keep) this.#keeper?.save(keep.kept);
      for (const output of outputs) this.#perform(output);
    }
    this.#isBusy = false;
  }

  /** @param {import("./core.js").Output} output */
  #perform(output) {
    switch (output.do) {
      case "load":
        return this.#load();
      case "part":
        return this.#keeper?.part();
      case "over":
        this.#keeper?.release();
        for (const end of this.#unwatch.splice(0)) end();
        return;
      case "ask":
        return this.#ask(output.line);
      case "open":
        return this.#open(output);
      case "transmit":
        return this.#transmit(output);
      case "hangUp": {
        if (this.#socket?.line !== output.line) return;
        const { socket } = this.#socket;
        this.#socket = undefined;
        // Its close may take minutes: nobody waits for it.
        const { code, reason } = output;
        return quietly(() => (code ? socket.close(code, shorten(reason)) : socket.close()));
      }
      case "probe":
        return this.#probe(output.line);
      case "timer":
        this.#page.clearTimeout(this.#timer);
        if (output.in === undefined) return;
        this.#timer = this.#page.setTimeout(() => this.#feed({ type: "time" }), output.in);
        return;
      case "restored": {
        const restored = output.sends.map(({ id, payload }) => {
          const message = typeof payload === "string" ? this.#read(payload) : payload.buffer;
          return { message, done: this.#wait(id, message) };
        });
        return this.#tell("restored", [restored]);
      }
      case "settle":
        return this.#settle(output.id, output.error);
      case "tell": {
        const { name, details } = output;
        if (name !== "message") return this.#tell(name, details);
        return this.#tell(name, [this.#read(details[0]), details[1]]);
      }
    }
  }

  async #load() {
    this.#watch();
    const { key = "" } = this.#options;
    const complain = (/** @type {unknown} */ error) => this.#tell("error", [error]);
    try {
      const { Keeper } = await RoomClient.keeping();
      this.#keeper ??= new Keeper(this.#page, key, complain);
    } catch (error) {
      complain(error);
    }
    const found = this.#keeper ? await this.#keeper.load() : { isSame: true };
    if (found) this.#feed({ type: "loaded", ...found });
  }

  /** @param {number} line */
  #ask(line) {
    this.#watch();
    const address = this.#address;
    const got = (/** @type {string | URL} */ address) => {
      this.#url = absolute(address, this.#page);
      this.#feed({ type: "address", line, url: this.#url });
    };
    const failed = (/** @type {unknown} */ error) => {
      this.#tell("error", [error]);
      this.#feed({ type: "failed", line, why: `no address: ${reasonOf(error)}` });
    };
    if (typeof address !== "function") return got(address);
    new Promise((resolve) => resolve(address())).then(got).catch(failed);
  }

  /** @param {{ line: number, url: string, protocols: string[] }} how */
  #open({ line, url, protocols }) {
    try {
      const socket = new /** @type {typeof WebSocket} */ (this.#WebSocket)(url, protocols);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => this.#feed({ type: "opened", line });
      socket.onmessage = ({ data }) => this.#feed({ type: "frame", line, data });
      // Its close says as much; without a listener some programs end here.
      socket.onerror = () => {};
      socket.onclose = (event) => {
        const { code, reason } = event ?? {};
        this.#feed({ type: "closed", line, code, reason });
      };
      this.#socket = { line, socket };
    } catch (error) {
      this.#feed({ type: "failed", line, why: reasonOf(error) });
    }
  }

  /** @param {{ line: number, frame: import("./protocol.js").Payload }} what */
  #transmit({ line, frame }) {
    const { socket } = this.#socket ?? {};
    if (this.#socket?.line !== line || socket?.readyState !== 1) return;
    try {
      socket.send(/** @type {string} */ (frame));
    } catch (error) {
      this.#feed({ type: "closed", line, reason: reasonOf(error) });
    }
  }

  /**
   * Asks by a plain request why the upgrade failed: a socket does not say.
   *
   * @param {number} line
   */
  #probe(line) {
    const page = this.#page;
    if (!page.fetch) return;
    const answered = (
      /** @type {{ status: number, code?: string, message?: string, after?: number }} */ it,
    ) => this.#feed({ type: "probed", line, ...it });
    const headers = { Accept: "application/json" };
    page
      .fetch(this.#url.replace(/^ws/, "http"), { headers, redirect: "manual" })
      .then(async (response) => {
        const { status } = response;
        const { error } = /** @type {any} */ (await response.json().catch(() => ({}))) ?? {};
        const after = 1_000 * Number(response.headers.get("Retry-After")) || 0;
        // A redirect that is not followed has no status.
        answered({ status: status || 302, code: error?.code, message: error?.message, after });
      })
      .catch(() => answered({ status: 0 }));
  }

  /** Hears of what happens to the page. */
  #watch() {
    if (this.#unwatch.length > 0) return;
    const page = this.#page;
    const on = (
      /** @type {string} */ name,
      /** @type {(event: any) => void} */ listener,
      /** @type {Partial<import("./page.js").Target>} */ target = page,
    ) => {
      target.addEventListener?.(name, listener);
      this.#unwatch.push(() => target.removeEventListener?.(name, listener));
    };
    for (const type of /** @type {const} */ (["online", "offline"]))
      on(type, () => this.#feed({ type }));
    const shown = () => this.#shown();
    on("pageshow", shown);
    on(
      "visibilitychange",
      () => page.document?.visibilityState === "hidden" || shown(),
      page.document,
    );
    on("pagehide", () => {
      if (!this.#keeper) return;
      this.#feed({ type: "left" });
      // Whoever comes after us in this tab may have the session; if it is us, we ask for it again.
      this.#keeper.release();
      this.#isLeft = true;
    });
  }

  #shown() {
    if (this.#isLeft) {
      this.#isLeft = false;
      this.#load();
    }
    this.#feed({ type: "shown" });
  }

  /**
   * @param {string} id
   * @param {unknown} message
   * @returns {Promise<void>}
   */
  #wait(id, message) {
    /** @type {(error?: SendError) => void} */
    let settle = () => {};
    /** @type {Promise<void>} */
    const done = new Promise((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    // Nobody need wait for it: it is told as an error, and ends no program.
    done.catch(() => {});
    this.#waiting.set(id, { message, done, settle });
    return done;
  }

  /**
   * @param {string} id
   * @param {SendError} [error]
   */
  #settle(id, error) {
    this.#waiting.get(id)?.settle(error);
    if (this.#waiting.delete(id) && error) this.#tell("error", [error]);
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
  #tell(name, details) {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(...details);
      } catch (error) {
        const { reportError = console.error } = this.#page;
        quietly(() => reportError(error));
      }
    }
  }

  /** @param {object} entry */
  #log(entry) {
    const { debug } = this.#options;
    if (debug)
      quietly(() =>
        typeof debug === "function" ? debug(entry) : console.debug("dormouse", entry),
      );
  }
}

/**
 * @param {unknown} message
 * @returns {import("./protocol.js").Payload}
 */
function encode(message) {
  if (typeof message === "string") return message;
  if (message instanceof ArrayBuffer) return new Uint8Array(message.slice(0));
  if (ArrayBuffer.isView(message)) {
    return new Uint8Array(message.buffer, message.byteOffset, message.byteLength).slice();
  }
  if (typeof Blob !== "undefined" && message instanceof Blob) {
    throw new TypeError("a Blob: send its arrayBuffer()");
  }
  const text = JSON.stringify(message);
  if (text === undefined) throw new TypeError(`JSON has no ${String(message)}`);
  return text;
}

/**
 * @param {string | URL} address
 * @param {import("./page.js").Page} page
 * @returns {string} for a socket. By hand where it can be: not every runtime has a whole URL class
 */
function absolute(address, page) {
  const given = String(address).replace(/#.*$/s, "");
  const url = /^(ws|http)s?:\/\//i.test(given) ? given : new URL(given, page.location?.href).href;
  return url.replace(/^http/i, "ws").replace(/#.*$/s, "");
}

/** @param {unknown} error */
const reasonOf = (error) => (error instanceof Error ? error.message : String(error));

/** What a close frame takes: 123 bytes. @param {string} [reason] */
const shorten = (reason = "") => reason.slice(0, 40);

/** @param {() => void} act */
function quietly(act) {
  try {
    act();
  } catch {
    // There is nobody to tell.
  }
}
