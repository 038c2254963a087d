// Errors as they cross from Rust to a Worker's caller and to HTTP.

/** @typedef {import("./glue.js").Failure} Failure */

/** What a room or its object refused, with the name and the fields that the error has in Rust. */
export class RoomError extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message);
    this.name = failure._tag;
    this.failure = failure;
  }

  get code() {
    return this.failure.code;
  }

  get status() {
    return this.failure.status;
  }
}

/** A Worker that cannot run as it is set up. Its name says which rule was broken. */
export class SetupError extends Error {
  /**
   * @param {string} name
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(name, message, options) {
    super(message, options);
    this.name = name;
  }
}

/**
 * A failure that the Worker itself found.
 *
 * @param {string} tag
 * @param {string} code
 * @param {number} status
 * @param {string} [message]
 * @returns {Failure}
 */
export function failure(tag, code, status, message = "something went wrong in the room") {
  return { _tag: tag, code, status, message };
}

/** An input of ours that went wrong, of which its caller need not know more. */
export const internal = () => failure("Execution", "internal", 500);

/**
 * A broadcast that did not reach everyone. It reached all others.
 *
 * @param {string[]} failed the ids of the connections that it did not reach
 * @returns {Failure}
 */
export function incomplete(failed) {
  const message = `the broadcast did not reach ${failed.length} connections, and all the others: send it to those again`;
  return { ...failure("Broadcast", "broadcast_incomplete", 502, message), failed };
}

/** After how many seconds who is answered 503 may come back. */
const RETRY_AFTER = "5";

/**
 * The answer to a request that failed: code and message, nothing of the inside. Of a 503 it says when to
 * come back.
 *
 * @param {{ code: string, message: string, status: number }} failure
 * @param {Record<string, string>} [headers]
 */
export function errorResponse({ code, message, status }, headers) {
  /** @type {Record<string, string>} */
  const later = status === 503 ? { "Retry-After": RETRY_AFTER } : {};
  return Response.json({ error: { code, message } }, { status, headers: { ...later, ...headers } });
}

/** @param {...string} allowed */
export function methodNotAllowed(...allowed) {
  const allow = allowed.join(", ");
  const error = failure("MethodNotAllowed", "method_not_allowed", 405, `only ${allow} here`);
  return errorResponse(error, { Allow: allow });
}

/**
 * Whether a request asks for what `GET` would give. A `HEAD` wants its headers alone, and the runtime
 * sends no more (RFC 9110, 9.3.2).
 *
 * @param {Request} request
 */
export const isRead = ({ method }) => method === "GET" || method === "HEAD";
