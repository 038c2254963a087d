// What a Worker imports that talks to rooms of another one, by a binding with a `script_name`: it needs
// no module.

import { namespaceOf } from "../base/namespace.js";
import { roomClient } from "./rooms.js";

export { errorResponse, RoomError, SetupError } from "../base/errors.js";
export { refuse } from "./refuse.js";

/**
 * The rooms behind a binding of the Worker's environment.
 *
 * @template {Record<string, import("./rooms.js").AnyRoom>} [Types=Record<string, import("./rooms.js").AnyRoom>]
 * @param {object} env
 * @param {{ binding?: string }} [options] the name it is bound under
 * @returns {import("./rooms.js").Rooms<Types>}
 */
export function rooms(env, { binding = "ROOMS" } = {}) {
  const variables = /** @type {Record<string, any>} */ (env);
  const { ALLOWED_ORIGINS: allowedOrigins } = variables;
  return roomClient(namespaceOf(variables, binding), { allowedOrigins });
}
