// Reads a commit as plain data: each effect by its name, in the order in which they are performed.

/** @typedef {import("./commit.js").Commit} Commit */
/** @typedef {import("./glue.js").Ops} Ops */

/** @typedef {{ text: string } | { bytes: Uint8Array }} Frame */

/** @typedef {"all" | "plain" | "enveloped"} Listeners */

/** @type {Listeners[]} as Rust numbers them */
const LISTENERS = ["all", "plain", "enveloped"];

/**
 * @typedef {{ effect: "purge" }
 *   | { effect: "state", json: string }
 *   | { effect: "event", name: string, at: number, due: number, period: number | null,
 *       failures: number, failed: boolean, error: string | null, payload: string }
 *   | { effect: "removeEvent", name: string }
 *   | { effect: "value", key: string, json: string }
 *   | { effect: "removeValue", key: string }
 *   | { effect: "append", history: string, seq: number, at: number, row: string }
 *   | { effect: "trim", history: string, through: number }
 *   | { effect: "ends", history: string, last: number, lastAt: number, trimmed: number }
 *   | { effect: "setAlarm", at: number }
 *   | { effect: "deleteAlarm" }
 *   | { effect: "accept", socket: number, tags: string[] }
 *   | { effect: "attach", socket: number, attachment: string }
 *   | { effect: "send", frame: Frame, sockets: number[] }
 *   | { effect: "broadcast", frame: Frame, tag: string | null, to: Listeners, except: number[] }
 *   | { effect: "deliver", letter: string }
 *   | { effect: "close", socket: number, code: number, reason: string }
 *   | { effect: "log", line: string }} Effect
 */

/**
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

/**
 * @param {Ops} Op
 * @param {Commit} commit
 * @returns {Effect}
 */
function readEffect(Op, commit) {
  const op = commit.op();
  switch (op) {
    case Op.Purge:
      return { effect: "purge" };
    case Op.State:
      return { effect: "state", json: commit.text() };
    case Op.Event:
      return readEvent(commit);
    case Op.RemoveEvent:
      return { effect: "removeEvent", name: commit.text() };
    case Op.Value:
      return { effect: "value", key: commit.text(), json: commit.text() };
    case Op.RemoveValue:
      return { effect: "removeValue", key: commit.text() };
    case Op.Append: {
      const history = commit.text();
      return {
        effect: "append",
        history,
        seq: commit.long(),
        at: commit.long(),
        row: commit.text(),
      };
    }
    case Op.Trim:
      return { effect: "trim", history: commit.text(), through: commit.long() };
    case Op.Ends: {
      const history = commit.text();
      const [last, lastAt, trimmed] = [commit.long(), commit.long(), commit.long()];
      return { effect: "ends", history, last, lastAt, trimmed };
    }
    case Op.SetAlarm:
      return { effect: "setAlarm", at: commit.long() };
    case Op.DeleteAlarm:
      return { effect: "deleteAlarm" };
    case Op.Accept: {
      const socket = commit.number();
      return { effect: "accept", socket, tags: commit.list(() => commit.text()) };
    }
    case Op.Attach:
      return { effect: "attach", socket: commit.number(), attachment: commit.text() };
    case Op.SendText:
      return send({ text: commit.text() }, commit);
    case Op.SendBinary:
      return send({ bytes: commit.bytes() }, commit);
    case Op.BroadcastText:
      return broadcast({ text: commit.text() }, commit);
    case Op.BroadcastBinary:
      return broadcast({ bytes: commit.bytes() }, commit);
    case Op.Deliver:
      return { effect: "deliver", letter: commit.text() };
    case Op.Close: {
      const [socket, code] = [commit.number(), commit.number()];
      return { effect: "close", socket, code, reason: commit.text() };
    }
    case Op.Log:
      return { effect: "log", line: commit.text() };
    default:
      return unreachable(op);
  }
}

/**
 * @param {Commit} commit
 * @returns {Effect}
 */
function readEvent(commit) {
  const name = commit.text();
  const [at, due] = [commit.long(), commit.long()];
  const period = commit.long() || null;
  const failures = commit.number();
  const failed = commit.number() === 1;
  const hasError = commit.number() === 1;
  const text = commit.text();
  const error = hasError ? text : null;
  return {
    effect: "event",
    name,
    at,
    due,
    period,
    failures,
    failed,
    error,
    payload: commit.text(),
  };
}

/**
 * @param {Frame} frame
 * @param {Commit} commit
 * @returns {Effect}
 */
function send(frame, commit) {
  return { effect: "send", frame, sockets: commit.list(() => commit.number()) };
}

/**
 * @param {Frame} frame
 * @param {Commit} commit
 * @returns {Effect}
 */
function broadcast(frame, commit) {
  const to = LISTENERS[commit.number()] ?? "all";
  const hasTag = commit.number() === 1;
  const text = commit.text();
  const tag = hasTag ? text : null;
  const except = commit.list(() => commit.number());
  return { effect: "broadcast", frame, tag, to, except };
}

/**
 * @param {never} op
 * @returns {never}
 */
function unreachable(op) {
  throw new Error(`an operation ${op} that this version does not know`);
}
