// What a client is told when it is made, checked.

/**
 * @typedef {object} Options
 * @property {string} [key] under which the session survives a reload of the page, in sessionStorage:
 *   then the room takes the reloaded page for the same connection, and what was not settled is sent
 *   again and settled there. For one client at a time
 * @property {boolean} [text] whether what the room says is plain text, as a `Text` is, and to be left as
 *   it is; without, what can be read as JSON is
 * @property {string[]} [protocols] subprotocols to offer beside ours
 * @property {boolean} [connect] false: closed at first, until `reconnect()`
 * @property {boolean} [probe] false: never asks by `fetch` why an upgrade failed
 * @property {number} [pingEvery] milliseconds between two looks whether the line is alive: 20,000
 * @property {number} [pongWithin] milliseconds for the answer: 8,000
 * @property {number} [slowest] the longest pause between two tries, in milliseconds: 15,000
 * @property {number} [minUptime] milliseconds that a line must have held before pauses are short again:
 *   5,000
 * @property {number} [maxTries] how many tries in a row may fail before it gives up; without, it never does
 * @property {number} [giveUpAfter] milliseconds without a line before it gives up; without, it never does
 * @property {number} [buffer] how many sends may wait for their answer: 64, which is also the most
 * @property {boolean | ((entry: object) => void)} [debug] told of each input and output: frames, states,
 *   timers. `true` writes them to the console
 * @property {typeof WebSocket} [WebSocket] the class to connect with
 */

/** What setTimeout takes. */
const LONGEST = 2 ** 31 - 1;

/**
 * Options in milliseconds: what is taken for each if it is not given, and the least that is no storm.
 *
 * @type {Record<string, [usual: number | undefined, least: number]>}
 */
const TIMES = {
  pingEvery: [20_000, 1_000],
  pongWithin: [8_000, 100],
  slowest: [15_000, 100],
  minUptime: [5_000, 1],
  giveUpAfter: [undefined, 1],
};

/** @type {Record<string, [usual: number | undefined, most: number]>} */
const COUNTS = { buffer: [64, 64], maxTries: [undefined, LONGEST] };

const KINDS = { key: "string", text: "boolean", connect: "boolean", probe: "boolean" };

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 * @param {number} most
 */
export function checkNumber(name, value, least, most) {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${value}`);
  if (!(value >= least && value <= most)) {
    throw new RangeError(`${name} must be from ${least} to ${most}, not ${value}`);
  }
  return value;
}

/** @param {unknown} timeout of a send */
export const checkTimeout = (timeout) => checkNumber("timeout", timeout, 1, LONGEST);

/**
 * @param {Options} options
 * @throws {TypeError | RangeError} naming the option that is none
 */
export function checked(options) {
  const given = /** @type {Record<string, any>} */ (options);
  /** @type {Record<string, any>} */
  const result = { text: false, connect: true, probe: true, debug: false, protocols: [] };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) result[name] = value;
  for (const [name, [usual, least]] of Object.entries(TIMES)) {
    const value = given[name] === undefined ? usual : given[name];
    if (value !== undefined) result[name] = checkNumber(name, value, least, LONGEST);
  }
  for (const [name, [usual, most]] of Object.entries(COUNTS)) {
    const value = given[name] === undefined ? usual : given[name];
    if (value === undefined) continue;
    result[name] = checkNumber(name, value, 1, most);
    if (!Number.isInteger(value)) throw new RangeError(`${name} must be whole, not ${value}`);
  }
  for (const [name, kind] of Object.entries(KINDS)) {
    if (result[name] !== undefined && typeof result[name] !== kind) {
      throw new TypeError(`${name} must be a ${kind}, not ${result[name]}`);
    }
  }
  if (!Array.isArray(result.protocols)) throw new TypeError("protocols must be a list");
  return /** @type {Checked} */ (result);
}

/**
 * @typedef {Options & Required<Pick<Options, "text" | "connect" | "probe" | "debug" | "protocols" |
 *   "pingEvery" | "pongWithin" | "slowest" | "minUptime" | "buffer">>} Checked
 */
