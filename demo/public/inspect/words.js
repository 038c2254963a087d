// Inputs and effects in words.

import { changes } from "./changes.js";
import { parse } from "./json.js";
import { span, timeOfDay } from "./time.js";

/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./types.js").Effect} Effect */
/** @typedef {import("./types.js").Frame} Frame */

/**
 * One line of a card.
 *
 * @typedef {object} Words
 * @property {string} kind what it is, in a word or two
 * @property {string} [about] to whom, from whom, when
 * @property {string} [text] what it carries; shown as JSON if it is JSON
 * @property {import("./changes.js").Change[]} [changes]
 * @property {"stored" | "sent" | "closed" | "logged"} [phase] of effects: when it is performed
 */

/**
 * @param {[name: string, ...args: any[]]} input
 * @param {Batch} batch
 * @returns {Words}
 */
export function inputWords([name, ...args], batch) {
  const [first, second] = args;
  const from = `from ${who(first, batch)}`;
  switch (name) {
    case "connect": {
      const { id: _id, ...rest } = parse(second) ?? {};
      const text = Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined;
      return { kind: "connect", about: from, text };
    }
    case "text":
      return { kind: "message", about: from, text: second };
    case "binary":
      return { kind: "message", about: from, text: bytes(second) };
    case "oversize":
      return { kind: "message", about: `${from}, ${second} bytes: too large` };
    case "close":
      return { kind: "close", about: `${from}, ${closing(second, args[2], args[3])}` };
    case "alarmFired":
      return { kind: "alarm", about: "went off" };
    case "alarm":
      return { kind: "alarm due", about: alarmName(first) };
    case "alarmStands": {
      const stands =
        first === null ? "no alarm is set" : `the alarm is set for ${timeOfDay(first)}`;
      return { kind: "wake", about: `the object woke; ${stands}` };
    }
    case "send":
      return { kind: "message", about: "from the Worker", text: first };
    case "broadcast":
      return { kind: "broadcast", about: "from the Worker", text: first };
    case "receive":
      return { kind: "letter", about: `from ${first}`, text: second };
    case "delivered":
      return { kind: "delivered", about: "a letter's outcome", text: second };
    case "readState":
      return { kind: "read", about: "the Worker asks for the state" };
    case "readCount":
      return { kind: "read", about: "the Worker asks how many are here" };
    case "readConnections":
      return { kind: "read", about: "the Worker asks who is here" };
    case "faulted":
      return { kind: "again", about: "the next input failed when it was run before" };
    case "refuse":
      return { kind: "again", about: "without the call that trapped, for the next input" };
    default:
      return { kind: name };
  }
}

/**
 * @param {Effect} effect
 * @param {Batch} batch
 * @param {number} reach how many a broadcast went to
 * @returns {Words}
 */
export function effectWords(effect, batch, reach) {
  switch (effect.effect) {
    case "purge":
      return stored("purge", "everything stored is removed");
    case "state":
      return { ...stored("save state"), ...stateWords(batch.before, effect.json) };
    case "putAlarm":
      return { ...stored("schedule", alarmAbout(effect)), text: effect.payload };
    case "removeAlarm":
      return stored("unschedule", alarmName(effect.name));
    case "value":
      return { ...stored("put value", keyName(effect.key)), text: effect.json };
    case "removeValue":
      return stored("remove value", keyName(effect.key));
    case "append":
      return { ...stored("append row", `${effect.seq} of ${effect.history}`), text: effect.row };
    case "trim":
      return stored("trim", `${effect.history}: rows up to ${effect.through} go`);
    case "ends":
      return stored("note ends", `${effect.history}: the last row is ${effect.last}`);
    case "setAlarm":
      return stored("set alarm", `${timeOfDay(effect.at)}, ${after(effect.at, batch)}`);
    case "deleteAlarm":
      return stored("delete alarm", "nothing is due");
    case "accept": {
      // The engine's own tags have a control character in front.
      const tags = effect.tags.filter((tag) => tag >= " ");
      const tagged = tags.length > 0 ? `, tagged ${tags.join(", ")}` : "";
      return sent("accept", `${who(effect.socket, batch)}${tagged}`);
    }
    case "attach":
      return { ...sent("attach", `to ${who(effect.socket, batch)}`), text: effect.attachment };
    case "send":
      return { ...sent("send", `to ${list(effect.sockets, batch)}`), text: frame(effect.frame) };
    case "broadcast":
      return {
        ...sent("broadcast", audience(effect, batch, reach)),
        text: frame(effect.frame),
      };
    case "deliver": {
      const [errand] = Object.values(parse(effect.letter)?.errand ?? {});
      const to = errand?.room ?? errand?.function ?? "somewhere";
      return { ...sent("deliver", `to ${to}`), text: effect.letter };
    }
    case "close": {
      const about = `${who(effect.socket, batch)} with ${closing(effect.code, effect.reason)}`;
      return { kind: "close", about, phase: "closed" };
    }
    case "log":
      return { kind: "log", about: effect.line, phase: "logged" };
  }
}

