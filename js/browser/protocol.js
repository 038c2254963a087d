// The frames of dormouse.1, as docs/protocol.md has them.

export const PROTOCOL = "dormouse.1";

/**
 * @typedef {object} Hello
 * @property {string} session empty in a room that keeps nothing
 * @property {string} epoch
 * @property {number} offset
 * @property {boolean} resumed
 * @property {boolean} same
 * @property {string[]} [here] absent if there are too many to tell
 * @property {[ask: string, answer: string]} [ping]
 * @property {number} [handled] the number of the last send of the session that was handled
 * @property {number} [limit] bytes of the largest payload that the room takes
 */

/** @typedef {string | Uint8Array} Payload of a send */

/**
 * A frame: its kind is its first character, `m` for bytes too; of the other fields it has what its kind has.
 *
 * @typedef {{ kind: string, number: number, payload: any }} Frame
 */

/**
 * @param {unknown} data
 * @returns {Frame} of any kind, also one that came later than this client
 * @throws {SyntaxError} if it is of a kind that is known, and broken
 */
export function parseFrame(data) {
  if (data instanceof ArrayBuffer && data.byteLength >= 8) {
    const number = Number(new DataView(data).getBigUint64(0));
    return { kind: "m", number, payload: data.slice(8) };
  }
  const text = typeof data === "string" ? data : "";
  const [head, digits = "0"] = /^[mke](\d+)(?::|$)|^[^mke]|^$/.exec(text) ?? broken();
  const kind = head.charAt(0);
  const rest = text.slice(head.length);
  const payload = kind === "h" || kind === "e" ? JSON.parse(rest) : rest;
  const { session, epoch, offset } = payload ?? {};
  const isHello =
    typeof session === "string" && typeof epoch === "string" && Number.isSafeInteger(offset);
  if (kind === "h" && !isHello) broken();
  return { kind, number: Number(digits), payload };
}

/** @returns {never} */
function broken() {
  throw new SyntaxError("a broken frame");
}

/**
 * @param {number} number
 * @param {Payload} payload
 * @returns {Payload} the frame of a send
 */
export function sendFrame(number, payload) {
  if (typeof payload === "string") return `s${number}:${payload}`;
  const frame = new Uint8Array(8 + payload.length);
  new DataView(frame.buffer).setBigUint64(0, BigInt(number));
  frame.set(payload, 8);
  return frame;
}

/**
 * Bytes of a payload as the room counts them.
 *
 * @param {Payload} payload
 */
export const sizeOf = (payload) =>
  typeof payload === "string" ? new TextEncoder().encode(payload).length : payload.length;
