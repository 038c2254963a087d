// The ladder after a trap, and what a batch with many of them costs, with an instance that only counts.

import { describe, expect, test } from "vitest";
import { blame, Turns } from "../../js/object/turns.js";

const Outcome = /** @type {const} */ ({ NotStored: 2, GaveUp: 3 });

class Trap extends WebAssembly.RuntimeError {}

/**
 * An object around an instance that is told of inputs, and does what their plan says at each try.
 *
 * @typedef {object} Plan
 * @property {(tried: Tried) => void} [act] may throw
 * @property {boolean} [cannotBeStored]
 * @property {string[]} [due] of an alarm
 * @property {boolean} [answers]
 *
 * @typedef {{ refused: number[], outcome: number | undefined, isFresh: boolean, alone: boolean }} Tried
 */
function world() {
  const log = /** @type {string[]} */ ([]);
  const committed = /** @type {string[][]} */ ([]);
  const settled = /** @type {Record<string, any>} */ ({});
  const dropped = /** @type {string[]} */ ([]);
  const wreck = {
    panic: undefined,
    calling: /** @type {number | undefined} */ (0),
    refused: 0,
    size: 0,
  };
  let enters = 0;
  let replaced = 0;
  let size = 0;
  let isWhole = true;
  let inInstance = 0;
  /** @type {{ name: string, plan: Plan }[]} */
  let batch = [];
  /** @type {number[]} */
  let refused = [];
  /** @type {number | undefined} */
  let outcome;
  const glue = {
    Outcome,
    refuse: (/** @type {number} */ _, /** @type {number} */ call) => void refused.push(call),
    faulted: (/** @type {number} */ _, /** @type {number} */ of) => {
      outcome = of;
    },
    reset: () => {
      batch = [];
      refused = [];
      outcome = undefined;
    },
    isWhole: () => isWhole,
    answers: () => batch.filter(({ plan }) => plan.answers).map(({ name }) => ({ ok: name })),
  };
  const instance = /** @type {any} */ ({
    glue,
    host: { turnOf() {} },
    isRunning: false,
    size: () => size,
    look: () => wreck,
    replace() {
      replaced += 1;
      inInstance = 0;
      size = 0;
      isWhole = true;
      instance.isRunning = false;
      glue.reset();
    },
    commit: () => ({ answers: batch.filter(({ plan }) => plan.answers).length }),
  });
  const counts = { inputs: 0, drains: 0, commits: 0, traps: 0 };
  const turns = new Turns(
    /** @type {any} */ ({
      instance,
      readable: {},
      counts,
      wake: () => 1,
      perform() {
        const names = batch.map(({ name }) => name);
        if (batch.some(({ plan }) => plan.cannotBeStored)) {
          throw new Error("storage refuses");
        }
        committed.push(names);
        return { stored: true };
      },
      answer: (/** @type {any} */ _, /** @type {any} */ answer) => answer,
      performed() {
        batch = [];
      },
      refuse() {},
      drop: (/** @type {any} */ { name }) => void dropped.push(name),
      log: (/** @type {string} */ line) => void log.push(line),
    }),
  );
  /**
   * @param {string} name
   * @param {Plan} [plan]
   * @returns {any}
   */
  const input = (name, plan = {}) => {
    let isSeen = false;
    return {
      name,
      kind: plan.due ? "alarm" : "message",
      answers: plan.answers,
      settle: (/** @type {any} */ answer) => {
        expect(settled, `${name} is settled once`).not.toHaveProperty(name);
        settled[name] = answer ?? null;
      },
      enter() {
        enters += 1;
        const tried = { refused, outcome, isFresh: inInstance === 0, alone: batch.length === 0 };
        inInstance += 1;
        refused = [];
        outcome = undefined;
        plan.act?.(tried);
        batch.push({ name, plan });
        if (!plan.due || isSeen) return undefined;
        isSeen = true;
        return plan.due.map((due) => input(due, plans[due]));
      },
    };
  };
  /** @type {Record<string, Plan>} of what alarms lead to */
  const plans = {};
  return {
    ...{ turns, input, plans, wreck, log, committed, settled, dropped, counts, instance },
    grow: (/** @type {number} */ to) => {
      size = to;
    },
    breakRust: () => {
      isWhole = false;
    },
    get enters() {
      return enters;
    },
    get replaced() {
      return replaced;
    },
  };
}

const READS = Array.from({ length: 64 }, (_, i) => 2 ** 31 + i);

/** A handler that traps unless its first call is left out. */
const panics = (/** @type {Tried} */ { refused, outcome }) => {
  if (outcome === undefined && !refused.includes(0)) throw new Trap("unreachable");
};

