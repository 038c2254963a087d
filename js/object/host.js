// What Rust reads of an object.

import { plainData } from "../base/plain-data.js";

/** @typedef {import("../base/glue.js").RoomHost} RoomHost */
/** @typedef {import("./sockets.js").Sockets} Sockets */
/** @typedef {import("./storage.js").RoomStorage} RoomStorage */

/**
 * What of an object Rust reads.
 *
 * @typedef {object} Readable
 * @property {RoomStorage} storage
 * @property {Sockets} sockets
 * @property {Record<string, unknown>} env
 * @property {Set<number>} inFlight the letters that are on their way
 */

/**
 * The one thing that all rooms of an instance read through: of the object whose turn it is.
 *
 * @implements {RoomHost}
 */
export class Host {
  /** @type {Readable | undefined} */
  #object;
  /** @type {number | undefined} */
  #now;

  /**
   * From here on an object has its turn.
   *
   * @param {Readable} object
   */
  turnOf(object) {
    this.#object = object;
    this.#now = undefined;
  }

  get #its() {
    if (!this.#object) throw new Error("a room reads out of turn");
    return this.#object;
  }

  /** One time for the whole turn, as where a Worker is deployed: there the clock stands meanwhile. */
  now() {
    this.#now ??= Date.now();
    return this.#now;
  }

  config() {
    return JSON.stringify(plainData(this.#its.env));
  }

  state() {
    return this.#its.storage.state();
  }

  /** @param {string} name */
  storedAlarm(name) {
    const alarm = this.#its.storage.alarm(name);
    return alarm && JSON.stringify(alarm);
  }

  /**
   * @param {number | undefined} at
   * @param {string} name
   * @param {number} limit
   */
  alarms(at, name, limit) {
    return JSON.stringify(this.#its.storage.pendingPage(at, name, limit));
  }

  failedAlarms() {
    return JSON.stringify(this.#its.storage.failedAlarms());
  }

  /** @param {string} key */
  value(key) {
    return this.#its.storage.value(key);
  }

  /**
   * @param {string} prefix
   * @param {string | undefined} after
   * @param {number} limit
   * @param {boolean} backwards
   */
  values(prefix, after, limit, backwards) {
    return JSON.stringify(this.#its.storage.values(prefix, after, limit, backwards));
  }

  /**
   * @param {string} prefix
   * @param {string | undefined} after
   * @param {number} limit
   */
  keys(prefix, after, limit) {
    return JSON.stringify(this.#its.storage.keys(prefix, after, limit));
  }

  /** @param {string} name */
  historyEnds(name) {
    const ends = this.#its.storage.historyEnds(name);
    return ends && JSON.stringify(ends);
  }

  /**
   * @param {string} name
   * @param {number} after
   * @param {number} before
   * @param {number} limit
   * @param {boolean} last
   */
  history(name, after, before, limit, last) {
    return JSON.stringify(this.#its.storage.history(name, after, before, limit, last));
  }

  /**
   * @param {string} name
   * @param {number} at
   */
  historySince(name, at) {
    return this.#its.storage.historySince(name, at);
  }

  /** @param {string | undefined} tag */
  sockets(tag) {
    const { sockets } = this.#its;
    return Uint32Array.from(sockets.open(tag), (socket) => sockets.number(socket));
  }

  count() {
    return this.#its.sockets.count();
  }

  /** @param {number} number */
  attachment(number) {
    return this.#its.sockets.get(number)?.deserializeAttachment() ?? undefined;
  }

  /** @param {number} number */
  lastAnswer(number) {
    const socket = this.#its.sockets.get(number);
    return socket && this.#its.sockets.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime();
  }

  /**
   * Whether a letter is on its way. A crash forgets it, which is when a second try is right.
   *
   * @param {number} seq
   */
  inFlight(seq) {
    return this.#its.inFlight.has(seq);
  }
}
