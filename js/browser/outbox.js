// What was sent and is not settled yet: numbers, and what is to be sent again.

import { sendFrame, sizeOf } from "./protocol.js";
import { SendError } from "./send-error.js";

/** What the server can still remember of refusals. */
const MOST_NUMBERED = 64;

/**
 * @typedef {object} Sent
 * @property {string} id
 * @property {import("./protocol.js").Payload} payload
 * @property {number} number 0 until it leaves for the first time
 * @property {number} line on which it left last
 * @property {number} [until] when whoever sent it waits no longer
 * @property {boolean} [isSuspect] whether a line was closed for its size
 * @property {boolean} [isKept] whether it is where another page may find it
 * @property {boolean} [isOld] whether it was found there
 */

/** @typedef {(id: string, error?: SendError) => void} Settle */

export class Outbox {
  /** @type {Sent[]} the numbered ones first, in the order of their numbers */
  sends = [];
  /** The number of the next that leaves. */
  next = 1;
  /** Up to which number the room has handled them; nothing while that is not known. @type {number | undefined} */
  tally = 0;
  #settle;

  /** @param {Settle} settle */
  constructor(settle) {
    this.#settle = settle;
  }

  /**
   * Whatever may leave on a line, in order.
   *
   * @param {number} line
   * @param {number} [limit] bytes that the room takes
   * @returns {import("./protocol.js").Payload[]}
   */
  leaving(line, limit = Number.POSITIVE_INFINITY) {
    const frames = [];
    for (const sent of [...this.sends]) {
      const { tally = 0 } = this;
      if (sent.number && (sent.line === line || sent.number <= tally)) continue;
      if (sent.isSuspect || !fits(sent.payload, limit)) {
        // It may have been handled when the limit was another.
        if (sent.number && this.tally === undefined) break;
        this.#refuseSize(sent, limit);
        continue;
      }
      if (!sent.number) {
        const first = this.sends[0]?.number || this.next;
        if (this.tally === undefined || this.next - first >= MOST_NUMBERED) break;
        sent.number = this.next++;
      }
      sent.line = line;
      frames.push(sendFrame(sent.number, sent.payload));
    }
    return frames;
  }

  /**
   * The room has come so far.
   *
   * @param {number} number
   */
  count(number) {
    const isFirst = this.tally === undefined;
    this.tally = number;
    if (number < this.next) return;
    this.next = number + 1;
    // What was kept is older than what was sent: some of what seems new may have left before.
    const why = "another page has this session";
    if (isFirst) this.rejectAll((sent) => !sent.number && sent.isOld === true, unknown(why));
  }

  /** @param {number} number up to which all is settled */
  handled(number) {
    for (let [first] = this.sends; first?.number && first.number <= number; [first] = this.sends) {
      this.sends.shift();
      this.#settle(first.id);
    }
    this.count(number);
  }

  /**
   * @param {number} number
   * @param {{ code: string, message: string }} error
   */
  refused(number, { code, message }) {
    const sent = this.sends.find((sent) => sent.number === number);
    if (sent) this.reject(sent, new SendError(code, message));
  }

  /**
   * The room knows nothing of what left; what never left begins anew.
   *
   * @param {string} why
   */
  forget(why) {
    this.next = 1;
    this.tally = 0;
    this.rejectAll(({ number }) => number > 0, unknown(why));
  }

  /** @param {string} why */
  close(why) {
    this.forget(why);
    this.rejectAll(() => true, new SendError("closed", why));
  }

  /** @param {number} now of which those who wait no longer are told */
  expire(now) {
    for (const sent of [...this.sends]) {
      if (sent.until === undefined || sent.until > now) continue;
      sent.until = undefined;
      const mayBeHandled = sent.number > 0;
      const error = new SendError("timeout", "no answer came in time", { mayBeHandled });
      // Its number is used: it goes on without anybody who waits.
      if (mayBeHandled) this.#settle(sent.id, error);
      else this.reject(sent, error);
    }
  }

  /** A line was closed since something was too large: the largest of what was on it. */
  suspect() {
    const sizes = this.sends.map(({ number, payload }) => (number ? sizeOf(payload) : 0));
    const largest = this.sends[sizes.indexOf(Math.max(...sizes))];
    if (largest?.number) largest.isSuspect = true;
  }

  /**
   * @param {(sent: Sent) => boolean} which
   * @param {SendError} error
   */
  rejectAll(which, error) {
    for (const sent of this.sends.filter(which)) this.reject(sent, error);
  }

  /**
   * @param {Sent} sent
   * @param {SendError} error
   */
  reject(sent, error) {
    this.sends.splice(this.sends.indexOf(sent), 1);
    this.#settle(sent.id, error);
  }

  /**
   * @param {Sent} sent
   * @param {number} limit
   */
  #refuseSize(sent, limit) {
    const size = sizeOf(sent.payload);
    // Those after it have not been handled either, and numbers have no gaps.
    if (sent.number) {
      for (const other of this.sends) if (other.number > sent.number) other.number -= 1;
      this.next -= 1;
    }
    const isKnown = Number.isFinite(limit);
    const message = isKnown ? `${size} bytes, at most ${limit}` : `${size} bytes`;
    const more = { size, limit: isKnown ? limit : undefined };
    this.reject(sent, new SendError("frame_too_large", `too large: ${message}`, more));
  }
}

/** @param {string} why */
export const unknown = (why) => new SendError("unknown", why, { mayBeHandled: true });

/**
 * @param {import("./protocol.js").Payload} payload
 * @param {number} limit
 */
function fits(payload, limit) {
  // No character has more than three bytes for each unit of UTF-16.
  return (
    payload.length * (typeof payload === "string" ? 3 : 1) <= limit || sizeOf(payload) <= limit
  );
}
