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
 * @typedef {{ kind: "hello", hello: Hello }
 *   | { kind: "message", number: number, payload: string | ArrayBuffer }
 *   | { kind: "handled", number: number }
 *   | { kind: "refused", number: number, error: { code: string, message: string } }
 *   | { kind: "came", id: string }
 *   | { kind: "went", id: string }
 *   | { kind: "crowd" }
 *   | { kind: "unknown" }} Frame
 */

/**
 * @param {unknown} data
 * @returns {Frame} `unknown` if it is of a kind that came later than this client
 * @throws {SyntaxError} if it is of a kind that is known, and broken
 */
export function parseFrame(data) {
  if (data instanceof ArrayBuffer && data.byteLength >= 8) {
    const number = Number(new DataView(data).getBigUint64(0));
    return { kind: "message", number, payload: data.slice(8) };
  }
  if (typeof data !== "string") return { kind: "unknown" };
  const rest = data.slice(1);
  switch (data[0]) {
    case "h":
      return { kind: "hello", hello: readHello(rest) };
    case "m": {
      const [number, payload] = split(rest);
      return { kind: "message", number, payload };
    }
    case "k":
      return { kind: "handled", number: numberOf(rest) };
    case "e": {
      const [number, error] = split(rest);
      return { kind: "refused", number, error: JSON.parse(error) };
    }
    case "+":
      return { kind: "came", id: rest };
    case "-":
      return { kind: "went", id: rest };
    case "~":
      return { kind: "crowd" };
    default:
      return { kind: "unknown" };
  }
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
export function sizeOf(payload) {
  if (typeof payload !== "string") return payload.length;
  let size = 0;
  for (const char of payload) {
    const code = /** @type {number} */ (char.codePointAt(0));
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return size;
}

/**
 * @param {string} text
 * @returns {Hello}
 */
function readHello(text) {
  const hello = JSON.parse(text);
  const { session, epoch, offset } = hello ?? {};
  if (typeof session !== "string" || typeof epoch !== "string" || !Number.isSafeInteger(offset)) {
    throw new SyntaxError("a hello without a place");
  }
  return hello;
}

/**
 * @param {string} text
 * @returns {[number: number, rest: string]}
 */
function split(text) {
  const colon = text.indexOf(":");
  return [numberOf(text.slice(0, Math.max(colon, 0))), text.slice(colon + 1)];
}

/** @param {string} text */
function numberOf(text) {
  if (!/^\d+$/.test(text)) throw new SyntaxError("a frame without a number");
  return Number(text);
}
