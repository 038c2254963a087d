// Looks on at objects: the log of wakes, the trace and the recording of each, for the Inspector and for
// tests. It reads what is stored and attached, and what crosses to Rust.

import { inspection } from "./inspection.js";
import { Recorder } from "./recorder.js";
import { isTraced, Tracer } from "./tracer.js";
import { WakeLog } from "./wakes.js";

export { inspect } from "./inspect.js";

/** @typedef {import("../base/commit.js").Commit} Commit */
/** @typedef {import("../base/glue.js").Glue} Glue */
/** @typedef {import("../base/told.js").Fate} Fate */
/** @typedef {import("../base/told.js").Inspection} Inspection */
/** @typedef {import("../base/told.js").ScheduledAlarm} ScheduledAlarm */
/** @typedef {import("../base/told.js").Wakes} Wakes */
/** @typedef {{ glue: Glue, host: { now(): number } }} Instance */

/**
 * What of an object is read here.
 *
 * @typedef {object} Readable
 * @property {Storage} storage
 * @property {Sockets} sockets
 * @property {Record<string, unknown>} env
 */

/**
 * @typedef {object} Storage
 * @property {SqlStorage} sql
 * @property {() => boolean} isRecorded
 * @property {(recording: boolean, write: () => void) => void} record
 * @property {() => string | undefined} state
 * @property {(prefix: string, after: string | undefined, limit: number, backwards: boolean) =>
 *   { rows: [key: string, json: string][], more: boolean }} values
 * @property {(at: number | undefined, name: string, limit: number) => ScheduledAlarm[]} pendingAlarms
 * @property {() => ScheduledAlarm[]} failedAlarms
 * @property {(rows: number) => import("../base/told.js").StoredHistory[]} histories
 */

/**
 * @typedef {object} Sockets
 * @property {DurableObjectState} ctx
 * @property {(tag?: string, to?: import("../base/effects.js").Listeners) => WebSocket[]} open
 * @property {() => number} count
 * @property {number | undefined} known
 * @property {(number: number) => WebSocket | undefined} get
 * @property {(socket: WebSocket) => number} number
 */

/**
 * @typedef {object} Watched an object that has woken
 * @property {string} id
 * @property {string} name
 * @property {Readable} readable
 * @property {{ inputs: number, drains: number, commits: number, traps: number }} counts
 * @property {() => Promise<number | null>} alarm where the alarm stands
 * @property {() => void} forget makes Rust read everything anew
 */

/** For `dormouse(glue, module, { watch: inspector() })`. */
export function inspector() {
  return (/** @type {Watched} */ object) => new Watcher(object);
}

/** Looks on at one object while it is awake. */
class Watcher {
  #object;
  #wakes;
  /** @type {Recorder | undefined} made when somebody wants it: most objects are never recorded */
  #madeRecorder;
  /** @type {Tracer | undefined} made when somebody looks */
  #madeTracer;
  /** The tracer of this batch, if there is one. @type {Tracer | undefined} */
  #tracing;
  /** Somebody came or went. */
  #moved = false;

  /** @param {Watched} object */
  constructor(object) {
    this.#object = object;
    this.#wakes = new WakeLog(object.id, object.name);
    if (isTraced(object.id)) this.#madeTracer = new Tracer(object.id, object.readable);
  }

  get #recorder() {
    this.#madeRecorder ??= new Recorder(this.#object.name, this.#object.readable);
    return this.#madeRecorder;
  }

  get #tracer() {
    this.#madeTracer ??= new Tracer(this.#object.id, this.#object.readable);
    return this.#madeTracer;
  }

  get #isRecorded() {
    return this.#object.readable.storage.isRecorded() && this.#recorder.isOn;
  }

  /**
   * @param {string} kind
   * @param {number} [now]
   */
  note(kind, now) {
    this.#wakes.note(kind, now);
    this.#moved ||= kind === "connect" || kind === "close";
  }

  deliveryBegins() {
    this.#wakes.deliveryBegins();
  }

  deliveryEnds() {
    this.#wakes.deliveryEnds();
  }

  /**
   * @param {Instance} instance
   * @param {number} handle
   * @returns {Glue} what Rust is told through
   */
  began(instance, handle) {
    const recorded = this.#isRecorded ? this.#recorder.watch(instance, handle) : instance.glue;
    this.#tracing = this.#madeTracer?.isOn ? this.#madeTracer : undefined;
    return this.#tracing?.watch(recorded) ?? recorded;
  }

  /**
   * @param {Instance} instance
   * @param {Commit} commit
   */
  handled({ glue }, commit) {
    this.#tracing?.read(glue, commit);
  }

  /**
   * @param {Instance} instance
   * @param {Fate} fate
   * @param {unknown[]} [answers]
   */
  ended(instance, fate, answers) {
    if (fate === "done" && this.#isRecorded) this.#recorder.keep(instance);
    this.#tracing?.keep(fate, answers);
    if (fate !== "done" || !this.#moved) return;
    this.#moved = false;
    this.#wakes.counted(this.#object.readable.sockets.count());
  }

  answers = {
    /** @returns {Wakes} */
    getWakes: () => {
      this.note("read");
      return this.#wakes.read();
    },

    /**
     * @param {number} since
     * @returns {Promise<Inspection>}
     */
    inspect: async (since) => {
      this.note("inspect");
      const { readable, counts } = this.#object;
      const alarm = await this.#object.alarm();
      this.#wakes.counted(readable.sockets.count());
      return {
        ...inspection(readable),
        alarm,
        isRecorded: this.#isRecorded,
        counts,
        wakes: this.#wakes.read(),
        trace: this.#tracer.look(since),
      };
    },

    /**
     * @param {number} limit how many inputs are kept at least
     * @param {boolean} hasConfig whether the Worker's variables are recorded
     */
    startRecording: (limit, hasConfig) => {
      this.note("record");
      // What it knows by heart the recording would not have.
      this.#object.forget();
      this.#recorder.start(limit, hasConfig);
    },

    getRecording: () => {
      this.note("record");
      return this.#recorder.read();
    },

    stopRecording: () => {
      this.note("record");
      this.#recorder.stop();
    },
  };
}
