// What was sent and is not settled yet.

/** Why an event was not handled, or may not have been. */
export class SendError extends Error {
  /**
   * @param {string} code the room's, or `buffer_full`, `closed`, `unknown`
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "SendError";
    this.code = code;
  }
}

/**
 * @typedef {object} Sent
 * @property {number} number
 * @property {string} text
 * @property {boolean} transmitted whether it has ever left
 * @property {() => void} resolve
 * @property {(error: SendError) => void} reject
 */

/** Numbers what is sent, keeps it until it is settled, and knows what to send again. */
export class Outbox {
  #limit;
  #next = 1;
  /** @type {Sent[]} in the order of their numbers */
  #unsettled = [];

  /** @param {number} limit of what may be unsettled */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * @param {string} text
   * @param {(frame: string) => boolean} transmit whether there is a line
   * @returns {Promise<void>}
   */
  put(text, transmit) {
    return new Promise((resolve, reject) => {
      if (this.#unsettled.length >= this.#limit) {
        const message = `${this.#limit} events wait for their answer already`;
        return reject(new SendError("buffer_full", message));
      }
      const sent = { number: this.#next++, text, transmitted: false, resolve, reject };
      this.#unsettled.push(sent);
      sent.transmitted = transmit(frameOf(sent));
    });
  }

  /** What is to be sent on a new line. */
  waiting() {
    return this.#unsettled.map((sent) => {
      sent.transmitted = true;
      return frameOf(sent);
    });
  }

  /** @param {number} number up to which all is handled */
  handled(number) {
    while (this.#unsettled[0] && this.#unsettled[0].number <= number) {
      this.#unsettled.shift()?.resolve();
    }
  }

  /**
   * @param {number} number
   * @param {{ code: string, message: string }} error
   */
  refused(number, { code, message }) {
    const at = this.#unsettled.findIndex((sent) => sent.number === number);
    if (at >= 0) this.#unsettled.splice(at, 1)[0]?.reject(new SendError(code, message));
  }

  /** The room knows nothing of this client any more: what never left begins anew. */
  forgotten() {
    const message = "the room has forgotten this client: this may have been handled, or not";
    const lost = this.#unsettled.filter(({ transmitted }) => transmitted);
    this.#unsettled = this.#unsettled.filter(({ transmitted }) => !transmitted);
    this.#next = 1;
    for (const sent of this.#unsettled) sent.number = this.#next++;
    for (const { reject } of lost) reject(new SendError("unknown", message));
  }

  closed() {
    for (const { reject } of this.#unsettled.splice(0)) {
      reject(new SendError("closed", "the client was closed before the answer came"));
    }
  }
}

/** @param {Sent} sent */
const frameOf = ({ number, text }) => `s${number}:${text}`;
