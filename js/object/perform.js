// Does what a commit says, in the order it says.

import { readEffect } from "../base/effects.js";

/** @typedef {import("../base/commit.js").Commit} Commit */
/** @typedef {import("../base/effects.js").Effect} Effect */
/** @typedef {import("../base/glue.js").Ops} Ops */
/** @typedef {import("./letters.js").Letter} Letter */
/** @typedef {import("./sockets.js").Sockets} Sockets */
/** @typedef {import("./storage.js").RoomStorage} RoomStorage */

/**
 * What came of a commit.
 *
 * @typedef {object} Performed
 * @property {boolean} stored whether anything was stored
 * @property {Letter[]} letters to be delivered, when nothing reads the commit any more: what delivers
 *   them may run Rust again, in whose memory it lies
 * @property {string[]} lines for the log
 * @property {{ effect: Effect["effect"], socket?: number, error: unknown }[]} refused outputs that the
 *   platform did not take
 */

/**
 * Stores what is to be stored, all or nothing, and then does what is to be done on sockets.
 *
 * @param {Ops} Op
 * @param {Commit} commit
 * @param {RoomStorage} storage
 * @param {Sockets} sockets
 * @returns {Performed}
 * @throws if the transaction failed: then nothing was done
 */
export function perform(Op, commit, storage, sockets) {
  const writes = commit.number();
  if (writes > 0) {
    /** @param {Effect} first */
    const writeAll = (first) => {
      write(first, storage);
      for (let left = writes - 1; left > 0; left--) write(readEffect(Op, commit), storage);
    };
    const first = readEffect(Op, commit);
    // A statement alone is all or nothing by itself.
    const isOne = writes === 1 && first.effect !== "purge";
    if (isOne) storage.alone(() => writeAll(first));
    else storage.transaction(() => writeAll(first));
  }
  /** @type {Performed} */
  const performed = { stored: writes > 0, letters: [], lines: [], refused: [] };
  while (commit.more()) {
    const effect = readEffect(Op, commit);
    // What is stored cannot be taken back, so no output may stop the rest.
    try {
      output(effect, sockets, performed);
    } catch (error) {
      const socket = "socket" in effect ? effect.socket : undefined;
      performed.refused.push({ effect: effect.effect, socket, error });
    }
  }
  return performed;
}

/**
 * @param {Effect} effect
 * @param {RoomStorage} storage
 */
function write(effect, storage) {
  switch (effect.effect) {
    case "purge":
      return storage.purge();
    case "state":
      return storage.putState(effect.json);
    case "putAlarm":
      return storage.putAlarm(effect);
    case "removeAlarm":
      return storage.removeAlarm(effect.name);
    case "value":
      return storage.putValue(effect.key, effect.json);
    case "removeValue":
      return storage.removeValue(effect.key);
    case "append":
      return storage.append(effect.history, effect.seq, effect.at, effect.row);
    case "trim":
      return storage.trim(effect.history, effect.through);
    case "ends":
      return storage.putEnds(effect.history, effect.last, effect.lastAt, effect.trimmed);
    case "setAlarm":
      return storage.setAlarm(effect.at);
    case "deleteAlarm":
      return storage.deleteAlarm();
    default:
      throw new Error(`the output ${effect.effect} among writes`);
  }
}

/**
 * @param {Effect} effect
 * @param {Sockets} sockets
 * @param {Performed} performed
 */
function output(effect, sockets, performed) {
  switch (effect.effect) {
    case "accept":
      return sockets.accept(effect.socket, effect.tags);
    case "attach":
      return sockets.get(effect.socket)?.serializeAttachment(narrow(effect.attachment));
    case "send":
      return sockets.sendTo(effect.sockets, effect.frame);
    case "broadcast": {
      const except = effect.except.map((number) => sockets.get(number));
      for (const socket of sockets.open(effect.tag ?? undefined, effect.to)) {
        if (!except.includes(socket)) sockets.send(socket, effect.frame);
      }
      return;
    }
    case "deliver":
      performed.letters.push(JSON.parse(effect.letter));
      return;
    case "close":
      return sockets.close(effect.socket, effect.code, effect.reason);
    case "log":
      performed.lines.push(effect.line);
      return;
    default:
      throw new Error(`the write ${effect.effect} among outputs`);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

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
