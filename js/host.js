// What Rust reads of an object.

import { plainData } from "./letters.js";

/** @typedef {import("../pkg/dormouse_bg.js").RoomHost} RoomHost */
/** @typedef {import("../pkg/dormouse_bg.js").Answer} Answer */
/** @typedef {import("./sockets.js").Sockets} Sockets */
/** @typedef {import("./storage.js").RoomStorage} RoomStorage */

/**
 * A commit as it crosses: operations, the texts and the bytes they mention, and answers.
 *
 * @typedef {object} Commit
 * @property {Uint32Array} ops
 * @property {string} text
 * @property {Uint8Array} bytes
 * @property {Answer[]} answers
 */

/** @type {Commit} */
const NOTHING = { ops: new Uint32Array(), text: "", bytes: new Uint8Array(), answers: [] };

/** @implements {RoomHost} */
export class Host {
  /**
   * @param {RoomStorage} storage
   * @param {Sockets} sockets_
   * @param {Record<string, unknown>} env
   */
  constructor(storage, sockets_, env) {
    this.env = env;
    this.storage = storage;
    this.sockets_ = sockets_;
    this.taken = NOTHING;
  }

  now() {
    return Date.now();
  }

  config() {
    return JSON.stringify(plainData(this.env));
  }

  state() {
    return this.storage.state();
  }

  /** @param {string} name */
  event(name) {
    const event = this.storage.event(name);
    return event && JSON.stringify(event);
  }

  /**
   * @param {number | undefined} at
   * @param {string} name
   * @param {number} limit
   */
  events(at, name, limit) {
    return JSON.stringify(this.storage.pendingEvents(at, name, limit));
  }

  failedEvents() {
    return JSON.stringify(this.storage.failedEvents());
  }

  /** @param {string} key */
  value(key) {
    return this.storage.value(key);
  }

  /**
   * @param {string} prefix
   * @param {string | undefined} after
   * @param {number} limit
   * @param {boolean} backwards
   */
  values(prefix, after, limit, backwards) {
    return JSON.stringify(this.storage.values(prefix, after, limit, backwards));
  }

  /** @param {string} name */
  historyEnds(name) {
    const ends = this.storage.historyEnds(name);
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
    return JSON.stringify(this.storage.history(name, after, before, limit, last));
  }

  /**
   * @param {string} name
   * @param {number} at
   */
  historySince(name, at) {
    return this.storage.historySince(name, at);
  }

  /** @param {string | undefined} tag */
  sockets(tag) {
    return Uint32Array.from(this.sockets_.open(tag), (socket) => this.sockets_.number(socket));
  }

  count() {
    return this.sockets_.open().length;
  }

  /** @param {number} number */
  attachment(number) {
    return this.sockets_.get(number)?.deserializeAttachment() ?? undefined;
  }

  /** @param {number} number */
  tags(number) {
    const socket = this.sockets_.get(number);
    return socket ? this.sockets_.ctx.getTags(socket) : [];
  }

  /** @param {number} number */
  lastAnswer(number) {
    const socket = this.sockets_.get(number);
    return socket && this.sockets_.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime();
  }

  /**
   * @param {Uint32Array} ops
   * @param {string} text
   * @param {Uint8Array} bytes
   * @param {Answer[]} [answers]
   */
  take(ops, text, bytes, answers = []) {
    this.taken = { ops: ops.slice(), text, bytes: bytes.slice(), answers };
  }
}
