// What was said, on the page: days, people, and the place where one reads.

import { find, make } from "./dom.js";
import { dayElement, dayOf, join, messageElement } from "./message.js";

/** @typedef {import("./pages.js").Entry} Entry */

/** Closer to the end than this one is there. */
const END_PX = 48;
/** So far from the beginning the page before it is fetched. */
const AHEAD_PX = 1_200;

export class Timeline {
  #scroll = find("scroll", HTMLElement);
  #log = find("log", HTMLElement);
  #start = find("start", HTMLElement);
  #name;
  #readOlder;
  #isReading = false;
  #isComplete = false;
  /** Whether the newest is in view, or about to be. */
  #follows = true;
  #top = 0;

  /**
   * @param {string} name ours
   * @param {() => Promise<boolean>} readOlder whether there may be more
   * @param {() => void} onScroll
   */
  constructor(name, readOlder, onScroll) {
    this.#name = name;
    this.#readOlder = readOlder;
    this.clear();
    this.#scroll.onscroll = () => {
      this.#look();
      onScroll();
      void this.#fill();
    };
    // What comes into view may be larger than it was taken for.
    this.#scroll.onscrollend = () => {
      if (this.#follows) this.toEnd("instant");
    };
    // The keyboard of a phone, a longer text to send: the end stays in view.
    new ResizeObserver(() => {
      if (this.#follows) this.toEnd("instant");
    }).observe(this.#scroll);
  }

  isAtEnd() {
    return this.#follows;
  }

  /** On the way down to the end one is as good as there; who goes up has left it. */
  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const isNear = scrollHeight - scrollTop - clientHeight < END_PX;
    if (isNear) this.#follows = true;
    else if (scrollTop < this.#top) this.#follows = false;
    this.#top = scrollTop;
  }

  /** @param {ScrollBehavior} [behavior] */
  toEnd(behavior = "smooth") {
    this.#follows = true;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroll.scrollTo({
      top: this.#scroll.scrollHeight,
      behavior: isCalm ? "instant" : behavior,
    });
  }

  clear() {
    this.#log.replaceChildren();
    this.#isComplete = false;
    this.#start.textContent = "";
  }

  /**
   * Many at once, and the end of them in view.
   *
   * @param {Entry[]} entries
   */
  fill(entries) {
    // A screen reader is not to read out all that was ever said.
    this.#log.ariaBusy = "true";
    this.#log.append(...this.#lines(entries));
    this.toEnd("instant");
    requestAnimationFrame(() => {
      this.#log.ariaBusy = "false";
      this.toEnd("instant");
      void this.#fill();
    });
  }

  /**
   * Puts something at the end.
   *
   * @param {Entry} entry
   * @returns {HTMLElement} its line
   */
  append(entry) {
    const line = messageElement(entry, entry.from === this.#name);
    if (this.#lastDay() !== dayOf(entry.timestamp)) this.#log.append(dayElement(entry.timestamp));
    join(this.#log.lastElementChild, line);
    this.#log.append(line);
    return line;
  }

  /** What comes now may lie below what is seen: the reader stays where he is. */
  stay() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.#follows = scrollHeight - scrollTop - clientHeight < END_PX;
  }

  /** @param {HTMLElement} line that is no message */
  note(line) {
    this.#log.append(line);
  }

  /** @param {Entry[]} entries */
  prepend(entries) {
    const first = this.#log.firstElementChild;
    const anchor = this.#log.querySelector(".message");
    const before = anchor?.getBoundingClientRect().top ?? 0;
    this.#log.ariaBusy = "true";
    const lines = this.#lines(entries);
    const last = /** @type {Entry} */ (entries.at(-1));
    if (first instanceof HTMLElement && first.dataset.day === dayOf(last.timestamp)) first.remove();
    this.#log.prepend(...lines);
    if (anchor instanceof HTMLElement) {
      join(anchor.previousElementSibling, anchor);
      this.#scroll.scrollTop += anchor.getBoundingClientRect().top - before;
    }
    requestAnimationFrame(() => {
      this.#log.ariaBusy = "false";
    });
  }

  /** Keeps some of what is older ready above what is seen. */
  async #fill() {
    if (this.#isReading || this.#isComplete || this.#scroll.scrollTop > AHEAD_PX) return;
    this.#isReading = true;
    this.#start.textContent = "Reading on…";
    try {
      this.#isComplete = !(await this.#readOlder());
    } catch {
      this.#start.textContent = "What is older cannot be read just now.";
      return;
    } finally {
      this.#isReading = false;
    }
    this.#start.textContent = this.#isComplete ? "This is where the room begins." : "";
    if (!this.#isComplete) requestAnimationFrame(() => void this.#fill());
  }

  /** @param {Entry[]} entries */
  #lines(entries) {
    /** @type {HTMLElement[]} */
    const lines = [];
    for (const entry of entries) {
      const line = messageElement(entry, entry.from === this.#name);
      const previous = lines.at(-1);
      const day = dayOf(entry.timestamp);
      const isSameDay = previous && dayOf(Number(previous.dataset.at)) === day;
      if (!isSameDay) lines.push(dayElement(entry.timestamp));
      else join(previous, line);
      lines.push(line);
    }
    return lines;
  }

  #lastDay() {
    const days = this.#log.getElementsByClassName("day");
    const last = days[days.length - 1];
    return last instanceof HTMLElement ? last.dataset.day : undefined;
  }
}

/**
 * @param {string} words
 * @param {string} [kind]
 */
export function note(words, kind = "") {
  const line = make("p", `note ${kind}`.trim(), words);
  if (kind === "reminder") line.prepend(make("b", "", "Reminder"), " ");
  return line;
}
