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

/** What is taken if nothing is given. */
const USUAL = {
  text: false,
  connect: true,
  probe: true,
  /** @type {string[]} */
  protocols: [],
  pingEvery: 20_000,
  pongWithin: 8_000,
  slowest: 15_000,
  minUptime: 5_000,
  buffer: 64,
};

/** One of what each may be. @type {Record<string, any>} */
const LIKE = { ...USUAL, key: "", giveUpAfter: 1, maxTries: 1 };

/** Less than that would be a storm. @type {Record<string, number>} */
const LEAST = { pingEvery: 1_000, pongWithin: 100, slowest: 100 };

/**
 * @param {string} name
 * @param {any} value
 * @param {any} [like] one of what it may be
 * @throws {TypeError | RangeError} naming it
 */
export function check(name, value, like = LIKE[name]) {
  if (like === undefined) return;
  const Kind = like.constructor;
  // The most is what setTimeout takes.
  const [least = 1, most] = [LEAST[name], name === "buffer" ? like : 2 ** 31 - 1];
  const range = Kind === Number && ` from ${least} to ${most}`;
  const told = `${name} must be a ${Kind.name}${range || ""}, not ${value}`;
  if (value?.constructor !== Kind) throw new TypeError(told);
  if (range && !(value >= least && value <= most)) throw new RangeError(told);
}

/**
 * @param {Options} options
 * @returns {Checked}
 * @throws {TypeError | RangeError} naming the option that is none
 */
export function checked(options) {
  /** @type {Record<string, any>} */
  const result = { ...USUAL };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    check(name, value);
    result[name] = value;
  }
  return /** @type {Checked} */ (result);
}

/** @typedef {Options & Required<Pick<Options, keyof typeof USUAL>>} Checked */
