// Delivers what rooms send to other rooms and to functions of the Worker.

import { namespaceOf } from "../base/namespace.js";

/** @typedef {import("../base/glue.js").Answer} Answer */

/**
 * A letter as Rust makes it.
 *
 * @typedef {object} Letter
 * @property {number} seq
 * @property {{ call: { function: string, argument: string } } | Record<string, { room: string }>} errand
 */

/**
 * How a delivery went.
 *
 * @typedef {{ ok: unknown } | { error: { message: string, final?: boolean } }} Delivered
 */

/**
 * A function of the Worker that rooms can call. What it returns, as JSON, is the answer; if it throws
 * it is called again later. It may be called twice for one effect: the room's name and the letter's
 * number tell.
 *
 * @callback Call
 * @param {any} argument
 * @param {any} env
 * @param {{ room: string, seq: number }} caller
 * @returns {unknown}
 */

/**
 * @param {Letter} letter
 * @param {object} from
 * @param {string} from.room the sender's object name
 * @param {any} from.env
 * @param {Record<string, Call>} from.calls
 * @param {string} from.binding the name in `env` of the rooms' namespace
 * @returns {Promise<Delivered>}
 */
export async function deliver(letter, { room, env, calls, binding }) {
  const { seq } = letter;
  const [errand] = Object.values(letter.errand);
  try {
    if (!errand) throw new Error("a letter says what is to be done");
    if ("function" in errand) {
      const call = Object.hasOwn(calls, errand.function) ? calls[errand.function] : undefined;
      if (!call) {
        return { error: { message: "the Worker has no such function", final: true } };
      }
      return { ok: (await call(JSON.parse(errand.argument), env, { room, seq })) ?? null };
    }
    const object = /** @type {any} */ (namespaceOf(env, binding).getByName(errand.room));
    /** @type {Answer} */
    const answer = await object.receive(room, JSON.stringify(letter));
    return "ok" in answer
      ? { ok: answer.ok }
      : { error: { message: `${answer.error._tag}: ${answer.error.message}` } };
  } catch (error) {
    return { error: { message: String(error) } };
  }
}
