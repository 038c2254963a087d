// Remembers what an object did lately, for whoever looks on.

import { readEffects } from "../base/effects.js";
import { logError } from "../base/log.js";
import { watchInputs } from "./listen.js";

/** @typedef {import("../base/commit.js").Commit} Commit */
/** @typedef {import("../base/effects.js").Effect} Effect */
/** @typedef {import("../base/glue.js").Glue} Glue */
/** @typedef {import("./inspector.js").Readable} Readable */

/** The platform tag of sockets whose client speaks the protocol. */
const MARK = "\u0002";

/** How many batches are remembered, and how long after the last look. */
const BATCHES = 200;
const PATIENCE = 15_000;

/** What is remembered in all: characters of one text, of a batch and of an object, and objects. */
const TEXT = 4_000;
const STATE = 20_000;
const BATCH = 60_000;
const TRACE = 2_000_000;
const OBJECTS = 8;

/** Of how many sockets a batch tells the connection's id. */
const NAMED = 50;

/** @typedef {import("../base/told.js").Batch} Batch */
/** @typedef {import("../base/told.js").Fate} Fate */

/**
 * @typedef {object} Trace
 * @property {number} until when it ends, unless somebody looks
 * @property {{ seq: number, json: string }[]} batches
 * @property {number} size characters of them
 * @property {import("../base/told.js").Spent} spent in all
 */

/** @type {Map<string, Trace>} outside of the objects, whose memory sleep takes away */
const traces = new Map();

/** The number of the last batch. */
let last = 0;

/**
 * Whether somebody has looked at an object lately.
 *
 * @param {string} id the object's
 */
export const isTraced = (id) => traces.has(id);

/** Traces one object, from the first look until nobody has looked for a while. */
export class Tracer {
  #id;
  #object;
  /** @type {Trace | undefined} */
  #trace;
  /** @type {Glue | undefined} */
  #glue;
  /** @type {Glue | undefined} */
  #watched;
  /** @type {[name: string, ...args: unknown[]][]} */
  #inputs = [];
  /** @type {Omit<Batch, "seq" | "at" | "fate" | "inputs" | "answers" | "whole"> | undefined} */
  #read;
  #began = 0;

  /**
   * @param {string} id the object's
   * @param {Readable} object
   */
  constructor(id, object) {
    this.#id = id;
    this.#object = object;
    this.#trace = traces.get(id);
  }

