// Who looks on: the one thing that an object knows of the Inspector, the recorder and the log of wakes.
// A Worker that hands in nobody carries none of them.

/** @typedef {import("../base/commit.js").Commit} Commit */
/** @typedef {import("../base/glue.js").Glue} Glue */
/** @typedef {import("./host.js").Readable} Readable */
/** @typedef {import("./instance.js").Instance} Instance */

/** @typedef {import("../base/told.js").Fate} Fate */

/**
 * @typedef {object} Watched an object that has woken
 * @property {string} id
 * @property {string} name
 * @property {Readable} readable
 * @property {{ inputs: number, drains: number, commits: number, traps: number }} counts
 * @property {() => Promise<number | null>} alarm where the alarm stands
 * @property {() => void} forget makes Rust read everything anew
 */

/**
 * @typedef {object} Watcher of one object while it is awake
 * @property {(kind: string, now?: number) => void} note something happened to it
 * @property {() => void} deliveryBegins a letter is on its way
 * @property {() => void} deliveryEnds
 * @property {(instance: Instance, handle: number) => Glue} began a batch begins: what Rust is told through
 * @property {(instance: Instance, commit: Commit) => void} handled Rust is done, nothing is performed yet
 * @property {(instance: Instance, fate: Fate, answers?: unknown[]) => void} ended the batch is over
 * @property {Record<Question, (...args: any[]) => unknown>} answers to what can be asked of it
 */

/** @typedef {"getWakes" | "inspect" | "startRecording" | "getRecording" | "stopRecording"} Question */

/** @typedef {(object: Watched) => Watcher} Watch begins to look on */

export {};
