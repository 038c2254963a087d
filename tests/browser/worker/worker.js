// The Worker as it is deployed, and one more route: /evict/type/id puts a room's object to sleep.

import worker from "../../../demo/worker.js";

export { RoomObject } from "../../../demo/worker.js";

/** The runtime's own, which a bundler does not know. */
const UNSAFE = "workerd:unsafe";

export default {
  /**
   * @param {Request} request
   * @param {import("../../../demo/worker.js").Env} env
   */
  async fetch(request, env) {
    const [, route, type, id] = new URL(request.url).pathname.split("/");
    if (route !== "evict") return worker.fetch(request, env);
    const { default: unsafe } = await import(UNSAFE);
    const object = /** @type {any} */ (env.ROOMS.getByName(`${type}/${id}`));
    // One that never woke cannot be put to sleep.
    await object.getCount();
    await unsafe.evict(object, { webSockets: "hibernate" });
    return new Response();
  },
};
