// The deployable Worker: routes to the bundled rooms, and the pages.

import { readObject } from "../js/base/body.js";
import { errorResponse, failure, isRead, methodNotAllowed, RoomError } from "../js/base/errors.js";
import { logError } from "../js/base/log.js";
import { inspect } from "../js/watching/inspect.js";
import { rooms } from "./rooms.js";

export { RoomObject } from "./rooms.js";

/** @typedef {Cloudflare.Env} Env */
/** @typedef {import("../types/rooms.d.ts").Rooms} Rooms */

/**
 * @typedef {object} Route
 * @property {string} path as the list of endpoints shows it
 * @property {string} method
 * @property {(request: Request, env: Env, id: string, query: URLSearchParams) => Promise<Response>} answer
 */

// The echo server and the lobby are one room each.
const ONLY = "main";

/** @type {Route[]} */
const routes = [
  {
    path: "/websocket",
    method: "GET",
    answer: (request, env) => rooms(env).room("echo").upgrade(ONLY, request),
  },
  {
    path: "/getCurrentConnections",
    method: "GET",
    answer: async (_request, env) => {
      const count = await rooms(env).room("echo").getCount(ONLY);
      const clients = count === 1 ? "is 1 WebSocket client" : `are ${count} WebSocket clients`;
      return new Response(`There ${clients} connected to this Durable Object instance.`);
    },
  },
  {
    path: "/lobby/websocket",
    method: "GET",
    answer: (request, env) => rooms(env).room("lobby").upgrade(ONLY, request),
  },
  {
    path: "/room/:id",
    method: "GET",
    answer: (request, env, id) => rooms(env).room("reminders").upgrade(id, request),
  },
  {
    path: "/rooms/:id/ws",
    method: "GET",
    answer: (request, env, id, query) => {
      const name = query.get("name");
      return rooms(env)
        .room("history")
        .upgrade(id, request, name === null ? {} : { data: { name } });
    },
  },
  {
    path: "/api/history/:id",
    method: "GET",
    answer: async (_request, env, id, query) => {
      const rows = await rooms(env).room("history").getHistory(id, "said", pageOf(query));
      return Response.json(rows.map(({ seq, at, row }) => ({ seq, ...row, timestamp: at })));
    },
  },
  {
    path: "/ws/chat/:id",
    method: "GET",
    answer: (request, env, id, query) => {
      const userId = query.get("userId") ?? undefined;
      return rooms(env).room("chat").upgrade(id, request, { id: userId });
    },
  },
  {
    path: "/api/chat/:id/say",
    method: "POST",
    answer: async (request, env, id) => {
      const body = await readObject(request);
      // Of the body nothing is known yet: the room looks at it, and refuses what is no event.
      const event = /** @type {Rooms["chat"]["inside"]} */ ({ ...body, _tag: "Say" });
      await rooms(env).room("chat").send(id, event);
      return Response.json({ status: "ok" });
    },
  },
  {
    path: "/api/chat/:id/state",
    method: "GET",
    answer: async (_request, env, id) => Response.json(await rooms(env).room("chat").getState(id)),
  },
  {
    path: "/api/chat/:id/connections",
    method: "GET",
    answer: async (_request, env, id, query) => {
      const tag = query.get("tag") ?? undefined;
      return Response.json(await rooms(env).room("chat").getConnections(id, tag));
    },
  },
];

const patterns = routes.map((route) => ({
  ...route,
  pattern: new URLPattern({ pathname: route.path }),
}));

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
      logError("a request failed", { error });
      return errorResponse(failure("Execution", "internal", 500, "something went wrong"));
    }
  },
};

/**
 * @param {Request} request
 * @param {Env} env
 * @returns {Promise<Response>}
 */
async function answer(request, env) {
  const inspected = await inspect(request, env, rooms(env));
  if (inspected) return inspected;
  const url = new URL(request.url);
  for (const { pattern, method, answer } of patterns) {
    const match = pattern.exec({ pathname: url.pathname });
    if (!match) continue;
    const isMeant = method === "GET" ? isRead(request) : request.method === method;
    if (!isMeant) return methodNotAllowed(...(method === "GET" ? ["GET", "HEAD"] : [method]));
    return answer(request, env, decode(match.pathname.groups.id ?? ""), url.searchParams);
  }
  const endpoints = routes.map(({ method, path }) => `${method} ${path}`).join("\n");
  return new Response(`Not found. Endpoints:\n${endpoints}\n`, { status: 404 });
}

/**
 * @param {URLSearchParams} query
 * @returns {{ before?: number, limit?: number }}
 */
function pageOf(query) {
  const named = ["before", "limit"].filter((name) => query.has(name));
  return Object.fromEntries(named.map((name) => [name, Number(query.get(name))]));
}

/**
 * A path's part as it was meant; one that is quoted wrongly is left as it is, and refused as an id.
 *
 * @param {string} part
 */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
