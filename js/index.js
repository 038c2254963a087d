// What a Worker imports: its Durable Object class and its rooms, of what wasm-pack made.

import { roomClient } from "./client.js";
import { startInstance } from "./instance.js";
import { roomObject } from "./room-object.js";

/**
 * Starts the rooms of a WebAssembly module.
 *
 * @param {import("./glue.js").Glue} glue the `_bg.js` that wasm-pack made
 * @param {WebAssembly.Module} module the `_bg.wasm` beside it
 * @param {object} [options]
 * @param {string} [options.binding] under which name wrangler.jsonc binds the class
 * @param {Record<string, import("./letters.js").Call>} [options.calls] functions that rooms can call
 */
export function dormouse(glue, module, { binding = "ROOMS", calls = {} } = {}) {
  const instance = startInstance(glue, module);
  return {
    /** The class of all rooms, for the Worker to export. */
    RoomObject: roomObject(instance, { binding, calls }),
    /**
     * The rooms, for a request to be answered.
     *
     * @param {object} env the Worker's
     */
    rooms: (env) => {
      const { [binding]: namespace, ALLOWED_ORIGINS: allowedOrigins } =
        /** @type {Record<string, any>} */ (env);
      return roomClient(instance, namespace, { allowedOrigins });
    },
  };
}