/**
 * @param {string} kind
 * @param {string} [about]
 * @returns {Words}
 */
const stored = (kind, about) => ({ kind, about, phase: "stored" });

/**
 * @param {string} kind
 * @param {string} about
 * @returns {Words}
 */
const sent = (kind, about) => ({ kind, about, phase: "sent" });

/**
 * @param {string | null} before
 * @param {string} json
 * @returns {Partial<Words>}
 */
function stateWords(before, json) {
  const after = parse(json);
  const earlier = before === null ? undefined : parse(before);
  if (after === undefined || (before !== null && earlier === undefined)) return { text: json };
  if (before === null) return { about: "for the first time", text: json };
  return { changes: changes(earlier, after) };
}

/** @param {Extract<Effect, { effect: "putAlarm" }>} alarm */
function alarmAbout({ name, at, period, failures, failed }) {
  const every = period ? `, every ${span(period)}` : "";
  const tries = failures > 0 ? `, failed ${failures} times` : "";
  return failed
    ? `${alarmName(name)} has failed for good`
    : `${alarmName(name)} for ${timeOfDay(at)}${every}${tries}`;
}

/**
 * @param {number} at
 * @param {Batch} batch
 */
const after = (at, batch) => (at <= batch.at ? "at once" : `${span(at - batch.at)} later`);

/**
 * The engine's own alarms have a control character in front.
 *
 * @param {string} name
 */
export function alarmName(name) {
  if (name === "\u0001sweep") return "the look for lost sockets (the engine's own)";
  if (name === "\u0001post") return "the next try of letters (the engine's own)";
  return name;
}

/** @param {string} key */
const keyName = (key) => key.replace("\u0001", "the engine's own ");

/**
 * @param {number} code
 * @param {string} reason
 * @param {boolean} [wasClean]
 */
function closing(code, reason, wasClean = true) {
  const words = reason ? `code ${code}, “${reason}”` : `code ${code}`;
  return wasClean ? words : `${words}: the line was cut`;
}

/**
 * @param {Extract<Effect, { effect: "broadcast" }>} broadcast
 * @param {Batch} batch
 * @param {number} reach
 */
function audience({ tag, to, except }, batch, reach) {
  const kind = { all: "all", plain: "all plain clients", enveloped: "all who can resume" }[to];
  const whom = tag === null ? kind : `${kind} tagged ${tag}`;
  const but = except.length > 0 ? ` but ${list(except, batch)}` : "";
  return `to ${whom}${but}: ${reach} ${reach === 1 ? "socket" : "sockets"}`;
}

/**
 * @param {number[]} sockets
 * @param {Batch} batch
 */
function list(sockets, batch) {
  const names = sockets.slice(0, 5).map((socket) => who(socket, batch));
  const more = sockets.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}

/**
 * @param {number} socket
 * @param {Batch} batch
 */
const who = (socket, { names }) => shortId(names[socket] ?? "a newcomer");

/**
 * A UUID's beginning tells it from others.
 *
 * @param {string} id
 */
const shortId = (id) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? `${id.slice(0, 8)}…` : id;

/** @param {Frame} frame */
const frame = (frame) => (typeof frame === "string" ? frame : bytes(frame));

/** @param {{ size: number, hex: string }} bytes */
const bytes = ({ size, hex }) => `${size} bytes: ${hex}${size > 32 ? " …" : ""}`;
