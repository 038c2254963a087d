// What we say, from the moment we say it until the room has said it.

import { find, make } from "./dom.js";
import { delivered } from "./message.js";

/** Why something was refused, for people. */
const REASONS = /** @type {Record<string, string>} */ ({
  rate_limited: "That was a little fast, so it was not sent.",
  invalid_length: "That is too long for one message.",
  unknown: "The line broke, and nobody knows whether this arrived.",
  closed: "You have left the room, so it was not sent.",
  frame_too_large: "That is too long for one message.",
  buffer_full: "Too much is waiting already, so it was not sent.",
});

export class Unsent {
  #list = find("unsent", HTMLElement);
  /** @type {Map<import("./talk.js").Own, HTMLElement>} */
  #lines = new Map();

  clear() {
    this.#list.replaceChildren();
    this.#lines.clear();
  }

  /**
   * @param {string} message
   * @param {import("./talk.js").Talk} talk
   */
  say(message, talk) {
    this.show(talk.say(message), () => this.say(message, talk));
  }

  /**
   * @param {{ own: import("./talk.js").Own, done: Promise<void> }} said
   * @param {() => void} again
   */
  show({ own, done }, again) {
    const words = make("p", "", own.message);
    words.dir = "auto";
    const line = make("div", "message own", make("div", "bubble", words, make("span", "meta")));
    this.#lines.set(own, line);
    this.#list.append(line);
    done.then(
      () => delivered(line),
      ({ code }) => {
        if (!own.heard) this.#refused(own, line, code, again);
      },
    );
  }

  /**
   * The room has said it: it has its place among what was said.
   *
   * @param {import("./talk.js").Own} own
   */
  heard(own) {
    const waiting = this.#lines.get(own);
    if (!waiting) return;
    this.#lines.delete(own);
    waiting.remove();
  }

  /**
   * @param {import("./talk.js").Own} own
   * @param {HTMLElement} line
   * @param {string} code
   * @param {() => void} again
   */
  #refused(own, line, code, again) {
    line.classList.add("refused");
    const retry = make("button", "", "Try again");
    const drop = make("button", "", "Discard");
    for (const button of [retry, drop]) button.type = "button";
    const reason = make("p", "reason", REASONS[code] ?? "The room did not take it.", retry, drop);
    reason.role = "alert";
    line.append(reason);
    const forget = () => {
      this.#lines.delete(own);
      line.remove();
      find("text", HTMLTextAreaElement).focus();
    };
    drop.onclick = forget;
    retry.onclick = () => {
      forget();
      again();
    };
  }
}
