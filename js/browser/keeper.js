// Keeps a session in sessionStorage, for one page at a time: a tab that was copied has a copy of it.

import { canBeSole, sole } from "./sole.js";

/** @typedef {import("./core.js").Kept} Kept */
/** @typedef {import("./core.js").Merge} Merge */

const VERSION = 1;

/** Where in localStorage it stands whose sessions were taken, and of how many. */
const SPENT = "dormouse:spent";
const MOST_SPENT = 64;

export class Keeper {
  /** Whether a reload would find the session. */
  isKept = false;
  #page;
  #name;
  /** Of the session: whoever holds the lock of this name has it. */
  #owner = "";
  /** What stands there by us. @type {string | null} */
  #text = null;
  /** @type {(() => void) | undefined} */
  #release;
  #turn = 0;
  #complain;

  /**
   * @param {import("./page.js").Page} page
   * @param {string} key
   * @param {(error: unknown) => void} complain once, when nothing can be kept any more
   */
  constructor(page, key, complain) {
    this.#page = page;
    this.#name = `dormouse:${key}`;
    this.#complain = complain;
  }

  /**
   * What is there, if nobody else has it.
   *
   * @returns {Promise<{ kept?: Kept, merge?: Merge } | undefined>} without `merge` it is as we left it.
   *   Nothing if it was released meanwhile
   */
  async load() {
    // A copy could not be told from the page that it is a copy of.
    if (!canBeSole(this.#page)) return {};
    const turn = this.#turn;
    const text = this.#item();
    // What could not be kept nobody could take.
    const isSame = this.#owner !== "" && (this.#text === null || this.#text === text);
    const owner = isSame ? this.#owner : read(text)?.owner;
    /** @type {Kept | undefined} */
    let kept;
    if (owner !== undefined && (await this.#own(owner, turn)) && !this.#isSpent(owner, !isSame)) {
      if (isSame) return {};
      const now = read(this.#item());
      if (now?.owner === owner) kept = now.kept;
    }
    // What was taken has another owner from now on: who has a copy of it finds nothing.
    if (turn === this.#turn) await this.#own(newName(this.#page), turn);
    if (turn !== this.#turn) return undefined;
    this.#text = this.#item();
    if (kept) this.save(kept);
    return { kept, merge };
  }

  /** @param {Kept | undefined} kept nothing to remove it */
  save(kept) {
    try {
      const storage = this.#page.sessionStorage;
      if (!storage || !canBeSole(this.#page)) return;
      const stands = storage.getItem(this.#name);
      // Another client has written there: it is not ours any more.
      if (stands !== this.#text && read(stands)) this.isKept = false;
      else if (kept) {
        this.#write(storage, write(this.#owner, this.#page.Math.random(), kept));
        for (const sent of kept.sends) sent.isKept = true;
      } else storage.removeItem(this.#name);
    } catch (error) {
      this.isKept = false;
      this.#lament(error);
    }
    if (kept) return;
    this.#text = null;
    this.isKept = false;
  }

  /**
   * @param {Storage} storage
   * @param {string} text
   */
  #write(storage, text) {
    try {
      storage.setItem(this.#name, text);
      this.#text = text;
      this.isKept = true;
    } catch (error) {
      // It is full. What is older than what we know must not stay there.
      storage.removeItem(this.#name);
      this.#text = null;
      throw error;
    }
  }

  /** From now on it is another session than what a copy has. */
  part() {
    this.release();
    void this.#own(newName(this.#page), this.#turn);
  }

  /** Others may have it. */
  release() {
    this.#turn += 1;
    this.#release?.();
    this.#release = undefined;
  }

  /**
   * @param {string} owner
   * @param {number} turn that it is for
   * @returns {Promise<boolean>} whether nobody else has it
   */
  async #own(owner, turn) {
    const release = await sole(this.#page, `dormouse:${owner}`);
    if (!release || turn !== this.#turn) {
      release?.();
      return false;
    }
    this.#release?.();
    [this.#owner, this.#release] = [owner, release];
    return true;
  }

  /**
   * Whether a page took what this owner had kept: it is taken once, of all its copies.
   *
   * @param {string} owner
   * @param {boolean} isTaken from now on
   */
  #isSpent(owner, isTaken) {
    try {
      const shared = this.#page.localStorage;
      /** @type {string[]} */
      const spent = JSON.parse(shared?.getItem(SPENT) ?? "[]");
      if (spent.includes(owner)) return true;
      if (isTaken) shared?.setItem(SPENT, JSON.stringify([...spent.slice(1 - MOST_SPENT), owner]));
    } catch {
      // Then there is little to be copied, too.
    }
    return false;
  }

  /** @returns {string | null} */
  #item() {
    try {
      return this.#page.sessionStorage?.getItem(this.#name) ?? null;
    } catch (error) {
      this.#lament(error);
      return null;
    }
  }

  /** @param {unknown} error */
  #lament(error) {
    this.#complain(error);
    this.#complain = () => {};
  }
}

/** @param {import("./page.js").Page} page */
const newName = (page) => `${page.Math.random()}`.slice(2) || "0";

/**
 * @param {string} owner
 * @param {number} mark that differs each time: of two that write the same, each knows its own
 * @param {Kept} kept
 */
function write(owner, mark, { place, next, sends }) {
  const rows = sends.map(({ id, number, payload }) =>
    typeof payload === "string" ? [id, number, payload] : [id, number, [...payload]],
  );
  return JSON.stringify({ version: VERSION, owner, mark, place, next, sends: rows });
}

/**
 * @param {string | null} text
 * @returns {{ owner: string, kept: Kept } | undefined} nothing if it is broken, or of another version
 */
function read(text) {
  try {
    const { version, owner, place, next, sends } = JSON.parse(text ?? "null") ?? {};
    if (version !== VERSION || !isName(owner) || !(Number.isSafeInteger(next) && next > 0)) return;
    if (place !== null && !isPlace(place)) return;
    let [last, isNew] = [0, false];
    const rows = sends.map((/** @type {[string, number, string | number[]]} */ row) => {
      const [id, number, payload] = row;
      isNew ||= number === 0;
      const isInOrder = isNew ? number === 0 : number > last && number < next;
      if (typeof id !== "string" || !isInOrder) throw new Error("broken");
      last = number;
      const bytes = typeof payload === "string" ? payload : Uint8Array.from(payload);
      return { id, number, payload: bytes, line: 0, isOld: true };
    });
    return { owner, kept: { place, next, sends: rows } };
  } catch {
    return undefined;
  }
}

/** @type {Merge} */
function merge(here, kept = { place: null, next: 1, sends: [] }) {
  const has = (/** @type {Kept} */ { sends }, /** @type {string} */ id) =>
    sends.find((sent) => sent.id === id);
  const isLost = (/** @type {import("./outbox.js").Sent} */ { id, isKept }) =>
    isKept && !has(kept, id);
  const isSame =
    here.place?.session === kept.place?.session && here.place?.epoch === kept.place?.epoch;
  return {
    // What this page has heard, it need not hear again.
    place: isSame ? here.place : kept.place,
    next: kept.next,
    sends: [
      ...kept.sends.map((sent) => ({ ...has(here, sent.id), ...sent })),
      ...here.sends.filter((sent) => !has(kept, sent.id) && !isLost(sent)),
    ],
    theirs: kept.sends.filter(({ id }) => !has(here, id)),
    lost: here.sends.filter(isLost),
  };
}

/** @param {unknown} text what may stand in a subprotocol, and between dots */
const isName = (text) => typeof text === "string" && /^[\w-]{1,128}$/.test(text);

/** @param {any} place */
const isPlace = ({ session, epoch, offset }) =>
  isName(session) && isName(epoch) && Number.isSafeInteger(offset) && offset >= 0;
