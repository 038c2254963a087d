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

/**
 * The answer to a request that failed: code and message, nothing of the inside.
 *
 * @param {Failure} failure
 * @param {HeadersInit} [headers]
 */
export function errorResponse({ code, message, status }, headers) {
  return Response.json({ error: { code, message } }, { status, headers });
}