  get isOn() {
    if (!this.#trace) return false;
    if (Date.now() < this.#trace.until) return true;
    traces.delete(this.#id);
    this.#trace = undefined;
    return false;
  }

  /**
   * The batches after one. From here on there are more for a while.
   *
   * @param {number} since
   */
  look(since) {
    this.#trace = open(this.#id);
    const { batches, spent } = this.#trace;
    const after = batches.filter(({ seq }) => seq > since);
    /** @type {Batch[]} */
    const parsed = after.map(({ json }) => JSON.parse(json));
    return { batches: parsed, spent };
  }

  /**
   * A batch begins: what Rust is to be told through.
   *
   * @param {Glue} glue
   * @returns {Glue}
   */
  watch(glue) {
    this.#began = performance.now();
    this.#inputs = [];
    this.#read = undefined;
    if (!this.#watched || this.#glue !== glue) {
      this.#glue = glue;
      this.#watched = watchInputs(glue, (name, args) => void this.#inputs.push([name, ...args]));
    }
    return this.#watched;
  }

  /**
   * Rust is done, and nothing is performed yet.
   *
   * @param {Glue} glue
   * @param {Commit} commit
   */
  read({ Op }, commit) {
    const rust = performance.now() - this.#began;
    this.#carefully(() => {
      const effects = commit.ahead((ahead) => readEffects(Op, ahead));
      const isSaved = effects.some(({ effect }) => effect === "state" || effect === "purge");
      const before = isSaved ? clip(this.#object.storage.state() ?? null, STATE) : null;
      const names = namesOf(this.#object, this.#inputs, effects);
      const reach = reachOf(this.#object, effects);
      this.#read = { effects, before, names, reach, rust, left: 0 };
    });
  }

  /**
   * The batch is over.
   *
   * @param {Fate} fate
   * @param {unknown[]} answers
   */
  keep(fate, answers = []) {
    const now = performance.now();
    this.#carefully(() => {
      const trace = this.#trace;
      if (!trace) return;
      const whole = now - this.#began;
      const read = fate === "done" ? this.#read : undefined;
      const rust = read?.rust ?? whole;
      const empty = { effects: [], before: null, names: {}, reach: [], left: 0 };
      last = Math.max(last + 1, Date.now());
      /** @type {Batch} */
      const batch = {
        seq: last,
        at: Date.now(),
        fate,
        inputs: this.#inputs,
        ...(read ?? empty),
        answers,
        rust,
        whole,
      };
      add(trace, last, JSON.stringify(small(batch)));
      trace.spent.batches += 1;
      trace.spent.rust += rust;
      trace.spent.whole += whole;
    });
  }

  /**
   * Looking on must not be felt: a trace that fails is over, and the room goes on.
   *
   * @param {() => void} tell
   */
  #carefully(tell) {
    try {
      tell();
    } catch (error) {
      logError("a trace ends", { error });
      traces.delete(this.#id);
      this.#trace = undefined;
    }
  }
}

/**
 * Somebody still wants to know what an object does, but not to wake it.
 *
 * @param {string} id the object's
 */
export function keepTracing(id) {
  const trace = traces.get(id);
  if (trace) trace.until = Date.now() + PATIENCE;
}

/** @param {string} id */
function open(id) {
  const now = Date.now();
  const trace = traces.get(id) ?? {
    until: 0,
    batches: [],
    size: 0,
    spent: { batches: 0, rust: 0, whole: 0 },
  };
  trace.until = now + PATIENCE;
  // The one that was looked at last comes last.
  traces.delete(id);
  traces.set(id, trace);
  for (const [other, { until }] of traces) {
    if (until < now || traces.size > OBJECTS) traces.delete(other);
  }
  return trace;
}

/**
 * @param {Trace} trace
 * @param {number} seq
 * @param {string} json
 */
function add(trace, seq, json) {
  trace.batches.push({ seq, json });
  trace.size += json.length;
  while (trace.batches.length > BATCHES || trace.size > TRACE) {
    trace.size -= trace.batches.shift()?.json.length ?? trace.size;
  }
}

/**
 * The ids of the connections that a batch speaks of. One that only now connects has its id in what is
 * attached to it.
 *
 * @param {Readable} object
 * @param {[name: string, ...args: unknown[]][]} inputs
 * @param {Effect[]} effects
 */
function namesOf({ sockets }, inputs, effects) {
  /** @type {Set<number>} */
  const numbers = new Set();
  for (const [name, socket] of inputs) {
    if (ofSocket.has(name)) numbers.add(/** @type {number} */ (socket));
  }
  /** @type {Map<number, string>} */
  const attached = new Map();
  for (const effect of effects) {
    if (effect.effect === "send") for (const socket of effect.sockets) numbers.add(socket);
    if (effect.effect === "broadcast") for (const socket of effect.except) numbers.add(socket);
    if (!("socket" in effect)) continue;
    numbers.add(effect.socket);
    if (effect.effect === "attach") attached.set(effect.socket, effect.attachment);
  }
  /** @type {Record<string, string>} */
  const names = {};
  for (const number of [...numbers].slice(0, NAMED)) {
    const attachment = attached.get(number) ?? sockets.get(number)?.deserializeAttachment();
    if (attachment) names[number] = JSON.parse(attachment).id;
  }
  return names;
}

const ofSocket = new Set(["connect", "text", "binary", "oversize", "close"]);

/**
 * How many sockets each broadcast goes to: those that are open, with those that the batch accepted
 * before it and without those that it closed before it.
 *
 * @param {Readable} object
 * @param {Effect[]} effects
 */
function reachOf({ sockets }, effects) {
  /** @type {Map<number, string[]>} */
  const accepted = new Map();
  /** @type {Set<number>} */
  const closed = new Set();
  const reach = [];
  for (const effect of effects) {
    if (effect.effect === "accept") accepted.set(effect.socket, effect.tags);
    if (effect.effect === "close") {
      if (!accepted.delete(effect.socket)) closed.add(effect.socket);
    }
    if (effect.effect !== "broadcast") continue;
    const { tag, to, except } = effect;
    const out = new Set([...except, ...closed].map((number) => sockets.get(number)));
    const meant = sockets.open(tag ?? undefined, to);
    const there = meant.filter((socket) => !out.has(socket));
    const hears = (/** @type {string[]} */ tags) =>
      (tag === null || tags.includes(tag)) &&
      (to === "all" || tags.includes(MARK) === (to === "enveloped"));
    const joined = [...accepted].filter(
      ([number, tags]) => !except.includes(number) && hears(tags),
    );
    reach.push(there.length + joined.length);
  }
  return reach;
}

/**
 * A batch that is not too large to be kept.
 *
 * @param {Batch} batch
 * @returns {Batch}
 */
function small(batch) {
  let room = BATCH;
  let left = 0;
  /**
   * @template T
   * @param {T[]} items
   * @returns {T[]}
   */
  const some = (items) => {
    const kept = [];
    for (const item of items) {
      const short = shorten(item);
      room -= JSON.stringify(short).length;
      if (room < 0 && kept.length > 0) break;
      kept.push(short);
    }
    left += items.length - kept.length;
    return kept;
  };
  const [inputs, effects, answers] = [some(batch.inputs), some(batch.effects), some(batch.answers)];
  return { ...batch, inputs, effects, answers, left };
}

/**
 * @template T
 * @param {T} value
 * @returns {T}
 */
function shorten(value) {
  const json = JSON.stringify(value, function (key, part) {
    if (part instanceof Uint8Array) return { size: part.length, hex: hex(part) };
    if (typeof part !== "string") return part;
    return clip(part, key === "json" && this.effect === "state" ? STATE : TEXT);
  });
  return JSON.parse(json);
}

/**
 * @template {string | null} T
 * @param {T} text
 * @param {number} limit
 */
function clip(text, limit) {
  if (text === null || text.length <= limit) return text;
  return `${text.slice(0, limit)}… (${text.length} characters)`;
}

/** @param {Uint8Array} bytes */
const hex = (bytes) =>
  Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
