// What was said, on the page: days, people, and the place where one reads.

import { find, make } from "./dom.js";
import { dayElement, dayOf, join, messageElement } from "./message.js";

/** @typedef {import("./pages.js").Entry} Entry */

/** Closer to the end than this one is there. */
const END_PX = 48;
/** So much is left free above a line that is to be found. */
const ABOVE_PX = 24;
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
   * @param {AbortSignal} left when the visit is over
   */
  constructor(name, readOlder, onScroll, left) {
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
    const observer = new ResizeObserver(() => {
      if (this.#follows) this.toEnd("instant");
    });
    observer.observe(this.#scroll);
    left.addEventListener("abort", () => observer.disconnect());
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

  /**
   * To the end, but not past a line that the reader is to find when he comes back.
   *
   * @param {HTMLElement} line
   */
  toEndBelow(line) {
    const { top } = this.#scroll.getBoundingClientRect();
    const past = line.getBoundingClientRect().top - top - ABOVE_PX;
    const end = this.#scroll.scrollHeight - this.#scroll.clientHeight;
    this.#scroll.scrollTop = Math.min(end, this.#scroll.scrollTop + past);
    this.stay();
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
    // Who has come meanwhile stands there already.
    this.#putInFront(entries);
    this.toEnd("instant");
    requestAnimationFrame(() => {
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
    this.#beginDay(entry.timestamp);
    join(this.#log.lastElementChild, line);
    this.#log.append(line);
    this.#showStart();
    return line;
  }

  /** What comes now may lie below what is seen: the reader stays where he is. */
  stay() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.#follows = scrollHeight - scrollTop - clientHeight < END_PX;
  }

  /** @param {HTMLElement} line that is no message */
  note(line) {
    this.#beginDay(Date.now());
    this.#log.append(line);
  }

  /** @param {Entry[]} entries */
  prepend(entries) {
    const anchor = this.#log.querySelector(".message");
    const before = anchor?.getBoundingClientRect().top ?? 0;
    this.#putInFront(entries);
    if (anchor instanceof HTMLElement) {
      join(anchor.previousElementSibling, anchor);
      this.#scroll.scrollTop += anchor.getBoundingClientRect().top - before;
    }
  }

  /** @param {Entry[]} entries */
  #putInFront(entries) {
    const first = this.#log.firstElementChild;
    const last = entries.at(-1);
    // A screen reader is not to read out all that was ever said.
    this.#log.ariaBusy = "true";
    if (last && first instanceof HTMLElement && first.dataset.day === dayOf(last.timestamp)) {
      first.remove();
    }
    this.#log.prepend(...this.#lines(entries));
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
    this.#showStart();
    if (!this.#isComplete) requestAnimationFrame(() => void this.#fill());
  }

  #showStart() {
    const isEmpty = !this.#log.querySelector(".message");
    this.#start.textContent = !this.#isComplete
      ? ""
      : isEmpty
        ? "Nothing has been said here yet. Copy the link, and send it to somebody."
        : "This is where the room begins.";
  }

  /** @param {number} timestamp of what comes next */
  #beginDay(timestamp) {
    if (this.#lastDay() !== dayOf(timestamp)) this.#log.append(dayElement(timestamp));
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
