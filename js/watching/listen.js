// Listens in on what Rust is told.

/** @typedef {import("../base/glue.js").Glue} Glue */

/** The functions by which Rust is told of an input. */
const INPUTS = /** @type {const} */ ([
  "faulted",
  "refuse",
  "connect",
  "text",
  "binary",
  "oversize",
  "close",
  "alarmFired",
  "alarm",
  "alarmStands",
  "send",
  "broadcast",
  "receive",
  "delivered",
  "readState",
  "readCount",
  "readConnections",
]);

/**
 * The glue, with a listener to what its inputs are called with.
 *
 * @param {Glue} glue
 * @param {(name: string, args: unknown[]) => void} listen
 * @returns {Glue}
 */
export function watchInputs(glue, listen) {
  const watched = INPUTS.map((name) => [
    name,
    (/** @type {number} */ handle, /** @type {unknown[]} */ ...args) => {
      listen(name, args);
      return /** @type {any} */ (glue[name])(handle, ...args);
    },
  ]);
  return { ...glue, ...Object.fromEntries(watched) };
}
