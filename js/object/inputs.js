// What can happen to a room, and how Rust is told of it.

/** @typedef {import("./instance.js").Glue} Glue */
/** @typedef {import("../base/glue.js").Answer} Answer */
/** @typedef {import("../base/glue.js").Outcome} Outcome */

/**
 * Something that happened. `enter` tells Rust; it may return inputs that follow from it.
 *
 * @typedef {object} Input
 * @property {string} kind what it is, for counting
 * @property {(glue: Glue, handle: number) => Input[] | void} enter
 * @property {Outcome} [outcome] what came of it when it was run before, if that was bad
 * @property {number} [refusals] how often its commit was refused
 * @property {number[]} [refused] calls into the room's own code that trapped, and are not made again
 * @property {boolean} [isFresh] whether it was tried alone in a fresh instance
 * @property {WebSocket} [socket] the socket it came from
 * @property {number} [number] the number of a socket that it is to open
 * @property {boolean} [answers] whether Rust gives an answer to it
 * @property {boolean} [tellsMissed] whether its answer says whom a frame did not reach
 * @property {(answer: Answer | undefined) => void} [settle] called when it is committed, with its answer
 *   if it has one; or when it fails, with the error
 * @property {() => void} [giveUp] called before that when it fails
 */

/**
 * @param {WebSocket} socket
 * @param {number} number
 * @param {string | ArrayBuffer} frame
 * @param {{ maxFrameBytes: number }} room knows the size of the largest frame once it is awake
 * @returns {Input}
 */
export function message(socket, number, frame, room) {
  return {
    kind: "message",
    socket,
    enter(glue, handle) {
      // A UTF-16 unit is at least a byte of UTF-8. Rust counts exactly what gets that far.
      const size = typeof frame === "string" ? frame.length : frame.byteLength;
      if (size > room.maxFrameBytes) glue.oversize(handle, number, size);
      else if (typeof frame === "string") glue.text(handle, number, frame);
      else glue.binary(handle, number, new Uint8Array(frame));
    },
  };
}

/**
 * @param {WebSocket} socket
 * @param {number} number
 * @param {number} code
 * @param {string} reason
 * @param {boolean} wasClean
 * @returns {Input}
 */
export function close(socket, number, code, reason, wasClean) {
  return {
    kind: "close",
    socket,
    enter: (glue, handle) => glue.close(handle, number, code, reason, wasClean),
  };
}

/**
 * @param {number} number
 * @param {string} upgrade
 * @returns {Input}
 */
export function connect(number, upgrade) {
  return {
    kind: "connect",
    number,
    answers: true,
    enter: (glue, handle) => glue.connect(handle, number, upgrade),
  };
}

/**
 * The alarm went off. What is due follows as inputs of its own, once: when a part of a batch is run
 * again they stand in it already.
 *
 * @param {() => void} refused called when something that is due can be handled in no way
 * @returns {Input}
 */
export function alarmFired(refused) {
  let isSeen = false;
  return {
    kind: "alarmFired",
    giveUp: refused,
    enter(glue, handle) {
      const due = glue.alarmFired(handle);
      if (isSeen) return;
      isSeen = true;
      return due.map((name) => alarm(name, refused));
    },
  };
}

/**
 * @param {string} name
 * @param {() => void} giveUp
 * @returns {Input}
 */
function alarm(name, giveUp) {
  return { kind: "alarm", giveUp, enter: (glue, handle) => glue.alarm(handle, name) };
}

/**
 * @param {number | null} at
 * @returns {Input}
 */
export function alarmStands(at) {
  return { kind: "wake", enter: (glue, handle) => glue.alarmStands(handle, at) };
}

/**
 * @param {string} json
 * @returns {Input}
 */
export function send(json) {
  return { kind: "send", answers: true, enter: (glue, handle) => glue.send(handle, json) };
}

/**
 * @param {string} json
 * @param {string} [tag]
 * @returns {Input}
 */
export function broadcast(json, tag) {
  return {
    kind: "broadcast",
    answers: true,
    tellsMissed: true,
    enter: (glue, handle) => glue.broadcast(handle, json, tag),
  };
}

/**
 * @param {string} from the sender's object name
 * @param {string} letter JSON
 * @returns {Input}
 */
export function receive(from, letter) {
  return {
    kind: "receive",
    answers: true,
    enter: (glue, handle) => glue.receive(handle, from, letter),
  };
}

/**
 * @param {number} seq
 * @param {import("./letters.js").Delivered} outcome
 * @returns {Input}
 */
export function delivered(seq, outcome) {
  const json = JSON.stringify(outcome);
  return { kind: "delivered", enter: (glue, handle) => glue.delivered(handle, seq, json) };
}

/** @returns {Input} */
export function readState() {
  return { kind: "read", answers: true, enter: (glue, handle) => glue.readState(handle) };
}

/** @returns {Input} */
export function readCount() {
  return { kind: "read", answers: true, enter: (glue, handle) => glue.readCount(handle) };
}

/**
 * @param {string} [tag]
 * @returns {Input}
 */
export function readConnections(tag) {
  return {
    kind: "read",
    answers: true,
    enter: (glue, handle) => glue.readConnections(handle, tag),
  };
}
