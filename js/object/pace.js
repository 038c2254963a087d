// When to drain: at once, or a moment later together with what arrives meanwhile.

/** The most inputs that are drained at once before gathering is tried again. */
const LONGEST_PAUSE = 64;

/**
 * Gathering makes many inputs one commit and their frames one write, and costs a turn of the event
 * loop where there is nothing to gather. So it is tried when inputs follow each other closely, goes on
 * while it gathers, and is left alone for a while, longer each time, when it did not.
 */
export class Pace {
  /** The last gathering found company. */
  #gathers = false;
  #failures = 0;
  /** How many inputs are still drained at once. */
  #pause = 0;
  #lastAt = 0;

  /**
   * Whether an input should wait for others.
   *
   * @param {number} now when it came
   */
  shouldGather(now) {
    if (this.#gathers) return true;
    if (this.#pause > 0) {
      this.#pause -= 1;
      return false;
    }
    const isClose = now - this.#lastAt <= 1;
    this.#lastAt = now;
    return isClose;
  }

  /**
   * What a gathering came to.
   *
   * @param {number} count of inputs
   */
  gathered(count) {
    this.#gathers = count > 1;
    this.#failures = this.#gathers ? 0 : this.#failures + 1;
    this.#pause = this.#gathers ? 0 : Math.min(2 ** this.#failures, LONGEST_PAUSE);
  }
}
