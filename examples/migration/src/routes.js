// What both versions of the Worker answer: a socket at /:id?name=, the list there, and what is added.

/**
 * @param {(env: object) => { room: (type: string) => import("../../../js/worker/rooms.js").Room }} rooms
 * @param {(name: string) => unknown} memberOf the state of somebody's connection
 */
export const routes = (rooms, memberOf) => ({
  /**
   * @param {Request} request
   * @param {object} env
   */
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const id = pathname.slice(1);
    const errands = rooms(env).room("errands");
    try {
      if (request.headers.has("Upgrade")) {
        const data = memberOf(searchParams.get("name") ?? "");
        return await errands.upgrade(id, request, { data });
      }
      if (request.method === "POST") await errands.send(id, await request.json());
      return Response.json(await errands.getState(id));
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error);
      return Response.json({ error: name, message }, { status: 500 });
    }
  },
});
