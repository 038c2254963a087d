// What a Worker imports: its Durable Object class and its rooms, of what wasm-pack made.

import { namespaceOf } from "./checks.js";
import { roomClient } from "./client.js";
import { startInstance } from "./instance.js";
import { roomObject } from "./room-object.js";

export { SetupError } from "./checks.js";

/**
 * Starts the rooms of a WebAssembly module.
 *
 * @param {import("./instance.js").Glue} glue the `_bg.js` that wasm-pack made
 * @param {WebAssembly.Module} module the `_bg.wasm` beside it
 * @param {{ binding?: string }} [options] under which name wrangler.jsonc binds the class
 * @throws {SetupError} if they are not what wasm-pack makes for a Worker, or of two versions
 */
export function dormouse(glue, module, { binding = "ROOMS" } = {}) {
  const instance = startInstance(glue, module);
  return {
    /** The class of all rooms, for the Worker to export. */
    RoomObject: roomObject(instance, { binding }),
    /**
     * The rooms, for a request to be answered.
     *
     * @param {object} env the Worker's
     * @throws {SetupError} if it has no such namespace
     */
    rooms: (env) => {
      const namespace = namespaceOf(env, binding);
      const { ALLOWED_ORIGINS: allowedOrigins } = /** @type {Record<string, any>} */ (env);
      return roomClient(instance, namespace, { allowedOrigins });
    },
  };
}
