// What was said in a room, and whether it was heard.

/** @typedef {import("./tally.js").TellFault} TellFault */

export class Speech {
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
  /** Texts that are on their way, and who said them. @type {Map<string, string>} */
  #onTheirWay = new Map();
  /** Texts of clients that were cut: the server may or may not get them. @type {Set<string>} */
  #uncertain = new Set();
  #made = 0;
  /** How many the room has taken, or will take. */
  count = 0;

  /**
   * @param {string} userId
   * @returns {string} a text to say
   */
  text(userId) {
    const text = `${userId} says ${++this.#made}`;
    this.#onTheirWay.set(text, userId);
    this.count += 1;
    return text;
  }

  /** @param {string} userId whose line was cut */
  cut(userId) {
    for (const [text, by] of this.#onTheirWay) {
      if (by !== userId) continue;
      this.#onTheirWay.delete(text);
      this.#uncertain.add(text);
      this.count -= 1;
    }
  }

  /** @param {string} text that the witness hears */
  hear(text) {
    if (this.#onTheirWay.delete(text)) return;
    if (this.#uncertain.delete(text)) this.count += 1;
    else this.#fault("doubled", `${this.#room}: "${text}" was heard again`);
  }

  get isHeard() {
    return this.#onTheirWay.size === 0;
  }

  /** Tells what nobody has heard. To be called when all who left are known to have left. */
  judge() {
    for (const [text] of this.#onTheirWay) {
      this.#fault("lost", `${this.#room}: nobody heard "${text}"`);
    }
    this.#onTheirWay.clear();
    this.#uncertain.clear();
  }
}
