// Does what a commit says, in the order it says.

import { logError } from "./log.js";

/** @typedef {import("./commit.js").Commit} Commit */
/** @typedef {import("./letters.js").Letter} Letter */
/** @typedef {import("./sockets.js").Sockets} Sockets */
/** @typedef {import("./storage.js").RoomStorage} RoomStorage */
/** @typedef {import("./glue.js").Ops} Ops */

/** Who a broadcast is for, as Rust numbers them; what is left are those that do not speak the protocol. */
const ALL = 0;
const ENVELOPED = 2;

/**
 * Stores what is to be stored, all or nothing, and then does what is to be done on sockets.
 *
 * @param {Ops} Op
 * @param {Commit} commit
 * @param {RoomStorage} storage
 * @param {Sockets} sockets
 * @param {(letter: Letter) => void} deliver sends a letter on its way
 * @param {(line: string) => void} log writes to the Worker's log
 * @returns {boolean} whether anything was stored
 * @throws if the transaction failed: then nothing was done
 */
export function perform(Op, commit, storage, sockets, deliver, log) {
  const writes = commit.number();
  if (writes === 1 && commit.peek() !== Op.Purge) {
    // A statement alone is all or nothing by itself.
    storage.alone(() => write(Op, commit, storage));
  } else if (writes > 0) {
    storage.transaction(() => {
      for (let i = 0; i < writes; i++) write(Op, commit, storage);
    });
  }
  // Letters leave last: what delivers them may run Rust again, and the commit lies in its memory.
  for (const letter of outputs(Op, commit, sockets, log)) deliver(letter);
  return writes > 0;
}

/**
 * All outputs, to the end: what is stored cannot be taken back, so nothing here may stop the rest.
 *
 * @param {Ops} Op
 * @param {Commit} commit
 * @param {Sockets} sockets
 * @param {(line: string) => void} log
 * @returns {Letter[]} to be delivered
 */
function outputs(Op, commit, sockets, log) {
  /** @type {Letter[]} */
  const letters = [];
  while (commit.more()) {
    try {
      output(Op, commit, sockets, letters, log);
    } catch (error) {
      logError("an output failed", error);
    }
  }
  return letters;
}

/**
 * @param {Ops} Op
 * @param {Commit} commit
 * @param {RoomStorage} storage
 */
function write(Op, commit, storage) {
  const op = commit.op();
  switch (op) {
    case Op.Purge:
      return storage.purge();
    case Op.State:
      return storage.putState(commit.text());
    case Op.Event: {
      const name = commit.text();
      const at = commit.long();
      const due = commit.long();
      const period = commit.long() || null;
      const failures = commit.number();
      const failed = commit.number() === 1;
      const hasError = commit.number() === 1;
      const errorText = commit.text();
      const error = hasError ? errorText : null;
      const payload = commit.text();
      return storage.putEvent({ name, at, due, period, failures, error, failed, payload });
    }
    case Op.RemoveEvent:
      return storage.removeEvent(commit.text());
    case Op.Value: {
      const key = commit.text();
      return storage.putValue(key, commit.text());
    }
    case Op.RemoveValue:
      return storage.removeValue(commit.text());
    case Op.Append: {
      const history = commit.text();
      const seq = commit.long();
      const at = commit.long();
      return storage.append(history, seq, at, commit.text());
    }
    case Op.Trim: {
      const history = commit.text();
      return storage.trim(history, commit.long());
    }
    case Op.Ends: {
      const history = commit.text();
      const last = commit.long();
      const lastAt = commit.long();
      return storage.putEnds(history, last, lastAt, commit.long());
    }
    case Op.SetAlarm:
      return storage.setAlarm(commit.long());
    case Op.DeleteAlarm:
      return storage.deleteAlarm();
    case Op.Accept:
    case Op.Attach:
    case Op.SendText:
    case Op.SendBinary:
    case Op.BroadcastText:
    case Op.BroadcastBinary:
    case Op.Close:
    case Op.Deliver:
    case Op.Log:
      throw new Error("an output among writes");
    default:
      unreachable(op);
  }
}

/**
 * @param {Ops} Op
 * @param {Commit} commit
 * @param {Sockets} sockets
 * @param {Letter[]} letters
 * @param {(line: string) => void} log
 */
function output(Op, commit, sockets, letters, log) {
  const op = commit.op();
  switch (op) {
    case Op.Accept: {
      const socket = commit.number();
      return sockets.accept(
        socket,
        commit.list(() => commit.text()),
      );
    }
    case Op.Attach: {
      const socket = sockets.get(commit.number());
      const attachment = narrow(commit.text());
      return socket?.serializeAttachment(attachment);
    }
    case Op.SendText:
      return sendTo(commit.text(), commit, sockets);
    case Op.SendBinary:
      return sendTo(commit.bytes(), commit, sockets);
    case Op.BroadcastText:
      return broadcast(commit.text(), commit, sockets);
    case Op.BroadcastBinary:
      return broadcast(commit.bytes(), commit, sockets);
    case Op.Deliver:
      letters.push(JSON.parse(commit.text()));
      return;
    case Op.Close: {
      const socket = commit.number();
      const code = commit.number();
      return sockets.close(socket, code, commit.text());
    }
    case Op.Log:
      return log(commit.text());
    case Op.Purge:
    case Op.State:
    case Op.Event:
    case Op.RemoveEvent:
    case Op.Value:
    case Op.RemoveValue:
    case Op.Append:
    case Op.Trim:
    case Op.Ends:
    case Op.SetAlarm:
    case Op.DeleteAlarm:
      throw new Error("a write among outputs");
    default:
      unreachable(op);
  }
}

/**
 * @param {string | Uint8Array} frame
 * @param {Commit} commit
 * @param {Sockets} sockets
 */
function sendTo(frame, commit, sockets) {
  for (let left = commit.number(); left > 0; left--) {
    const socket = sockets.get(commit.number());
    if (socket && !sockets.over.has(socket)) sockets.send(socket, frame);
  }
}

/**
 * @param {string | Uint8Array} frame
 * @param {Commit} commit
 * @param {Sockets} sockets
 */
function broadcast(frame, commit, sockets) {
  const listeners = commit.number();
  const hasTag = commit.number() === 1;
  const tag = commit.text();
  const except = commit.list(() => sockets.get(commit.number()));
  const open = sockets.open(hasTag ? tag : undefined);
  for (const socket of listeners === ALL ? open : sockets.among(open, listeners === ENVELOPED)) {
    if (!except.includes(socket)) sockets.send(socket, frame);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A long text in a string of its own. As a slice of a text with any wide character in it, it takes two
 * bytes a character when it is serialized, even if it has none itself, and may so go over the limit
 * that Rust has held it against.
 *
 * @param {string} text
 */
function narrow(text) {
  return text.length > 8_000 ? decoder.decode(encoder.encode(text)) : text;
}

/**
 * @param {never} op
 * @returns {never}
 */
function unreachable(op) {
  throw new Error(`an operation ${op} that this version does not know`);
}
