// Where what was read of the history ends, and what is said live goes on.

/** @typedef {import("./pages.js").Entry} Entry */

/**
 * The frames of the room have no numbers, but their times never go back: what is older than the edge
 * is known, and of the same millisecond what is the same.
 */
export class Edge {
  #at = 0;
  /** @type {Set<string>} */
  #same = new Set();

  /** @param {Entry[]} entries up to the edge, the oldest first */
  constructor(entries) {
    this.#at = entries.at(-1)?.timestamp ?? 0;
    for (let i = entries.length - 1; entries[i]?.timestamp === this.#at; i--) {
      this.#same.add(keyOf(/** @type {Entry} */ (entries[i])));
    }
  }

  /** @param {Entry} entry */
  knows(entry) {
    return (
      entry.timestamp < this.#at || (entry.timestamp === this.#at && this.#same.has(keyOf(entry)))
    );
  }
}

/** @param {Entry} entry */
const keyOf = ({ from, message }) => JSON.stringify([from, message]);
