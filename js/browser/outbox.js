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
  /** Up to which number the room has handled them; −1 while that is not known. */
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
   * @returns {Iterable<import("./protocol.js").Payload>}
   */
  *leaving(line, limit) {
    for (const sent of [...this.sends]) {
      if (sent.number && (sent.line === line || sent.number <= this.tally)) continue;
      const size = sizeOf(sent.payload);
      if (sent.isSuspect || size > /** @type {number} */ (limit)) {
        // It may have been handled when the limit was another.
        if (sent.number && this.tally < 0) break;
        // Those after it have not been handled either, and numbers have no gaps.
        if (sent.number) {
          for (const other of this.sends) if (other.number > sent.number) other.number -= 1;
          this.next -= 1;
        }
        const message = `too large: ${size} bytes${limit ? `, at most ${limit}` : ""}`;
        this.settle(sent, new SendError("frame_too_large", message, { size, limit }));
        continue;
      }
      if (!sent.number) {
        const first = this.sends[0]?.number || this.next;
        if (this.tally < 0 || this.next - first >= MOST_NUMBERED) break;
        sent.number = this.next++;
      }
      sent.line = line;
      yield sendFrame(sent.number, sent.payload);
    }
  }

  /**
   * The room has come so far.
   *
   * @param {number} number
   */
  count(number) {
    const isFirst = this.tally < 0;
    this.tally = number;
    if (number < this.next) return;
    this.next = number + 1;
    // What was kept is older than what was sent: some of what seems new may have left before.
    const why = "another page has this session";
    if (isFirst) this.settleAll((sent) => !sent.number && Boolean(sent.isOld), unknown(why));
  }

  /** @param {number} number up to which all is settled */
  handled(number) {
    this.settleAll((sent) => sent.number > 0 && sent.number <= number);
    this.count(number);
  }

  /**
   * @param {number} number
   * @param {{ code: string, message: string }} error
   */
  refused(number, { code, message }) {
    const sent = this.sends.find((sent) => sent.number === number);
    if (sent) this.settle(sent, new SendError(code, message));
  }

  /**
   * The room knows nothing of what left; what never left begins anew.
   *
   * @param {string} why
   */
  forget(why) {
    this.next = 1;
    this.tally = 0;
    this.settleAll(({ number }) => number > 0, unknown(why));
  }

  /** @param {string} why */
  close(why) {
    this.forget(why);
    this.settleAll(() => true, new SendError("closed", why));
  }

  /** @param {number} now of which those who wait no longer are told */
  expire(now) {
    for (const sent of [...this.sends]) {
      if (!sent.until || sent.until > now) continue;
      sent.until = undefined;
      const mayBeHandled = sent.number > 0;
      const error = new SendError("timeout", "no answer", { mayBeHandled });
      // Its number is used: it goes on without anybody who waits.
      if (mayBeHandled) this.#settle(sent.id, error);
      else this.settle(sent, error);
    }
  }

  /** A line was closed since something was too large: the largest of what was on it. */
  suspect() {
    const [largest] = this.sends
      .filter(({ number }) => number > 0)
      .sort((a, b) => sizeOf(b.payload) - sizeOf(a.payload));
    if (largest) largest.isSuspect = true;
  }

  /**
   * @param {(sent: Sent) => boolean} which
   * @param {SendError} [error]
   */
  settleAll(which, error) {
    for (const sent of this.sends.filter(which)) this.settle(sent, error);
  }

  /**
   * @param {Sent} sent
   * @param {SendError} [error]
   */
  settle(sent, error) {
    this.sends.splice(this.sends.indexOf(sent), 1);
    this.#settle(sent.id, error);
  }
}

/** @param {string} why */
export const unknown = (why) => new SendError("unknown", why, { mayBeHandled: true });
