// Virtual time: nothing waits, and everything happens in the order of its moment.

/** Promises have their turn. */
export async function settle() {
  // More than any chain of the client's is long: a page that has died does nothing any more.
  for (let i = 0; i < 30; i++) await undefined;
}

export class Clock {
  now = 0;
  #next = 1;
  /** @type {Map<number, { at: number, act: () => void, owner: object }>} */
  #timers = new Map();

  /**
   * @param {object} owner with whom it dies
   * @param {() => void} act
   * @param {number} millis
   */
  set(owner, act, millis) {
    // As a browser does it: what is no number, or too large a one, is at once.
    const pause = millis > 0 && millis < 2 ** 31 ? millis : 0;
    this.#timers.set(this.#next, { at: this.now + pause, act, owner });
    return this.#next++;
  }

  /** @param {number} timer */
  clear(timer) {
    this.#timers.delete(timer);
  }

  /** @param {object} owner */
  clearAll(owner) {
    for (const [id, timer] of this.#timers) if (timer.owner === owner) this.#timers.delete(id);
  }

  /**
   * @param {number} until
   * @param {(owner: object) => number} wakesAt until when the timers of one sleep
   * @returns {(() => void) | undefined} the next thing that is due by then, and the clock is there
   */
  due(until, wakesAt) {
    /** @type {[number, { at: number, act: () => void, owner: object }] | undefined} */
    let first;
    let moment = Number.POSITIVE_INFINITY;
    for (const [id, timer] of this.#timers) {
      const at = Math.max(timer.at, wakesAt(timer.owner));
      if (at < moment) [first, moment] = [[id, timer], at];
    }
    if (!first || moment > until) return undefined;
    this.now = Math.max(this.now, moment);
    this.#timers.delete(first[0]);
    return first[1].act;
  }
}