describe("the ladder", () => {
  const NONE = undefined;
  test.each([
    [
      "a first trap: that call is not made again",
      {},
      { kind: "trap", calling: 0 },
      true,
      { refused: [0] },
    ],
    [
      "a second one, elsewhere",
      { refused: [0] },
      { kind: "trap", calling: 2 },
      true,
      { refused: [0, 2] },
    ],
    [
      "the same call, although it was refused",
      { refused: [0] },
      { kind: "trap", calling: 0 },
      true,
      { outcome: 3 },
    ],
    ["no call of the room was running", {}, { kind: "trap", calling: NONE }, true, { outcome: 3 }],
    [
      "reads of what connections keep are no calls",
      { refused: [0, ...READS] },
      { kind: "trap", calling: 1 },
      true,
      { refused: [0, ...READS, 1] },
    ],
    [
      "64 reads are refused already: none is made",
      { refused: READS },
      { kind: "trap", calling: 2 ** 31 + 64 },
      true,
      { refused: [...READS, 2 ** 32 - 2] },
    ],
    [
      "eight calls are refused already",
      { refused: [0, 1, 2, 3, 4, 5, 6, 7] },
      { kind: "trap", calling: 8 },
      true,
      { outcome: 3 },
    ],
    [
      "not even without code of the room",
      { outcome: 3 },
      { kind: "trap", calling: 0 },
      false,
      { outcome: 3 },
    ],
    [
      "want of memory: nobody's fault",
      {},
      { kind: "trap", calling: 0, refused: 9 },
      true,
      { isFresh: true },
    ],
    [
      "want of memory, alone in a fresh instance",
      { isFresh: true },
      { kind: "trap", calling: 0, refused: 9 },
      true,
      { refused: [0] },
    ],
    ["it cannot be stored", {}, { kind: "store" }, true, { outcome: 2, refusals: 1 }],
    [
      "it cannot be stored once more",
      { outcome: 2, refusals: 1 },
      { kind: "store" },
      true,
      { outcome: 2, refusals: 2 },
    ],
    [
      "it cannot be stored, although its handler was not called",
      { outcome: 3 },
      { kind: "store" },
      true,
      { outcome: 3, refusals: 1 },
    ],
    [
      "it cannot be stored at all",
      { outcome: 2, refusals: 3 },
      { kind: "store" },
      false,
      { outcome: 2, refusals: 4 },
    ],
    ["what it reads is refused", {}, { kind: "read" }, true, { outcome: 2, refusals: 1 }],
    [
      "a trap after it could not be stored",
      { outcome: 2 },
      { kind: "trap", calling: 1 },
      true,
      { outcome: 2, refused: [1] },
    ],
  ])("%s", (_, before, fault, again, after) => {
    const input = /** @type {any} */ ({ ...before });
    expect(blame(input, /** @type {any} */ (fault), Outcome)).toBe(again);
    expect(input).toEqual({ ...before, ...after });
  });
});

test.each([1, 10, 100, 1_000])(
  "%i frames that panic, in one batch, cost no more than four times as many calls",
  (many) => {
    const w = world();
    const batch = Array.from({ length: many }, (_, i) => w.input(`${i}`, { act: panics }));
    w.turns.run(batch);
    expect(w.enters).toBeLessThanOrEqual(4 * many);
    expect(w.committed.flat()).toEqual(batch.map(({ name }) => name));
    expect(w.counts.traps).toBe(many);
    expect(w.dropped).toEqual([]);
  },
);

test.each([2, 3, 7])(
  "of a thousand frames every %ith panics: the order stays, and the cost is linear",
  (nth) => {
    const w = world();
    const names = Array.from({ length: 1_000 }, (_, i) => `${i}`);
    w.turns.run(names.map((name, i) => w.input(name, i % nth === 0 ? { act: panics } : {})));
    expect(w.enters).toBeLessThanOrEqual(4 * names.length);
    expect(w.committed.flat()).toEqual(names);
  },
);

test("what came before the trap is one commit, and what comes after it another", () => {
  const w = world();
  w.turns.run(
    ["a", "b", "!", "c", "d"].map((it) => w.input(it, it === "!" ? { act: panics } : {})),
  );
  expect(w.committed).toEqual([["a", "b"], ["!"], ["c", "d"]]);
});

test("what an alarm led to stays expanded, and each has its turn once", () => {
  const w = world();
  w.plans.two = { act: panics };
  w.turns.run([
    w.input("before"),
    w.input("alarm", { due: ["one", "two", "three"] }),
    w.input("after"),
  ]);
  expect(w.committed).toEqual([["before", "alarm", "one"], ["two"], ["three", "after"]]);
});

