// What a Worker imports: its Durable Object class and its rooms, of what wasm-pack made.

import { namespaceOf } from "./base/namespace.js";
import { startInstance } from "./object/instance.js";
import { roomObject } from "./object/room-object.js";
import { roomClient } from "./worker/rooms.js";

export { errorResponse, RoomError, SetupError } from "./base/errors.js";
export { refuse } from "./worker/refuse.js";

/** @typedef {import("./worker/rooms.js").AnyRoom} AnyRoom */

/**
 * The class of all rooms, for the Worker to export; and the rooms, for a request to be answered.
 *
 * @template {Record<string, AnyRoom>} [Types=Record<string, AnyRoom>]
 * @typedef {object} Dormouse
 * @property {ReturnType<typeof roomObject>} RoomObject
 * @property {(env: object) => import("./worker/rooms.js").Rooms<Types>} rooms of the Worker's environment
 */

/**
 * Starts the rooms of a WebAssembly module.
 *
 * @template {Record<string, AnyRoom>} [Types=Record<string, AnyRoom>] what `dormouse::typescript!` declares
 * @param {import("./base/glue.js").Glue} glue the `_bg.js` that wasm-pack made
 * @param {WebAssembly.Module} module the `_bg.wasm` beside it
 * @param {object} [options]
 * @param {string} [options.binding] under which name wrangler.jsonc binds the class
 * @param {Record<string, import("./object/letters.js").Call>} [options.calls] functions that rooms can call
 * @param {import("./object/watch.js").Watch} [options.watch] who looks on, as `inspector()` of
 *   `dormouse-rooms/inspect`: it has the Inspector, recordings and the log of wakes
 * @throws {SetupError} if they are not what wasm-pack makes for a Worker, or of two versions
 * @returns {Dormouse<Types>}
 */
export function dormouse(glue, module, { binding = "ROOMS", calls = {}, watch } = {}) {
  const instance = startInstance(glue, module);
  return {
    RoomObject: roomObject(instance, { binding, calls, watch }),
    rooms: (env) => {
      const variables = /** @type {Record<string, any>} */ (env);
      return roomClient(namespaceOf(variables, binding), {
        allowedOrigins: variables.ALLOWED_ORIGINS,
        hasRoom: (type) => instance.glue.hasRoom(type),
      });
    },
  };
}
