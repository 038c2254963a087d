// Faults in the client: each breaks a rule of the lives, which are then made short.

import { expect, test, vi } from "vitest";
import { Keeper } from "../../../js/browser/keeper.js";
import { Outbox } from "../../../js/browser/outbox.js";
import { RoomClient } from "../../../js/browser/room-client.js";
import { live, stepsOf } from "./life.js";
import { print, shrink } from "./shrink.js";

const MOST_LIVES = 600;
const MOST_STEPS = 10;

/**
 * A method that is another for a while.
 *
 * @template {object} Class
 * @template {keyof Class} Name
 * @param {{ prototype: Class }} its
 * @param {Name} name
 * @param {(original: any) => (this: any, ...args: any[]) => any} change
 */
function patch({ prototype }, name, change) {
  const original = prototype[name];
  prototype[name] = /** @type {any} */ (change(original));
  return () => {
    prototype[name] = original;
  };
}

/** What becomes of the outputs of each step. */
const between = vi.hoisted(() => ({ change: (/** @type {any[]} */ made) => made }));

vi.mock("../../../js/browser/core.js", async (original) => {
  const { core } = /** @type {typeof import("../../../js/browser/core.js")} */ (await original());
  return {
    core: (/** @type {Parameters<typeof core>[0]} */ options) => {
      const { seen, step } = core(options);
      return {
        seen,
        step: (/** @type {Parameters<typeof step>} */ ...args) => between.change(step(...args)),
      };
    },
  };
});

/** @param {(outputs: any[]) => any[]} change */
function outputs(change) {
  const before = between.change;
  between.change = change;
  return () => {
    between.change = before;
  };
}

/** @type {Record<string, { plant?: () => () => void } & import("./life.js").How>} */
const faults = {
  "numbers begin at 1 after a reload": {
    plant: () =>
      patch(
        Keeper,
        "load",
        (load) =>
          async function () {
            const found = await load.call(this);
            return found?.kept ? { ...found, kept: { ...found.kept, next: 1, sends: [] } } : found;
          },
      ),
  },
  "what is said in a listener leaves before what waits": {
    plant: () =>
      patch(
        Outbox,
        "leaving",
        (leaving) =>
          function (...args) {
            const firstNew = this.sends.findIndex((/** @type {any} */ { number }) => number === 0);
            if (firstNew >= 0) this.sends.push(...this.sends.splice(firstNew).reverse());
            return leaving.apply(this, args);
          },
      ),
  },
  "what is settled is sent again": {
    plant: () =>
      patch(
        Outbox,
        "handled",
        (handled) =>
          function (number) {
            const [first] = this.sends;
            handled.call(this, number);
            if (first && !this.sends.includes(first) && !first.isAgain) {
              this.sends.push({ ...first, number: 0, line: 0, isAgain: true });
            }
          },
      ),
  },
  "what is refused is said to be stored": {
    plant: () =>
      patch(
        Outbox,
        "refused",
        () =>
          function (number) {
            this.handled(number);
          },
      ),
  },
  "the place is not kept": {
    plant: () =>
      patch(
        Keeper,
        "save",
        (save) =>
          function (kept) {
            this.place ??= kept?.place;
            return save.call(this, kept && { ...kept, place: kept.place && this.place });
          },
      ),
  },
  "nobody is told of a reset": {
    plant: () => outputs((made) => made.filter(({ name }) => name !== "reset")),
  },
  "what left is sent again to a room that has forgotten": {
    plant: () =>
      patch(
        Outbox,
        "forget",
        () =>
          function () {
            [this.next, this.tally] = [1, 0];
            for (const sent of this.sends) sent.number = sent.line = 0;
          },
      ),
  },
  "what never left is dropped with what left": {
    plant: () =>
      patch(
        Outbox,
        "forget",
        (forget) =>
          function (why) {
            forget.call(this, why);
            this.sends = [];
          },
      ),
  },
  "pauses do not grow": {
    Client: class extends RoomClient {
      /** @param {any} address @param {any} options @param {any} page */
      constructor(address, options, page) {
        super(address, { ...options, slowest: 100 }, page);
      }
    },
  },
  "a copy of a tab has its session": {
    wrap: (page) => {
      const request = async (
        /** @type {string} */ _name,
        /** @type {object} */ _options,
        /** @type {(lock: object) => any} */ use,
      ) => use({});
      return Object.create(page, { navigator: { value: { locks: { request } } } });
    },
  },
  "a message is told twice": {
    plant: () =>
      outputs((made) =>
        made.flatMap((output) =>
          output.name === "message" && output.details[1] % 5 === 0 ? [output, output] : [output],
        ),
      ),
  },
  "what came too late for whoever waits is said not to have left": {
    plant: () =>
      patch(
        Outbox,
        "expire",
        (expire) =>
          function (now) {
            const numbers = this.sends.map((/** @type {any} */ { number }) => number);
            const sends = this.sends;
            for (const sent of sends) if (sent.until <= now) sent.number = 0;
            expire.call(this, now);
            for (const [i, sent] of sends.entries()) sent.number = numbers[i];
          },
      ),
  },
  "what waits is lost in a reload": {
    plant: () =>
      patch(
        Keeper,
        "save",
        (save) =>
          function (kept) {
            return save.call(this, kept && { ...kept, sends: [] });
          },
      ),
  },
  "a page that comes back does not ask for its session": {
    wrap: (page) =>
      Object.create(page, {
        addEventListener: {
          value: (/** @type {string} */ name, /** @type {() => void} */ listener) =>
            name === "pageshow" || page.addEventListener?.(name, listener),
        },
      }),
  },
};

test.each(Object.entries(faults))(
  "%s: found, and made short",
  { timeout: 120_000 },
  async (_, fault) => {
    const restore = fault.plant?.();
    try {
      for (let seed = 0; seed < MOST_LIVES; seed++) {
        if (!(await live(seed, stepsOf(seed), fault))) continue;
        const isBroken = async (/** @type {import("./life.js").Step[]} */ steps) =>
          Boolean(await live(seed, steps, fault));
        const steps = await shrink(stepsOf(seed), isBroken);
        console.log(seed, await live(seed, steps, fault), print(seed, steps));
        expect(steps.length).toBeLessThanOrEqual(MOST_STEPS);
        return;
      }
      throw new Error(`not found in ${MOST_LIVES} lives`);
    } finally {
      restore?.();
    }
  },
);
