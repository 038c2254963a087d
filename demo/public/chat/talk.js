// The talk of a room: what was said, in order and once, and what we say.

import { RoomClient } from "../browser/room-client.js";
import { Edge } from "./edge.js";
import { readBackTo, readPage } from "./pages.js";

/** @typedef {import("./pages.js").Entry} Entry */
/** @typedef {import("../../../types/rooms.d.ts").Rooms["history"]} HistoryRoom */

/**
 * @typedef {object} Own something we say
 * @property {string} message
 * @property {boolean} heard whether the room has said it to everyone
 */

/**
 * @typedef {object} Listener
 * @property {(entries: Entry[]) => void} filled what was said before we came
 * @property {(entry: Entry, how: { own?: Own, isOld: boolean }) => void} said at the end. Old is what
 *   was said while the line was lost
 * @property {(own: Own) => void} known what we said was read with the history before we heard it
 * @property {(entries: Entry[]) => void} older in front
 * @property {() => void} cleared what follows does not go on from what there was
 * @property {(seconds: number) => void} tooFast
 * @property {(said: { own: Own, done: Promise<void> }) => void} restored said before this page was loaded
 *   anew, and not known to be stored
 */

/** Frames that come so soon after the line are those that were missed. */
const MISSED_WITHIN_MS = 300;
const MOST_TRIES = 5;

export class Talk {
  #room;
  #name;
  #listener;
  #edge = new Edge([]);
  /** @type {Entry | undefined} */
  #first;
  /** @type {Entry[]} */
  #recent = [];
  /** @type {Entry[] | undefined} what came while the history is being read */
  #held;
  /** @type {Own[]} what we said and have not heard yet */
  #unheard = [];
  /** @type {Own[]} of that, what the room has stored */
  #stored = [];
  /** @type {Entry[]} of ours, what was said to us after it was read */
  #repeated = [];
  #arrivedAt = 0;
  #isReading = false;
  #isBehind = false;

  /**
   * @param {string} room
   * @param {string} name
   * @param {Listener} listener
   */
  constructor(room, name, listener) {
    this.#room = room;
    this.#name = name;
    this.#listener = listener;
    /** @type {RoomClient<HistoryRoom>} */
    this.client = new RoomClient(`/rooms/${room}/ws?name=${encodeURIComponent(name)}`, {
      key: `talk/${room}/${name}`,
    });
    this.client.on("message", (frame) => this.#receive(frame));
    this.client.on("restored", (sends) => {
      for (const { message, done } of sends) {
        if (message?.type === "chat") listener.restored(this.#follow(message.message, done));
      }
    });
    this.client.on("arrival", ({ same, resumed }) => {
      this.#arrivedAt = performance.now();
      // Who comes anew is told the last hundred again; who has missed too much is told nothing.
      if (!same || !resumed || !this.#first) void this.#catchUp();
    });
  }

  /**
   * Says something.
   *
   * @param {string} message
   * @returns {{ own: Own, done: Promise<void> }} done when the room has stored it
   */
  say(message) {
    return this.#follow(message, this.client.send({ type: "chat", message }));
  }

  /**
   * @param {string} message
   * @param {Promise<void>} sent
   */
  #follow(message, sent) {
    const own = { message, heard: false };
    this.#unheard.push(own);
    const done = sent.then(
      () => {
        this.#stored.push(own);
        this.#findStored();
      },
      (error) => {
        this.#unheard = this.#unheard.filter((other) => other !== own);
        throw error;
      },
    );
    return { own, done };
  }

  /** What is stored has been said to us, and if it was read before that, then twice. */
  #findStored() {
    if (this.#held) return;
    for (const own of this.#stored.splice(0)) {
      const at = this.#repeated.findLastIndex(({ message }) => message === own.message);
      if (own.heard || at < 0) continue;
      this.#repeated.splice(at, 1);
      this.#unheard = this.#unheard.filter((other) => other !== own);
      own.heard = true;
      this.#listener.known(own);
    }
  }

  /**
   * Reads on before the oldest entry.
   *
   * @returns {Promise<boolean>} whether there may be more
   */
  async readOlder() {
    const before = this.#first?.seq;
    if (before === undefined || before <= 1) return false;
    const entries = await readPage(this.#room, before);
    // Something newer may have taken its place meanwhile.
    if (before !== this.#first?.seq) return true;
    this.#first = entries[0] ?? this.#first;
    if (entries.length > 0) this.#listener.older(entries);
    return entries.length > 0 && this.#first.seq !== 1;
  }

  leave() {
    this.client.close();
  }

  /** @param {HistoryRoom["broadcast"]} frame */
  #receive(frame) {
    if (frame.type === "rate-limit") return this.#listener.tooFast(frame.retryAfter);
    if (frame.type !== "chat") return;
    if (this.#held) this.#held.push(frame);
    else this.#take(frame);
  }

  /** @param {Entry} entry that was said to us */
  #take(entry) {
    if (!this.#edge.knows(entry)) this.#hear(entry, this.#isEarly());
    else if (entry.from === this.#name) this.#repeated.push(entry);
  }

  #isEarly() {
    return performance.now() - this.#arrivedAt < MISSED_WITHIN_MS;
  }

  /**
   * @param {Entry} entry
   * @param {boolean} isOld
   */
  #hear(entry, isOld) {
    this.#first ??= entry;
    this.#recent = [...this.#recent.slice(-50), entry];
    const mine = (/** @type {Own} */ own) => own.message === entry.message;
    const at = entry.from === this.#name ? this.#unheard.findIndex(mine) : -1;
    const [own] = at >= 0 ? this.#unheard.splice(at, 1) : [];
    if (own) own.heard = true;
    this.#listener.said(entry, { own, isOld });
  }

  /** Reads what is missing between what is known and now. */
  async #catchUp() {
    this.#held ??= [];
    this.#isBehind = true;
    if (this.#isReading) return;
    this.#isReading = true;
    for (let tries = 0; this.#isBehind && tries < MOST_TRIES; tries++) {
      this.#isBehind = false;
      try {
        const { entries, reaches } = await readBackTo(this.#room, this.#recent.at(-1));
        // The line was lost once more: what was read may end too soon.
        if (this.#isBehind) continue;
        if (!reaches) this.#begin();
        this.#continue(entries);
      } catch {
        this.#isBehind = true;
        await new Promise((wake) => setTimeout(wake, 1_000));
      }
    }
    this.#isReading = false;
    // If it cannot be read, the live talk goes on without.
    this.#release(this.#edge);
  }

  #begin() {
    this.#first = undefined;
    this.#recent = [];
    this.#listener.cleared();
  }

  /** @param {Entry[]} entries read up to now */
  #continue(entries) {
    const known = new Edge(this.#recent);
    const fresh = entries.filter((entry) => !known.knows(entry));
    const wasEmpty = !this.#first;
    if (wasEmpty) {
      // All at once: the first look at a room.
      this.#first = fresh[0];
      this.#recent = fresh.slice(-50);
      this.#listener.filled(fresh);
    } else {
      for (const entry of fresh) this.#hear(entry, true);
    }
    this.#release(new Edge(entries.length > 0 ? entries : this.#recent));
  }

  /** @param {Edge} edge */
  #release(edge) {
    this.#edge = edge;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const entry of held) this.#take(entry);
    this.#findStored();
  }
}
