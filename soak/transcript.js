// What a room says, as its witness hears it, and whether the others hear the same.

/** @typedef {import("./tally.js").TellFault} TellFault */

/**
 * @typedef {object} Listener a client, as far as it hears
 * @property {string} id
 * @property {number | undefined} next the place of the frame that it is to hear next; nothing until
 *   its joining is in the transcript
 * @property {string[]} ahead what it has heard before the witness has
 */

/**
 * The frames of a room in their order. The witness came first and leaves last, so it hears them all;
 * any other client is to hear what follows its own joining, without a gap, as long as it stays.
 */
export class Transcript {
  /**
   * @param {string} room
   * @param {TellFault} fault
   */
  constructor(room, fault) {
    this.#room = room;
    this.#fault = fault;
  }

  #room;
  #fault;
  /** @type {string[]} */
  #frames = [];
  /** No two are alike: a user comes once and leaves once, and says nothing twice. */
  /** @type {Map<string, number>} */
  #places = new Map();
  /** Where each user's joining is. @type {Map<string, number>} */
  joined = new Map();
  /** @type {Set<string>} */
  left = new Set();

  get length() {
    return this.#frames.length;
  }

  /**
   * A frame that the witness hears.
   *
   * @param {string} frame
   * @returns {any} what is in it, if it is heard for the first time
   */
  add(frame) {
    if (this.#places.has(frame)) {
      this.#fault("doubled", `${this.#room}: the witness heard ${frame} again`);
      return undefined;
    }
    const place = this.#frames.push(frame) - 1;
    this.#places.set(frame, place);
    const { _tag, userId, ...rest } = JSON.parse(frame);
    if (_tag === "UserJoined") this.joined.set(userId, place);
    if (_tag === "UserLeft") this.left.add(userId);
    return { _tag, userId, ...rest };
  }

  /**
   * Holds what a client has heard against the transcript, as far as that goes.
   *
   * @param {Listener} listener
   */
  follow(listener) {
    const joining = this.joined.get(listener.id);
    if (joining === undefined) return;
    listener.next ??= joining + 1;
    let heard = 0;
    while (heard < listener.ahead.length && listener.next < this.#frames.length) {
      this.#compare(listener, listener.next, /** @type {string} */ (listener.ahead[heard++]));
    }
    listener.ahead.splice(0, heard);
  }

  /**
   * @param {Listener} listener
   * @param {number} next
   * @param {string} frame
   */
  #compare(listener, next, frame) {
    if (this.#frames[next] === frame) {
      listener.next = next + 1;
      return;
    }
    const who = `${this.#room}: ${listener.id}`;
    const place = this.#places.get(frame);
    if (place === undefined) {
      this.#fault("out of order", `${who} heard ${frame} before ${this.#frames[next]}`);
    } else if (place < next) {
      this.#fault("doubled", `${who} heard ${frame} again`);
    } else {
      this.#fault("lost", `${who} did not hear ${this.#frames[next]}`, place - next);
      listener.next = place + 1;
    }
  }

  /**
   * Whether a client has heard all, and nothing that the witness did not.
   *
   * @param {Listener} listener
   */
  hasAll({ next, ahead }) {
    return next === this.#frames.length && ahead.length === 0;
  }

  /**
   * Tells what a client has not heard, or heard alone.
   *
   * @param {Listener} listener
   * @param {number} [end] the place up to which it was to hear
   */
  judge(listener, end = this.#frames.length) {
    const who = `${this.#room}: ${listener.id}`;
    const next = listener.next ?? 0;
    if (listener.next === undefined) this.#fault("lost", `${who}: that it joined`);
    else if (next < end)
      this.#fault("lost", `${who} did not hear ${this.#frames[next]}`, end - next);
    for (const frame of listener.ahead) {
      if (this.#places.has(frame)) this.#fault("doubled", `${who} heard ${frame} again`);
      else this.#fault("lost", `${this.#room}: the witness did not hear ${frame}, and ${who} did`);
    }
    // What is told once is not told again.
    listener.next = Math.max(next, end);
    listener.ahead = [];
  }
}
