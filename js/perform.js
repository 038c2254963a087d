// Does what a commit says, in the order it says.

import { logError } from "./log.js";

/** @typedef {import("./host.js").Commit} Commit */
/** @typedef {import("./letters.js").Letter} Letter */
/** @typedef {import("./sockets.js").Sockets} Sockets */
/** @typedef {import("./storage.js").RoomStorage} RoomStorage */
/** @typedef {typeof import("../pkg/dormouse_bg.js").Op} Op */

/**
 * Stores what is to be stored, all or nothing, and then does what is to be done on sockets.
 *
 * @param {Op} Op
 * @param {Commit} commit
 * @param {RoomStorage} storage
 * @param {Sockets} sockets
 * @param {(letter: Letter) => void} deliver sends a letter on its way
 * @returns {boolean} whether anything was stored
 * @throws if the transaction failed: then nothing was done
 */
export function perform(Op, commit, storage, sockets, deliver) {
  const reader = new Reader(commit);
  const stores = reader.more() && reader.peek() < Op.Accept;
  if (stores) {
    storage.transaction(() => {
      while (reader.more() && reader.peek() < Op.Accept) write(Op, reader, storage);
    });
  }
  outputs(Op, reader, sockets, deliver);
  return stores;
}

/**
 * All outputs, to the end: what is stored cannot be taken back, so nothing here may stop the rest.
 *
 * @param {Op} Op
 * @param {Reader} reader
 * @param {Sockets} sockets
 * @param {(letter: Letter) => void} deliver
 */
function outputs(Op, reader, sockets, deliver) {
  while (reader.more()) {
    try {
      output(Op, reader, sockets, deliver);
    } catch (error) {
      logError("an output failed", error);
    }
  }
}

/**
 * @param {Op} Op
 * @param {Reader} reader
 * @param {RoomStorage} storage
 */
function write(Op, reader, storage) {
  const op = reader.op();
  switch (op) {
    case Op.Purge:
      return storage.purge();
    case Op.State:
      return storage.putState(reader.text());
    case Op.Event: {
      const name = reader.text();
      const at = reader.long();
      const due = reader.long();
      const period = reader.long() || null;
      const failures = reader.number();
      const failed = reader.number() === 1;
      const hasError = reader.number() === 1;
      const errorText = reader.text();
      const error = hasError ? errorText : null;
      const payload = reader.text();
      return storage.putEvent({ name, at, due, period, failures, error, failed, payload });
    }
    case Op.RemoveEvent:
      return storage.removeEvent(reader.text());
    case Op.Value: {
      const key = reader.text();
      return storage.putValue(key, reader.text());
    }
    case Op.RemoveValue:
      return storage.removeValue(reader.text());
    case Op.Append: {
      const history = reader.text();
      const seq = reader.long();
      const at = reader.long();
      return storage.append(history, seq, at, reader.text());
    }
    case Op.Trim: {
      const history = reader.text();
      return storage.trim(history, reader.long());
    }
    case Op.Ends: {
      const history = reader.text();
      const last = reader.long();
      const lastAt = reader.long();
      return storage.putEnds(history, last, lastAt, reader.long());
    }
    case Op.SetAlarm:
      return storage.setAlarm(reader.long());
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
      throw new Error("an output among writes");
    default:
      unreachable(op);
  }
}

/**
 * @param {Op} Op
 * @param {Reader} reader
 * @param {Sockets} sockets
 * @param {(letter: Letter) => void} deliver
 */
function output(Op, reader, sockets, deliver) {
  const op = reader.op();
  switch (op) {
    case Op.Accept: {
      const socket = reader.number();
      return sockets.accept(
        socket,
        reader.list(() => reader.text()),
      );
    }
    case Op.Attach: {
      const socket = sockets.get(reader.number());
      const attachment = narrow(reader.text());
      return socket?.serializeAttachment(attachment);
    }
    case Op.SendText:
      return sendTo(reader.text(), reader, sockets);
    case Op.SendBinary:
      return sendTo(reader.bytes(), reader, sockets);
    case Op.BroadcastText:
      return broadcast(reader.text(), reader, sockets);
    case Op.BroadcastBinary:
      return broadcast(reader.bytes(), reader, sockets);
    case Op.Deliver:
      return deliver(JSON.parse(reader.text()));
    case Op.Close: {
      const socket = reader.number();
      const code = reader.number();
      return sockets.close(socket, code, reader.text());
    }
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
 * @param {Reader} reader
 * @param {Sockets} sockets
 */
function sendTo(frame, reader, sockets) {
  for (const number of reader.list(() => reader.number())) {
    const socket = sockets.get(number);
    if (socket && !sockets.isOver(socket)) sockets.send(socket, frame);
  }
}

/**
 * @param {string | Uint8Array} frame
 * @param {Reader} reader
 * @param {Sockets} sockets
 */
function broadcast(frame, reader, sockets) {
  const hasTag = reader.number() === 1;
  const tag = reader.text();
  const except = reader.list(() => sockets.get(reader.number()));
  for (const socket of sockets.open(hasTag ? tag : undefined)) {
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

/** Reads a commit from front to back. */
class Reader {
  /** @param {Commit} commit */
  constructor({ ops, text, bytes }) {
    this.ops = ops;
    this.allText = text;
    this.allBytes = bytes;
    this.at = 0;
    this.textAt = 0;
    this.bytesAt = 0;
  }

  more() {
    return this.at < this.ops.length;
  }

  peek() {
    return /** @type {number} */ (this.ops[this.at]);
  }

  number() {
    return /** @type {number} */ (this.ops[this.at++]);
  }

  /** @returns {import("../pkg/dormouse_bg.js").Op} */
  op() {
    return this.number();
  }

  /** A number of 64 bits; ours are below 2⁵³. */
  long() {
    const high = this.number();
    return high * 2 ** 32 + this.number();
  }

  text() {
    const from = this.textAt;
    this.textAt += this.number();
    return this.allText.slice(from, this.textAt);
  }

  bytes() {
    const from = this.bytesAt;
    this.bytesAt += this.number();
    return this.allBytes.subarray(from, this.bytesAt);
  }

  /**
   * @template T
   * @param {() => T} item
   */
  list(item) {
    return Array.from({ length: this.number() }, item);
  }
}
