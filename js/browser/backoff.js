// How long to wait before the next try.

/** Twice as long each time, and by chance, so that a thousand clients do not come back at once. */
export class Backoff {
  #slowest;
  #failures = 0;

  /** @param {number} slowest milliseconds */
  constructor(slowest) {
    this.#slowest = slowest;
  }

  succeeded() {
    this.#failures = 0;
  }

  /** Milliseconds; the first time hardly any. */
  next() {
    const longest = Math.min(this.#slowest, 250 * 2 ** this.#failures);
    this.#failures += 1;
    return longest * (0.2 + 0.8 * Math.random());
  }
}
