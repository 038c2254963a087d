// The memory and the file descriptors of the server's process, from a warm-up to the end.

import { existsSync, readdirSync, readFileSync } from "node:fs";

/** The most that either may grow after the warm-up. */
const MOST_GROWTH = 1.15;
/** In a shorter run the runtime has not yet grown to its size. */
const SHORTEST_MINUTES = 3;
const SAMPLE_MILLIS = 1_000;

/**
 * @typedef {object} Sample
 * @property {number} rss resident bytes
 * @property {number} descriptors
 */

/**
 * @typedef {object} Growth
 * @property {Sample} begin medians of the second fifth
 * @property {Sample} end medians of the last fifth
 */

export class Health {
  /**
   * @param {number} pid
   * @param {{ fault: import("./tally.js").TellFault }} tally
   */
  constructor(pid, { fault }) {
    this.#folder = `/proc/${pid}`;
    this.#fault = fault;
    this.#idle = this.now();
  }

  #folder;
  #fault;
  /** Before the first client. */
  #idle;
  /** @type {Sample[]} */
  #samples = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @returns {Sample | undefined} nothing on a system without /proc */
  now() {
    if (!existsSync(this.#folder)) return undefined;
    const status = readFileSync(`${this.#folder}/status`, "utf8");
    return {
      rss: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024,
      descriptors: readdirSync(`${this.#folder}/fd`).length,
    };
  }

  begin() {
    this.#timer = setInterval(() => {
      const sample = this.now();
      if (sample) this.#samples.push(sample);
    }, SAMPLE_MILLIS);
  }

  end() {
    clearInterval(this.#timer);
  }

  /** @returns {Growth | undefined} */
  growth() {
    const fifth = Math.floor(this.#samples.length / 5);
    if (fifth === 0) return undefined;
    return {
      begin: medians(this.#samples.slice(fifth, 2 * fifth)),
      end: medians(this.#samples.slice(-fifth)),
    };
  }

  /**
   * To be called when all clients have left.
   *
   * @param {number} minutes that it took
   */
  judge(minutes) {
    const growth = this.growth();
    const left = this.now();
    if (!growth || !left || !this.#idle) return;
    if (minutes >= SHORTEST_MINUTES) {
      for (const figure of /** @type {const} */ (["rss", "descriptors"])) {
        const [begin, end] = [growth.begin[figure], growth.end[figure]];
        if (end > MOST_GROWTH * begin) this.#fault("leaks", `${figure}: ${begin} became ${end}`);
      }
    }
    // A room that is awake holds its database; all that the clients held is to be gone.
    const held = growth.begin.descriptors - this.#idle.descriptors;
    const kept = left.descriptors - this.#idle.descriptors;
    if (kept > held / 2) {
      this.#fault("leaks", `all have left, and ${kept} of ${held} descriptors are still there`);
    }
  }
}

/** @param {Sample[]} samples @returns {Sample} */
function medians(samples) {
  return {
    rss: median(samples.map(({ rss }) => rss)),
    descriptors: median(samples.map(({ descriptors }) => descriptors)),
  };
}

/** @param {number[]} values */
function median(values) {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
