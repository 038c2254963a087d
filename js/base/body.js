// Reads what clients post, and no more of it than is allowed.

import { failure, RoomError } from "./errors.js";

/** Bytes of a request's body; as much as a frame may have. */
const LIMIT = 64 * 1024;

/**
 * The JSON object that a request carries.
 *
 * @param {Request} request
 * @returns {Promise<Record<string, unknown>>}
 * @throws {RoomError} 413 if it is too large, 400 if it is no JSON object
 */
export async function readObject(request) {
  const text = await readText(request);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`the body is not JSON: ${/** @type {Error} */ (error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("the body is not a JSON object");
  }
  return value;
}

/**
 * Whether a request says that its body is JSON, with parameters or without (RFC 9110, 8.3).
 *
 * @param {Request} request
 */
export function isJson(request) {
  const [type = ""] = (request.headers.get("Content-Type") ?? "").split(";");
  return type.trim().toLowerCase() === "application/json";
}

/** @param {Request} request */
async function readText(request) {
  // A mark at the start is part of what was posted, and not JSON.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let size = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > LIMIT) {
      const message = `a body of over ${LIMIT} bytes is too large`;
      throw new RoomError(failure("BodyTooLarge", "body_too_large", 413, message));
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** @param {string} message */
function badRequest(message) {
  return new RoomError(failure("InvalidBody", "invalid_body", 400, message));
}
