// The frames of dormouse.1 that a server sends.

/**
 * @typedef {object} Hello
 * @property {string} session
 * @property {string} epoch
 * @property {number} offset
 * @property {boolean} resumed
 * @property {boolean} same
 * @property {string[]} [here] absent if there are too many to tell
 * @property {[ask: string, answer: string]} [ping]
 */

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
 * @param {string | ArrayBuffer} data
 * @returns {Frame}
 */
export function parseFrame(data) {
  if (typeof data !== "string") {
    const number = Number(new DataView(data).getBigUint64(0));
    return { kind: "message", number, payload: data.slice(8) };
  }
  const rest = data.slice(1);
  switch (data[0]) {
    case "h":
      return { kind: "hello", hello: JSON.parse(rest) };
    case "m": {
      const [number, payload] = split(rest);
      return { kind: "message", number, payload };
    }
    case "k":
      return { kind: "handled", number: Number(rest) };
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
 * @param {string} text
 * @returns {[number: number, rest: string]}
 */
function split(text) {
  const colon = text.indexOf(":");
  return [Number(text.slice(0, colon)), text.slice(colon + 1)];
}
