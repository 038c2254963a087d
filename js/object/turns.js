// Handles what is in the inbox, commits it, and finds the input at fault when that fails. It needs no
// class of the platform.

import { internal } from "../base/errors.js";

/** @typedef {import("../base/commit.js").Commit} Commit */
/** @typedef {import("../base/glue.js").Answer} Answer */
/** @typedef {import("../base/glue.js").Failure} Failure */
/** @typedef {import("../base/glue.js").Outcomes} Outcomes */
/** @typedef {import("./host.js").Readable} Readable */
/** @typedef {import("./inputs.js").Input} Input */
/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("./watch.js").Watcher} Watcher */

/** So often a commit is refused before its input is given up: it is nobody's fault. */
const MOST_REFUSALS = 3;

/** How many calls into the room's own code one input may lose before none is made for it. */
const MOST_REFUSED = 8;

/** What reads a connection's state is numbered from here on; after so many none is read for the input. */
const [READS, MOST_READS, NO_READS] = [2 ** 31, 64, 2 ** 32 - 2];

/**
 * Memory that an instance may keep between turns, in bytes: half of what it may have at all. Memory
 * that has grown does not shrink, other rooms filled it, and a new instance costs a tenth of a
 * millisecond.
 */
const SPACIOUS = 32 * 1024 * 1024;

/** What the memory of an instance may grow to, as src/wasm/memory.rs has it. */
const LIMIT = 64 * 1024 * 1024;

/**
 * What the turns need of their object.
 *
 * @template {{ stored: boolean }} Performed
 * @typedef {object} Around
 * @property {Instance} instance
 * @property {Readable} readable what Rust reads of the object
 * @property {Watcher} [watcher] who looks on
 * @property {{ inputs: number, drains: number, commits: number, traps: number }} counts
 * @property {() => number | Failure} wake the room's handle in the running instance, or why there is none
 * @property {(commit: Commit) => Performed} perform does what a commit says; throws if it was not stored
 * @property {(input: Input, answer: Answer | undefined, performed: Performed) => Answer | undefined} answer
 *   what who waits for an input is told, of what Rust said
 * @property {(performed: Performed) => void} performed what follows when all are told
 * @property {(batch: Input[], failure: Failure) => void} refuse there is no such room
 * @property {(input: Input) => void} drop an input that can be handled in no way
 * @property {(message: string, about?: { error?: unknown }) => void} log
 */

/**
 * How an input or a commit failed: `trap` if Rust did, `read` if the platform refused to be read, which
 * leaves Rust where it stood as well, `store` if it refused to store.
 *
 * @typedef {"trap" | "read" | "store"} Kind
 */

/**
 * @typedef {object} Fault
 * @property {Kind} kind
 * @property {number} [calling] the call into the room's own code that trapped, if one did
 * @property {number} [refused] bytes of the memory that was refused
 */

/**
 * Says on an input what is to be different when it is run again. Each time it may do less: without the
 * call that trapped, without any code of the room.
 *
 * Memory is filled by all rooms of the instance, so nobody is blamed for the lack of it who has not been
 * tried alone in a fresh one.
 *
 * @param {Input} input
 * @param {Fault} fault
 * @param {Outcomes} Outcome
 * @returns {boolean} whether there is anything left to try
 */
export function blame(input, { kind, calling, refused = 0 }, Outcome) {
  if (input.outcome === Outcome.GaveUp && kind === "trap") return false;
  if (refused > 0 && !input.isFresh) {
    input.isFresh = true;
    return true;
  }
  const calls = input.refused ?? [];
  if (kind !== "trap") {
    input.refusals = (input.refusals ?? 0) + 1;
    if (input.refusals > MOST_REFUSALS) return false;
    if (calls.length === 0) input.outcome ??= Outcome.NotStored;
  } else if (calling === undefined || calls.includes(calling) || !isBearable(calls, calling)) {
    input.outcome = Outcome.GaveUp;
  } else {
    const isLast = calling >= READS && calls.length >= MOST_READS;
    input.refused = [...calls, isLast ? NO_READS : calling];
  }
  return true;
}

/** @param {number[]} calls @param {number} another */
const isBearable = (calls, another) =>
  another >= READS || calls.filter((call) => call < READS).length < MOST_REFUSED;

/**
 * Whether an exception out of Rust is the end of its instance. Others are of JavaScript.
 *
 * @param {unknown} error
 */
const isTrap = (error) =>
  error instanceof WebAssembly.RuntimeError ||
  (error instanceof RangeError && error.message.includes("call stack"));

/** @template {{ stored: boolean }} Performed */
export class Turns {
  #around;

