// What a room says, as its witness hears it, and whether the others hear the same.

/** @typedef {import("./tally.js").TellFault} TellFault */

/**
 * @typedef {object} Listener a client, as far as it hears
 * @property {string} id
 * @property {number | undefined} next the place of the frame that it is to hear next; nothing until
 *   its joining is in the transcript
 * @property {string[]} ahead what it has heard before the witness has
 * @property {Set<number>} missing the places of frames that it has not heard, and heard later ones
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
    for (const frame of listener.ahead) {
      const place = this.#places.get(frame);
      // Whether it skipped something is known when the witness has heard as much.
      if (place === undefined) break;
      this.#hear(listener, listener.next, place);
      heard += 1;
    }
    listener.ahead.splice(0, heard);
  }

  /**
   * @param {Listener} listener
   * @param {number} next
   * @param {number} place of the frame that it heard instead, or as it was to
   */
  #hear(listener, next, place) {
    const { id, missing } = listener;
    if (place >= next) {
      for (let skipped = next; skipped < place; skipped++) missing.add(skipped);
      listener.next = place + 1;
    } else {
      const kind = missing.delete(place) ? "out of order" : "doubled";
      const again = kind === "doubled" ? "again" : "late";
      this.#fault(kind, `${this.#room}: ${id} heard ${this.#frames[place]} ${again}`);
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
    const { id, missing } = listener;
    if (listener.next === undefined) this.#lost(`that ${id} joined`);
    for (const frame of listener.ahead.splice(0)) {
      const place = this.#places.get(frame);
      if (place === undefined) this.#lost(`the witness did not hear ${frame}, and ${id} did`);
      else this.#hear(listener, listener.next ?? place, place);
    }
    for (let place = listener.next ?? end; place < end; place++) missing.add(place);
    for (const place of missing) this.#lost(`${id} did not hear ${this.#frames[place]}`);
    // What is told once is not told again.
    missing.clear();
    listener.next = Math.max(listener.next ?? 0, end);
  }

  /** @param {string} what */
  #lost(what) {
    this.#fault("lost", `${this.#room}: ${what}`);
  }
}
