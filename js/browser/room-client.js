// A client of a room that misses no message, says nothing twice, and knows who is here.
// The protocol is in docs/protocol.md.

import { Backoff } from "./backoff.js";
import { Outbox, SendError } from "./outbox.js";
import { parseFrame } from "./protocol.js";

export { SendError } from "./outbox.js";

/**
 * @typedef {"connecting" | "open" | "resuming" | "closed"} State
 *
 * - `connecting`: no connection has been there yet
 * - `open`: connected, and nothing is missing
 * - `resuming`: the line is lost; what is sent waits, and what is missed will come
 * - `closed`: over, by us or by the room; it does not connect again
 */

/**
 * @typedef {object} Options
 * @property {typeof WebSocket} [WebSocket] the class to connect with
 * @property {number} [pingEvery] milliseconds between two looks whether the line is alive
 * @property {number} [pongWithin] milliseconds for the answer
 * @property {number} [slowest] the longest pause between two tries, in milliseconds
 * @property {number} [buffer] how many sends may wait for their answer, 64 at most
 * @property {string} [key] under which the session survives a reload of the page, in sessionStorage:
 *   then the room takes the reloaded page for the same connection
 * @property {boolean} [text] whether what the room says is plain text, as a `Text` is, and to be left as
 *   it is; without, what can be read as JSON is
 */

/**
 * The types of a room that matter to its clients, as `dormouse::typescript!` declares them.
 *
 * @typedef {object} RoomTypes
 * @property {unknown} event what it takes
 * @property {unknown} broadcast what it says
 */

/**
 * What a room says of an error, unless its `handle_error` and the like say otherwise. It comes as a
 * message, although it is none of the room's broadcasts: a listener that takes both is right.
 *
 * @typedef {{ _tag: "Error", code: string, message: string }} ErrorFrame
 */

/**
 * What a client tells.
 *
 * @template Message
 * @typedef {object} Events
 * @property {(message: Message, number: number) => void} message what the room says, once and in order
 * @property {(state: State, why: string) => void} state
 * @property {(here: ReadonlySet<string>, change: { came?: string, went?: string }) => void} presence
 * @property {(how: { same: boolean, resumed: boolean }) => void} arrival a line is there. `same`: the
 *   room takes this client for the connection from before; if not, it has come anew, and what the room
 *   knew of it is gone. `resumed`: nothing is missing
 * @property {() => void} reset what was missed is not kept any more: ask the room for how it is now
 */

const PROTOCOL = "dormouse.1";

/** Where nobody has ever been: a claim that no room knows. */
const NOWHERE = { session: "", epoch: "", offset: 0 };

/** What the server can still remember of refusals. */
const MOST_UNSETTLED = 64;

/** Close codes after which trying again makes no sense. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010]);

/**
 * A connection to a room, for as long as it is wanted.
 *
 * @template {RoomTypes} [Room=any] its types, for the compiler to check what is sent and read
 */
