// The bundled rooms, and by HTTP what else a test wants of them: at /type/id an upgrade, with its
// options as JSON in the query, and below it each function of the Worker's client.

import { rooms } from "../../../demo/rooms.js";
import { errorResponse, RoomError } from "../../../js/index.js";
import { visit } from "../runtimes/visit.js";

export { RoomObject } from "../../../demo/rooms.js";

/** The runtime's own, which a bundler does not know. */
const UNSAFE = "workerd:unsafe";

/** @typedef {{ ROOMS: DurableObjectNamespace }} Env */

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    try {
      return await answer(request, env);
    } catch (error) {
      if (error instanceof RoomError) return errorResponse(error.failure);
      throw error;
    }
  },
};

/**
 * @param {Request} request
 * @param {Env} env
 */
async function answer(request, env) {
  const url = new URL(request.url);
  const [, type = "", id = "", name] = url.pathname.split("/");
  const room = rooms(env).room(/** @type {any} */ (type));
  const object = /** @type {any} */ (env.ROOMS.getByName(`${type}/${id}`));
  if (name === undefined) {
    const options = JSON.parse(url.searchParams.get("options") ?? "{}");
    return room.upgrade(id, request, options);
  }
  if (name === "evict") {
    const { default: unsafe } = await import(UNSAFE);
    // One that never woke cannot be put to sleep.
    await object.getCount();
    await unsafe.evict(object, { webSockets: "hibernate" });
    return new Response();
  }
  // As a program: a client in a Worker, of a room that is somewhere else for it.
  if (name === "visit") {
    const options = encodeURIComponent('{"id":"ada"}');
    return Response.json(await visit(`${url.origin}/${type}/${id}?options=${options}`));
  }
  if (name === "counts") return Response.json(await object.getCounts());
  const body = await request.text();
  // JSON as it is, which JavaScript's own reading and writing would change.
  if (name === "send" || name === "broadcast") return Response.json(await object[name](body));
  const call = /** @type {any} */ (room)[name];
  const answer = body === "" ? await call(id) : await call(id, JSON.parse(body));
  return Response.json(answer ?? null);
}
