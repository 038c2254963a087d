// What has happened in a soak, and what went wrong.

/** So many faults are told one by one; the rest are only counted. */
const TOLD = 20;

/** What can be wrong with what clients hear, and with everything else. */
export const faultKinds = /** @type {const} */ ([
  "lost",
  "doubled",
  "out of order",
  "hanging closes",
  "wrong closes",
  "wrong counts",
  "did not sleep",
  "traps",
  "leaks",
]);

/** @typedef {typeof faultKinds[number]} FaultKind */
/** @typedef {(kind: FaultKind, what: string) => void} TellFault */

export class Tally {
  /** @param {number} minutes that it is to take */
  constructor(minutes) {
    this.minutes = minutes;
    this.open = 0;
    this.mostOpen = 0;
    this.connects = 0;
    this.said = 0;
    this.heard = 0;
    this.pauses = 0;
    this.slept = 0;
    this.woke = 0;
    /** Closes by kind. @type {Map<string, number>} */
    this.closes = new Map();
    /** @type {Map<FaultKind, number>} */
    this.faults = new Map(faultKinds.map((kind) => [kind, 0]));
    this.startedAt = Date.now();
    this.#told = 0;
    this.#isOver = false;
  }

  #told;
  #isOver;

  /** All are there: the time counts from now. */
  begin() {
    this.startedAt = Date.now();
  }

  /** What comes now is the server's end. */
  end() {
    this.#isOver = true;
  }

  connected() {
    this.connects += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
  }

  /** @param {string} kind of close */
  closed(kind) {
    this.open -= 1;
    this.closes.set(kind, (this.closes.get(kind) ?? 0) + 1);
  }

  /** @type {TellFault} */
  fault = (kind, what) => {
    if (this.#isOver) return;
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.#told += 1;
    if (this.#told <= TOLD) console.error(`soak: ${kind}: ${what}`);
    if (this.#told === TOLD) console.error("soak: further faults are only counted");
  };

  get faultCount() {
    return [...this.faults.values()].reduce((sum, count) => sum + count, 0);
  }
}