export class RoomClient {
  #url;
  #options;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {{ session: string, epoch: string, offset: number } | undefined} */
  #place;
  /** @type {State} */
  #state = "connecting";
  #why = "";
  /** @type {Set<string>} */
  #here = new Set();
  #isCrowd = false;
  /** @type {Outbox} */
  #outbox;
  #backoff;
  /** @type {{ [Name in keyof Events<Room["broadcast"]>]: Set<Events<Room["broadcast"]>[Name]> }} */
  #listeners = {
    message: new Set(),
    state: new Set(),
    presence: new Set(),
    arrival: new Set(),
    reset: new Set(),
  };
  /** @type {[ask: string, answer: string] | undefined} */
  #ping;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #life;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #stopWatching;

  /**
   * @param {string | URL} url of the room's upgrade route
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    this.#url = new URL(url, globalThis.location?.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#options = { pingEvery: 20_000, pongWithin: 8_000, slowest: 15_000, ...options };
    this.#outbox = new Outbox(Math.min(options.buffer ?? MOST_UNSETTLED, MOST_UNSETTLED));
    this.#backoff = new Backoff(this.#options.slowest);
    this.#place = this.#reclaim();
    this.#stopWatching = this.#watch();
    this.#connect();
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** Why it is in this state, for people. */
  get why() {
    return this.#why;
  }

  /** @returns {ReadonlySet<string>} the ids of those who are here; none in a crowd */
  get here() {
    return this.#here;
  }

  /** Whether more are here than the room tells of. */
  get isCrowd() {
    return this.#isCrowd;
  }

  /**
   * Calls a function whenever something happens.
   *
   * @template {keyof Events<Room["broadcast"]>} Name
   * @param {Name} name
   * @param {Events<Room["broadcast"]>[Name]} listener
   * @returns {() => void} ends that
   */
  on(name, listener) {
    this.#listeners[name].add(listener);
    return () => void this.#listeners[name].delete(listener);
  }

  /**
   * Sends an event: a text as it is, anything else as JSON. Settles when the commit that handled it is stored. Without a line it waits for one;
   * it is handled once, however often the line is lost.
   *
   * @param {Room["event"]} event
   * @returns {Promise<void>}
   * @throws {SendError} with the room's code if it refused; `buffer_full` if too many wait already;
   *   `closed` if the client is closed; `unknown` if the room has forgotten this client, so that nobody
   *   knows whether it was handled
   */
  send(event) {
    if (this.#state === "closed") {
      return Promise.reject(new SendError("closed", "this client is closed"));
    }
    const text = typeof event === "string" ? event : JSON.stringify(event);
    return this.#outbox.put(text, (frame) => this.#transmit(frame));
  }

  /** Leaves the room: others see it at once. What waits is rejected. */
  close() {
    this.#end(1000, "closed by this page");
  }

  #connect() {
    clearTimeout(this.#retry);
    const { session, epoch, offset } = this.#place ?? {};
    const claim = session ? [`dormouse.resume.${session}.${epoch}.${offset}`] : [];
    const WebSocketClass = this.#options.WebSocket ?? WebSocket;
    const socket = new WebSocketClass(this.#url, [PROTOCOL, ...claim]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    };
    // A peer that answers nothing at all.
    this.#expectLife(this.#options.pongWithin * 2);
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    this.#expectLife(this.#options.pingEvery);
    if (this.#ping && data === this.#ping[1]) return;
    const frame = parseFrame(data);
    switch (frame.kind) {
      case "hello":
        return this.#greeted(frame.hello);
      case "message": {
        if (!this.#place || frame.number <= this.#place.offset) return;
        this.#place.offset = frame.number;
        const { payload } = frame;
        const message = this.#options.text ? payload : read(payload);
        return this.#tell("message", message, frame.number);
      }
      case "handled":
        return this.#outbox.handled(frame.number);
      case "refused":
        return this.#outbox.refused(frame.number, frame.error);
      case "came":
        if (this.#isCrowd) return;
        this.#here.add(frame.id);
        return this.#tell("presence", this.#here, { came: frame.id });
      case "went":
        if (this.#isCrowd) return;
        this.#here.delete(frame.id);
        return this.#tell("presence", this.#here, { went: frame.id });
      case "crowd":
        return this.#setHere(undefined);
      default:
        return this.#end(1002, `a frame that is none of ${PROTOCOL}`);
    }
  }

  /** @param {import("./protocol.js").Hello} hello */
  #greeted({ session, epoch, offset, resumed, same, here, ping }) {
    const before = this.#place;
    const isKnown = before?.session === session;
    this.#place = { session, epoch, offset };
    this.#ping = ping;
    this.#backoff.succeeded();
    if (before && !isKnown) this.#outbox.forgotten();
    this.#setState("open", "");
    this.#tell("arrival", { same, resumed });
    if (before && !resumed) this.#tell("reset");
    this.#setHere(here);
    for (const frame of this.#outbox.waiting()) this.#transmit(frame);
  }

  /** @param {string[] | undefined} here */
  #setHere(here) {
    this.#isCrowd = here === undefined;
    this.#here = new Set(here);
    this.#tell("presence", this.#here, {});
  }

  /** @param {string} frame */
  #transmit(frame) {
    if (this.#state !== "open" || this.#socket?.readyState !== 1) return false;
    this.#socket.send(frame);
    return true;
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lost(code, reason) {
    clearTimeout(this.#life);
    this.#socket = undefined;
    if (FINAL.has(code) || code >= 3000 || reason.startsWith("replaced by")) {
      return this.#end(undefined, reason || `closed by the room with ${code}`);
    }
    // Another tab has our session, as a copy of this one would. Two that take it from each other would
    // never end: we begin a new one.
    if (reason.startsWith("taken over by")) this.#place = NOWHERE;
    if (this.#state !== "connecting") {
      this.#setState("resuming", reason || "the line is lost");
    }
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next());
  }

  /** Gives up a line that may be dead, and tries another at once. */
  #renew() {
    if (this.#state === "closed") return;
    const socket = this.#socket;
    this.#socket = undefined;
    if (this.#state === "open") this.#setState("resuming", "no sign of life");
    // Its close may take minutes: nobody waits for it.
    socket?.close();
    this.#connect();
  }

  /** @param {number} pause until the next look */
  #expectLife(pause) {
    clearTimeout(this.#life);
    this.#life = setTimeout(() => this.#look(), pause);
  }

  /** Asks for a sign of life; without one the line is given up. */
  #look() {
    if (this.#state !== "open") return this.#renew();
    // Nothing to ask with: to come anew every time would wake the room for nothing.
    if (!this.#ping) return;
    this.#socket?.send(this.#ping[0]);
    clearTimeout(this.#life);
    this.#life = setTimeout(() => this.#renew(), this.#options.pongWithin);
  }

  /** Whatever the page hears of its line. */
  #watch() {
    const online = () => {
      if (this.#state !== "open") this.#renew();
      else this.#look();
    };
    const offline = () => {
      if (this.#state === "open") this.#setState("resuming", "this device is offline");
    };
    const shown = () => {
      // Timers may have slept.
      if (globalThis.document?.visibilityState === "visible" && this.#state === "open")
        this.#look();
    };
    const hidden = () => this.#remember();
    const { document } = globalThis;
    globalThis.addEventListener?.("online", online);
    globalThis.addEventListener?.("offline", offline);
    globalThis.addEventListener?.("pagehide", hidden);
    document?.addEventListener("visibilitychange", shown);
    return () => {
      globalThis.removeEventListener?.("online", online);
      globalThis.removeEventListener?.("offline", offline);
      globalThis.removeEventListener?.("pagehide", hidden);
      document?.removeEventListener("visibilitychange", shown);
    };
  }

  /** Only while the page is being left: so a second tab never finds what the first still uses. */
  #remember() {
    const { key } = this.#options;
    if (key && this.#place) sessionStorage.setItem(`dormouse:${key}`, JSON.stringify(this.#place));
  }

  #reclaim() {
    const { key } = this.#options;
    const item = key && sessionStorage.getItem(`dormouse:${key}`);
    if (!item) return undefined;
    sessionStorage.removeItem(`dormouse:${key}`);
    return JSON.parse(item);
  }

  /**
   * @param {number | undefined} code
   * @param {string} why
   */
  #end(code, why) {
    if (this.#state === "closed") return;
    clearTimeout(this.#life);
    clearTimeout(this.#retry);
    this.#stopWatching();
    const socket = this.#socket;
    this.#socket = undefined;
    // 1002 is not for a page to send.
    if (code !== undefined) socket?.close(code === 1000 ? 1000 : 4002, why.slice(0, 100));
    this.#setState("closed", why);
    this.#outbox.closed();
  }

  /**
   * @param {State} state
   * @param {string} why
   */
  #setState(state, why) {
    if (this.#state === state && this.#why === why) return;
    this.#state = state;
    this.#why = why;
    this.#tell("state", state, why);
  }

  /**
   * @template {keyof Events<Room["broadcast"]>} Name
   * @param {Name} name
   * @param {Parameters<Events<Room["broadcast"]>[Name]>} details
   */
  #tell(name, ...details) {
    for (const listener of this.#listeners[name]) {
      /** @type {(...details: any[]) => void} */ (listener)(...details);
    }
  }
}

/**
 * A room's messages are JSON, or plain text.
 *
 * @param {string | ArrayBuffer} payload
 */
function read(payload) {
  if (typeof payload !== "string") return payload;
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}
