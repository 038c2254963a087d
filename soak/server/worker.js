// The Worker as it is deployed, and a route that shows whether a room has slept.

import worker from "../../demo/worker.js";

export { RoomObject } from "../../demo/worker.js";

const counts = new URLPattern({ pathname: "/soak/:id/counts" });

export default {
  /**
   * @param {Request} request
   * @param {Cloudflare.Env} env
   */
  async fetch(request, env) {
    const id = counts.exec(request.url)?.pathname.groups.id;
    if (!id) return worker.fetch(request, env);
    const room = /** @type {any} */ (env.ROOMS.getByName(`chat/${id}`));
    return Response.json(await room.getCounts());
  },
};