  /** @param {Around<Performed>} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * Handles a batch and commits it. If that fails, the input at fault is found, and the others are
   * handled all the same, in their order.
   *
   * @param {Input[]} batch
   */
  run(batch) {
    const { instance } = this.#around;
    // What is left to do, the next at the end.
    const left = [batch];
    for (let next = left.pop(); next; next = left.pop()) {
      if (next.length === 0) continue;
      left.push(...this.#turn(next).reverse());
      if (!instance.isRunning && instance.size() > SPACIOUS) instance.replace();
    }
  }

  /**
   * @param {Input[]} batch grows by what follows from its inputs
   * @returns {Input[][]} what is to be run again, each a batch of its own
   */
  #turn(batch) {
    const { instance, readable, watcher, wake, refuse } = this.#around;
    // Nothing can be caught where the platform resets an object that runs, and Rust, which others
    // share, stands where it was stopped. And who wants a fresh instance gets one.
    if (instance.isRunning || batch.some(({ isFresh }) => isFresh)) instance.replace();
    /** @type {Input | undefined} */
    let current;
    /** @type {Set<Input>} */
    const failed = new Set();
    let commit;
    let handle;
    try {
      instance.isRunning = true;
      instance.host.turnOf(readable);
      handle = wake();
      if (typeof handle !== "number") {
        instance.isRunning = false;
        refuse(batch, handle);
        return [];
      }
      const glue = watcher?.began(instance, handle) ?? instance.glue;
      for (let i = 0; i < batch.length; i++) {
        current = /** @type {Input} */ (batch[i]);
        const following = this.#enter(current, glue, handle, failed);
        if (following) batch.splice(i + 1, 0, ...following);
      }
      current = undefined;
      commit = instance.commit(handle);
      instance.isRunning = false;
      watcher?.handled(instance, commit);
    } catch (error) {
      return this.#wrecked(batch, current, error);
    }
    let performed;
    try {
      performed = this.#around.perform(commit);
    } catch (error) {
      watcher?.ended(instance, "not stored");
      this.#around.log("a commit failed", { error });
      instance.glue.reset(handle);
      return this.#again(batch, undefined, { kind: "store" });
    }
    if (performed.stored) this.#around.counts.commits += 1;
    const answers = commit.answers > 0 ? instance.glue.answers() : [];
    watcher?.ended(instance, "done", answers);
    let next = 0;
    for (const input of batch) {
      if (failed.has(input)) continue;
      const answer = input.answers ? answers[next++] : undefined;
      input.settle?.(this.#around.answer(input, answer, performed));
    }
    this.#around.performed(performed);
    return [];
  }

  /**
   * Tells Rust of an input. One that JavaScript itself cannot tell it fails alone.
   *
   * @param {Input} input
   * @param {import("../base/glue.js").Glue} glue
   * @param {number} handle
   * @param {Set<Input>} failed
   */
  #enter(input, glue, handle, failed) {
    const { instance, log } = this.#around;
    try {
      for (const call of input.refused ?? []) glue.refuse(handle, call);
      if (input.outcome !== undefined) glue.faulted(handle, input.outcome);
      return input.enter(glue, handle);
    } catch (error) {
      if (isTrap(error) || !instance.glue.isWhole()) throw error;
      log(`an input of the kind ${input.kind} cannot be told`, { error });
      // What was said of it before is not meant for the next. It was alone.
      if (input.refused || input.outcome !== undefined) instance.glue.reset(handle);
      failed.add(input);
      if (input.kind === "close") this.#around.drop(input);
      this.#fail(input);
    }
  }

  /**
   * Rust did not come to the end of a batch, and its instance cannot be used any more.
   *
   * @param {Input[]} batch
   * @param {Input | undefined} current the input it was at
   * @param {unknown} error
   */
  #wrecked(batch, current, error) {
    const { instance, watcher, counts, log } = this.#around;
    watcher?.ended(instance, "trapped");
    const { panic, calling, refused, size } = instance.look();
    counts.traps += 1;
    const kind = isTrap(error) ? "trap" : "read";
    const isShort = kind === "trap" && refused > 0;
    const what = kind === "read" ? "what a handler reads was refused" : "a handler trapped";
    const short = `out of memory: ${refused} bytes were refused, the limit is ${LIMIT}, and ${size} are taken`;
    log(isShort ? short : (panic ?? what), { error });
    instance.replace();
    return this.#again(batch, current, { kind, calling, refused: isShort ? refused : 0 });
  }

  /**
   * What is to be run again: what came before the input at fault, which ran well, as a batch of its own;
   * it alone; and what comes after it. Where it is not known, each alone.
   *
   * @param {Input[]} batch
   * @param {Input | undefined} culprit
   * @param {Fault} fault
   * @returns {Input[][]}
   */
  #again(batch, culprit, fault) {
    const input = batch.length === 1 ? batch[0] : culprit;
    if (!input) return batch.map((alone) => [alone]);
    const at = batch.indexOf(input);
    const others = [batch.slice(0, at), batch.slice(at + 1)];
    if (blame(input, fault, this.#around.instance.glue.Outcome)) {
      others.splice(1, 0, [input]);
    } else {
      // Not even the engine gets through this one.
      this.#around.drop(input);
      this.#fail(input);
    }
    return others;
  }

  /** @param {Input} input */
  #fail(input) {
    input.giveUp?.();
    input.settle?.({ error: internal() });
  }
}
