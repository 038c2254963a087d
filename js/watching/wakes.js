// Proof of sleep: how often an object woke, what woke it, and what kept it awake.

/** An object sleeps about this long after the last thing that happened to it, in milliseconds. */
const QUIET = 10_000;

/** Of how many objects an isolate remembers, and of how many wakings each. */
const OBJECTS = 10_000;
const WAKINGS = 20;

/** @typedef {import("../base/told.js").Seen} Seen */
/** @typedef {import("../base/told.js").Waking} Waking */
/** @typedef {import("../base/told.js").Wakes} Wakes */

/**
 * What is remembered of an object, and what happened to it last.
 *
 * @typedef {object} Book
 * @property {string} room its name
 * @property {Wakes} wakes
 * @property {string} [last]
 * @property {number} lastAt
 * @property {boolean} isUp whether nobody put it to sleep since it woke
 * @property {number} deliveries letters that are on their way
 * @property {number | null} connections how many are open, as far as is known
 */

/** @type {Map<string, Book>} outside of the objects, whose memory sleep takes away */
const books = new Map();

/** Keeps the books of one object while it is awake. */
export class WakeLog {
  #book;
  /** @type {Waking} */
  #waking;

  /**
   * The object has woken.
   *
   * @param {string} object its id
   * @param {string} [room] its name
   */
  constructor(object, room = "") {
    const now = Date.now();
    this.#book = open(object, room, now);
    this.#waking = { at: now, by: null, inputs: 0 };
    const { wakes } = this.#book;
    wakes.wakes += 1;
    wakes.last.push(this.#waking);
    if (wakes.last.length > WAKINGS) wakes.last.shift();
  }

  /** @param {number} connections that are open now */
  counted(connections) {
    this.#book.connections = connections;
  }

  /**
   * Something happened to the object.
   *
   * @param {string} kind
   * @param {number} [now]
   */
  note(kind, now = Date.now()) {
    this.#account(now);
    this.#book.last = kind;
    const { inputs, wokenBy } = this.#book.wakes;
    inputs[kind] = (inputs[kind] ?? 0) + 1;
    this.#waking.inputs += 1;
    if (this.#waking.by !== null) return;
    this.#waking.by = kind;
    wokenBy[kind] = (wokenBy[kind] ?? 0) + 1;
  }

  /** A letter is on its way, which keeps the object awake until it is answered. */
  deliveryBegins() {
    this.#account();
    this.#book.deliveries += 1;
  }

  deliveryEnds() {
    this.#account();
    this.#book.deliveries -= 1;
  }

  /** @returns {Wakes} */
  read() {
    this.#account();
    return structuredClone(this.#book.wakes);
  }

  #account(now = Date.now()) {
    const { lastAt, last, wakes } = this.#book;
    const passed = now - lastAt;
    this.#book.lastAt = now;
    if (passed === 0) return;
    const { keptAwakeMs } = wakes;
    const kind = this.#book.deliveries > 0 ? "delivery" : last;
    if (kind === undefined) return;
    const ms = this.#book.deliveries > 0 ? passed : Math.min(passed, QUIET);
    keptAwakeMs[kind] = (keptAwakeMs[kind] ?? 0) + ms;
  }
}

/**
 * The rooms that were awake in this isolate. Asking wakes none of them.
 *
 * @returns {Seen[]}
 */
export function seenRooms() {
  const now = Date.now();
  return [...books.values()].map(({ room, wakes, lastAt, isUp, deliveries, connections }) => ({
    room,
    awake: isUp && (deliveries > 0 || now - lastAt < QUIET),
    lastAt,
    connections,
    wakes: wakes.wakes,
  }));
}

/**
 * Somebody put an object to sleep.
 *
 * @param {string} object its id
 */
export function fellAsleep(object) {
  const book = books.get(object);
  if (book) book.isUp = false;
}

/**
 * @param {string} object
 * @param {string} room
 * @param {number} now
 */
function open(object, room, now) {
  let book = books.get(object);
  if (!book) {
    const wakes = { since: now, wakes: 0, wokenBy: {}, inputs: {}, keptAwakeMs: {}, last: [] };
    book = { room, wakes, lastAt: now, isUp: true, deliveries: 0, connections: null };
    const [oldest] = books.keys();
    if (books.size >= OBJECTS && oldest !== undefined) books.delete(oldest);
    books.set(object, book);
  }
  book.isUp = true;
  book.deliveries = 0;
  return book;
}
