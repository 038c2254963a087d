// What has not been read yet: a line above it, a count in the title, and a way there.

import { find, make } from "./dom.js";

export class Unread {
  #pill = find("unread", HTMLButtonElement);
  /** Above what is new. */
  line = make("p", "unread-line", make("span", "", "New"));
  #count = 0;
  #title;
  #isAtEnd;

  /**
   * @param {string} title
   * @param {() => boolean} isAtEnd whether the newest is in view
   * @param {() => void} toEnd
   * @param {AbortSignal} left when the visit is over
   */
  constructor(title, isAtEnd, toEnd, left) {
    this.#title = title;
    this.#isAtEnd = isAtEnd;
    this.#pill.onclick = toEnd;
    document.addEventListener("visibilitychange", () => this.look(), { signal: left });
    this.#show();
  }

  /** Whether somebody is reading the end. */
  isSeen() {
    return document.visibilityState === "visible" && this.#isAtEnd();
  }

  /** @param {HTMLElement} line that nobody has seen */
  add(line) {
    if (this.#count === 0) {
      line.before(this.line);
      line.classList.remove("next");
    }
    this.#count += 1;
    this.#show();
  }

  /** The reader may have got there. */
  look() {
    if (this.#count > 0 && this.isSeen()) this.#count = 0;
    this.#show();
  }

  /** We have spoken: nothing above is new. */
  clear() {
    this.#count = 0;
    this.line.remove();
    this.#show();
  }

  #show() {
    document.title = this.#count > 0 ? `(${this.#count}) ${this.#title}` : this.#title;
    this.#pill.hidden = this.#isAtEnd();
    this.#pill.textContent = this.#count > 0 ? `${this.#count} new` : "To the newest";
  }
}
