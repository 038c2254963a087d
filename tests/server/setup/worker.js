// The bundled rooms, in a Worker that a test sets up wrongly. It says what went wrong: the name of the
// error, and its message.

import { DurableObject } from "cloudflare:workers";
import { dormouse } from "../../../js/index.js";
import * as glue from "../../../pkg/dormouse_bg.js";
import module from "../../../pkg/dormouse_bg.wasm";

const { RoomObject, rooms } = dormouse(/** @type {any} */ (glue), module);

export { RoomObject };

/** A class of the Worker's that is no room. */
export class Other extends DurableObject {}

export default {
  /**
   * How many are in a room; at /nameless in an object without a name.
   *
   * @param {Request} request
   * @param {{ ROOMS: DurableObjectNamespace }} env
   */
  async fetch(request, env) {
    try {
      if (new URL(request.url).pathname === "/nameless") {
        const id = env.ROOMS.newUniqueId();
        await /** @type {any} */ (env.ROOMS.get(id)).getCount();
      }
      return Response.json(await rooms(env).room("chat").getCount("nameless"));
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error);
      return Response.json({ name, message }, { status: 500 });
    }
  },
};