test("who traps whatever is left out is dropped, told so, and stops nobody", () => {
  const w = world();
  const always = () => {
    throw new Trap("unreachable");
  };
  w.turns.run([w.input("a"), w.input("x", { act: always }), w.input("b")]);
  expect(w.committed).toEqual([["a"], ["b"]]);
  expect(w.dropped).toEqual(["x"]);
  expect(w.settled.x).toMatchObject({ error: { _tag: "Execution", status: 500 } });
  expect(w.enters).toBeLessThanOrEqual(1 + 1 + 2 + 3);
});

test("a call each that traps is left out one after the other, eight at most", () => {
  const w = world();
  const tried = /** @type {Tried[]} */ ([]);
  w.turns.run([
    w.input("x", {
      act(it) {
        tried.push(it);
        if (it.outcome === Outcome.GaveUp) return;
        w.wreck.calling = it.refused.length;
        throw new Trap("unreachable");
      },
    }),
  ]);
  expect(tried.map(({ refused }) => refused.length)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 8]);
  expect(tried.at(-1)?.outcome).toBe(Outcome.GaveUp);
  expect(w.committed).toEqual([["x"]]);
});

test("for want of memory an input is tried alone in a fresh instance, and blamed for nothing", () => {
  const w = world();
  const tried = /** @type {Tried[]} */ ([]);
  const hungry = (/** @type {Tried} */ it) => {
    tried.push(it);
    w.wreck.refused = it.isFresh ? 0 : 1_000_000;
    if (!it.isFresh) throw new Trap("unreachable");
  };
  w.turns.run([w.input("a"), w.input("hungry", { act: hungry }), w.input("b")]);
  expect(tried).toEqual([
    { refused: [], outcome: undefined, isFresh: false, alone: false },
    { refused: [], outcome: undefined, isFresh: true, alone: true },
  ]);
  expect(w.committed).toEqual([["a"], ["hungry"], ["b"]]);
  expect(w.log).toEqual([
    expect.stringMatching(/^out of memory: 1000000 bytes were refused, the limit is 67108864/),
  ]);
});

test("an instance that is large between turns is replaced, and one that is not stays", () => {
  const w = world();
  w.turns.run([w.input("a", { act: () => w.grow(32 * 1024 * 1024) })]);
  expect(w.replaced).toBe(0);
  w.turns.run([w.input("b", { act: () => w.grow(33 * 1024 * 1024) })]);
  expect([w.replaced, w.instance.size()]).toEqual([1, 0]);
});

test.each([
  new TypeError("it is no text"),
  new RangeError("Invalid array length"),
  new Error("a bug of ours"),
])("an exception that is no trap fails its input alone, and costs no instance: %s", (error) => {
  const w = world();
  const wrong = () => {
    throw error;
  };
  const names = ["a", "x", "b"];
  w.turns.run(names.map((it) => w.input(it, { answers: true, ...(it === "x" && { act: wrong }) })));
  expect(w.replaced).toBe(0);
  expect(w.committed).toEqual([["a", "b"]]);
  expect(w.settled).toMatchObject({
    a: { ok: "a" },
    b: { ok: "b" },
    x: { error: { status: 500 } },
  });
  expect(w.log).toEqual(["an input of the kind message cannot be told"]);
});

test("an exception that came through Rust leaves it where it stood: the instance goes", () => {
  const w = world();
  const refused = (/** @type {Tried} */ { outcome }) => {
    if (outcome !== undefined) return;
    w.breakRust();
    throw new Error("SQLITE_FULL");
  };
  w.turns.run([w.input("a"), w.input("x", { act: refused }), w.input("b")]);
  expect(w.replaced).toBe(1);
  expect(w.committed).toEqual([["a"], ["x"], ["b"]]);
});

test("the end of the stack is a trap", () => {
  const w = world();
  const deep = (/** @type {Tried} */ { refused }) => {
    if (refused.length === 0) throw new RangeError("Maximum call stack size exceeded");
  };
  w.turns.run([w.input("x", { act: deep })]);
  expect([w.counts.traps, w.replaced, w.committed.length]).toEqual([1, 1, 1]);
});

test("where storage refuses, each input is a commit of its own, in order, and one that stays refused is dropped", () => {
  const w = world();
  w.turns.run(["a", "x", "b"].map((it) => w.input(it, { cannotBeStored: it === "x" })));
  expect(w.committed).toEqual([["a"], ["b"]]);
  expect(w.dropped).toEqual(["x"]);
  expect(w.replaced).toBe(0);
});

test("who was stopped in the middle by the platform leaves an instance that is replaced", () => {
  const w = world();
  w.instance.isRunning = true;
  w.turns.run([w.input("a")]);
  expect([w.replaced, w.committed.length]).toEqual([1, 1]);
});
