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
 * The numbers: what is taken if one is not given, the least and the most. Of times the least is no storm.
 *
 * @type {Record<string, [usual: number | undefined, least: number, most?: number]>}
 */
const NUMBERS = {
  pingEvery: [20_000, 1_000],
  pongWithin: [8_000, 100],
  slowest: [15_000, 100],
  minUptime: [5_000, 1],
  giveUpAfter: [undefined, 1],
  maxTries: [undefined, 1],
  buffer: [64, 1, 64],
};

/** The others: one of what each may be. */
const LIKE = { key: "", text: false, connect: true, probe: true, protocols: [] };

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 * @param {number} [most]
 */
export function checkNumber(name, value, least, most = LONGEST) {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${value}`);
  if (!(value >= least && value <= most)) {
    throw new RangeError(`${name} must be from ${least} to ${most}, not ${value}`);
  }
}

/**
 * @param {Options} options
 * @returns {Checked}
 * @throws {TypeError | RangeError} naming the option that is none
 */
export function checked(options) {
  /** @type {Record<string, any>} */
  const result = { ...LIKE, key: undefined };
  for (const [name, [usual]] of Object.entries(NUMBERS)) if (usual) result[name] = usual;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const like = LIKE[/** @type {keyof typeof LIKE} */ (name)];
    const [, least, most] = NUMBERS[name] ?? [];
    if (least) checkNumber(name, value, least, most);
    if (like !== undefined && (value === null || value.constructor !== like.constructor)) {
      throw new TypeError(`${name} must be a ${like.constructor.name}, not ${value}`);
    }
    result[name] = value;
  }
  return /** @type {Checked} */ (result);
}

/**
 * @typedef {Options & Required<Pick<Options, "text" | "connect" | "probe" | "protocols" | "pingEvery" |
 *   "pongWithin" | "slowest" | "minUptime" | "buffer">>} Checked
 */
