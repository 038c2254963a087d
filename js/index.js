// What a Worker imports: its Durable Object class and its rooms, of what wasm-pack made.

import { roomClient } from "./client.js";
import { startInstance } from "./instance.js";
import { roomObject } from "./room-object.js";

/** @typedef {import("./client.js").AnyRoom} AnyRoom */

/**
 * The class of all rooms, for the Worker to export; and the rooms, for a request to be answered.
 *
 * @template {Record<string, AnyRoom>} [Rooms=Record<string, AnyRoom>]
 * @typedef {object} Dormouse
 * @property {ReturnType<typeof roomObject>} RoomObject
 * @property {(env: object) => import("./client.js").RoomClient<Rooms>} rooms of the Worker's environment
 */

/**
 * Starts the rooms of a WebAssembly module.
 *
 * @template {Record<string, AnyRoom>} [Rooms=Record<string, AnyRoom>] what `dormouse::typescript!` declares
 * @param {import("./instance.js").Glue} glue the `_bg.js` that wasm-pack made
 * @param {WebAssembly.Module} module the `_bg.wasm` beside it
 * @param {{ binding?: string }} [options] under which name wrangler.jsonc binds the class
 * @returns {Dormouse<Rooms>}
 */
export function dormouse(glue, module, { binding = "ROOMS" } = {}) {
  const instance = startInstance(glue, module);
  return {
    RoomObject: roomObject(instance),
    rooms: (env) => {
      const { [binding]: namespace, ALLOWED_ORIGINS: allowedOrigins } =
        /** @type {Record<string, any>} */ (env);
      return roomClient(instance, namespace, { allowedOrigins });
    },
  };
}
