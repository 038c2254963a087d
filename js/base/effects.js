// What the operations of a commit are called, and what each has: the one reading of the form that
// src/host/flat.rs writes.

/** @typedef {import("./commit.js").Commit} Commit */
/** @typedef {import("./glue.js").Ops} Ops */

/** @typedef {string | Uint8Array} Frame */

/** @typedef {"all" | "plain" | "enveloped"} Listeners */

/** @type {Listeners[]} as Rust numbers them */
const LISTENERS = ["all", "plain", "enveloped"];

/** @param {Commit} c */
const yes = (c) => c.number() === 1;

/** @param {Commit} c a text that is there if a number before it says so */
const optional = (c) => {
  const isThere = yes(c);
  const text = c.text();
  return isThere ? text : null;
};

/** @param {Commit} c */
const numbers = (c) => c.list(() => c.number());

/** @param {Commit} c @param {Frame} frame */
const send = (c, frame) => ({ effect: /** @type {const} */ ("send"), frame, sockets: numbers(c) });

/** @param {Commit} c @param {Frame} frame */
const broadcast = (c, frame) => ({
  effect: /** @type {const} */ ("broadcast"),
  frame,
  to: LISTENERS[c.number()] ?? "all",
  tag: optional(c),
  except: numbers(c),
});

/**
 * How each operation is read. The fields of an object are read in the order in which they stand.
 *
 * @satisfies {{ [Name in keyof Ops]: (c: Commit) => object }}
 */
const READERS = {
  Purge: () => ({ effect: /** @type {const} */ ("purge") }),
  State: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("state"),
    json: c.text(),
  }),
  PutAlarm: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("putAlarm"),
    name: c.text(),
    at: c.long(),
    due: c.long(),
    period: c.long() || null,
    failures: c.number(),
    failed: yes(c),
    error: optional(c),
    payload: c.text(),
  }),
  RemoveAlarm: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("removeAlarm"),
    name: c.text(),
  }),
  Value: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("value"),
    key: c.text(),
    json: c.text(),
  }),
  RemoveValue: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("removeValue"),
    key: c.text(),
  }),
  Append: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("append"),
    history: c.text(),
    seq: c.long(),
    at: c.long(),
    row: c.text(),
  }),
  Trim: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("trim"),
    history: c.text(),
    through: c.long(),
  }),
  Ends: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("ends"),
    history: c.text(),
    last: c.long(),
    lastAt: c.long(),
    trimmed: c.long(),
  }),
  SetAlarm: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("setAlarm"),
    at: c.long(),
  }),
  DeleteAlarm: () => ({ effect: /** @type {const} */ ("deleteAlarm") }),
  Accept: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("accept"),
    socket: c.number(),
    tags: c.list(() => c.text()),
  }),
  Attach: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("attach"),
    socket: c.number(),
    attachment: c.text(),
  }),
  SendText: (/** @type {Commit} */ c) => send(c, c.text()),
  SendBinary: (/** @type {Commit} */ c) => send(c, c.bytes()),
  BroadcastText: (/** @type {Commit} */ c) => broadcast(c, c.text()),
  BroadcastBinary: (/** @type {Commit} */ c) => broadcast(c, c.bytes()),
  Close: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("close"),
    socket: c.number(),
    code: c.number(),
    reason: c.text(),
  }),
  Deliver: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("deliver"),
    letter: c.text(),
  }),
  Log: (/** @type {Commit} */ c) => ({
    effect: /** @type {const} */ ("log"),
    line: c.text(),
  }),
};

/** @typedef {ReturnType<typeof READERS[keyof typeof READERS]>} Effect what is to be done */

/** @type {Ops | undefined} whose numbers `byNumber` goes by */
let numbered;
/** @type {((c: Commit) => Effect)[]} */
let byNumber = [];

/**
 * The next effect of a commit.
 *
 * @param {Ops} Op
 * @param {Commit} commit
 * @returns {Effect}
 */
export function readEffect(Op, commit) {
  if (Op !== numbered) {
    byNumber = [];
    for (const [name, read] of Object.entries(READERS)) {
      byNumber[Op[/** @type {keyof Ops} */ (name)]] = read;
    }
    numbered = Op;
  }
  const op = commit.number();
  const read = byNumber[op];
  if (!read) throw new Error(`an operation ${op} that this version does not know`);
  return read(commit);
}

/**
 * All that a commit does, in the order in which it is performed.
 *
 * @param {Ops} Op
 * @param {Commit} commit
 * @returns {Effect[]}
 */
export function readEffects(Op, commit) {
  // How many of them are writes: their names say as much.
  commit.number();
  const effects = [];
  while (commit.more()) effects.push(readEffect(Op, commit));
  return effects;
}
