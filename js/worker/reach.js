// Reaching a room's object, and what the platform says when it cannot be.

import { failure, RoomError } from "../base/errors.js";

/** How often something is asked that is safe to ask twice. */
const TRIES = 3;

/** The pause before the second try, in milliseconds at most; it doubles. */
const PAUSE = 100;

/**
 * Asks an object. An exception leaves a stub that may be broken, so each try has one of its own.
 *
 * @template Stub, T
 * @param {() => Stub} stub
 * @param {(object: Stub) => Promise<T>} ask
 * @param {{ twice: boolean }} isSafe to ask twice: what changes nothing, or only who is connected
 * @returns {Promise<T>}
 * @throws {RoomError} `overloaded`, 503, if the object has more to do than it can
 */
export async function reach(stub, ask, { twice }) {
  for (let nth = 1; ; nth++) {
    try {
      return await ask(stub());
    } catch (error) {
      const { overloaded, retryable } = /** @type {any} */ (error) ?? {};
      if (overloaded === true) {
        const message = "the room has more to do than it can: come back a little later";
        throw new RoomError(failure("Overloaded", "overloaded", 503, message));
      }
      if (!twice || retryable !== true || nth === TRIES) throw error;
    }
    const pause = Math.random() * PAUSE * 2 ** (nth - 1);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
