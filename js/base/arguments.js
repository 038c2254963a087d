// What callers give, looked at before anything is made of it.

import { failure, RoomError } from "./errors.js";

/** How much of a wrong value an error repeats. */
const EXCERPT = 60;

/**
 * @param {string} name of the argument
 * @param {string} wanted
 * @param {unknown} value
 */
function invalid(name, wanted, value) {
  const message = `${name} is ${wanted}, and not ${shown(value)}`;
  return new RoomError({ ...failure("InvalidArgument", "invalid_argument", 400, message), name });
}

/** @param {unknown} value */
function shown(value) {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (typeof value === "bigint") return cut(`${value}n`);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return cut(String(value));
  return Array.isArray(value) ? "a list" : "an object";
}

/** @param {string} text */
const cut = (text) => (text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text);

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 * @throws {RoomError}
 */
export function checkText(name, value) {
  if (typeof value === "string") return value;
  throw invalid(name, "a text", value);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string | undefined}
 * @throws {RoomError}
 */
export function checkOptionalText(name, value) {
  return value === undefined || value === null ? undefined : checkText(name, value);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {{ least?: number, most: number }} limits
 * @returns {number}
 * @throws {RoomError}
 */
export function checkWhole(name, value, { least = 1, most }) {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw invalid(name, `a whole number from ${least} to ${most}`, value);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 * @throws {RoomError}
 */
export function checkObject(name, value) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return /** @type {Record<string, unknown>} */ (value);
  }
  throw invalid(name, "an object", value);
}

/** In JSON that JavaScript writes, only half a character is escaped so. */
const HALF = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * A value as JSON.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 * @throws {RoomError}
 */
export function checkJson(name, value) {
  let json;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw invalid(name, `a value that JSON can carry (${message.split("\n")[0]})`, value);
  }
  if (json === undefined) throw invalid(name, "a value that JSON can carry", value);
  if (HALF.test(json)) {
    throw invalid(name, "of whole characters: a text in it has half of a surrogate pair", value);
  }
  return json;
}
