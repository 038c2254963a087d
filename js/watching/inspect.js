// The Inspector's routes, and who may use them.
//
// Nobody may, unless the Worker has a variable `INSPECT_TOKEN`, which callers have to know; `npm start`
// makes one up. Without it there is nothing here. An address proves nothing: whoever asks names it.

import { isJson, readObject } from "../base/body.js";
import { errorResponse, failure, isRead, methodNotAllowed, RoomError } from "../base/errors.js";
import { keepTracing } from "./tracer.js";
import { fellAsleep, seenRooms } from "./wakes.js";

/**
 * @typedef {object} Room what of the Worker's client is used here
 * @property {(id: string, message: any) => Promise<void>} send
 * @property {(id: string, message: any, tag?: any) => Promise<void>} broadcast
 * @property {(id: string) => Promise<void>} fireAlarm
 * @property {(id: string, since?: number) => Promise<object>} inspect
 * @property {(id: string) => DurableObjectStub} stub
 * @property {(id: string, options?: { inputs?: any }) => Promise<void>} startRecording
 * @property {(id: string) => Promise<string>} getRecording
 * @property {(id: string) => Promise<void>} stopRecording
 */

/** @typedef {{ room: (type: any) => Room }} Rooms whatever the types of the rooms are */

/**
 * @typedef {object} InspectEnv
 * @property {string} [INSPECT_TOKEN]
 * @property {{ fetch: (request: Request) => Promise<Response> }} [ASSETS] has the page, at /inspect
 */

/** The runtime's own, which a bundler does not know. It is there where a developer asks for it. */
const UNSAFE = "workerd:unsafe";

const PAGE_HEADERS = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * Answers what is asked of the Inspector.
 *
 * @param {Request} request
 * @param {InspectEnv} env
 * @param {Rooms} rooms
 * @returns {Promise<Response | undefined>} nothing if that is for others to answer
 */
export async function inspect(request, env, rooms) {
  const url = new URL(request.url);
  const [, inspector, api, ...path] = url.pathname.split("/");
  if (inspector !== "inspect" || !env.INSPECT_TOKEN) return undefined;
  if (api !== "api") return page(request, env);
  try {
    if (!(await mayAsk(request, env))) return unauthorized();
    const answer = await call(request, url, path.map(decodeURIComponent), rooms);
    answer.headers.set("Cache-Control", "no-store");
    return answer;
  } catch (error) {
    if (error instanceof RoomError) return errorResponse(error.failure);
    if (error instanceof URIError) return notFound();
    throw error;
  }
}

/**
 * @param {Request} request
 * @param {InspectEnv} env
 */
async function mayAsk(request, { INSPECT_TOKEN: token = "" }) {
  const [, given = ""] = /^Bearer (.+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  // Digests have one length, and comparing them tells nothing of how much was right.
  const [one, other] = await Promise.all([given, token].map(digest));
  return crypto.subtle.timingSafeEqual(
    /** @type {ArrayBuffer} */ (one),
    /** @type {any} */ (other),
  );
}

/** @param {string} text */
const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

/**
 * @param {Request} request
 * @param {InspectEnv} env
 */
async function page(request, { ASSETS }) {
  const answer = await ASSETS?.fetch(request);
  if (!answer) return undefined;
  const own = new Response(answer.body, answer);
  for (const [name, value] of Object.entries(PAGE_HEADERS)) own.headers.set(name, value);
  return own;
}

/**
 * @param {Request} request
 * @param {URL} url
 * @param {string[]} path below /inspect/api
 * @param {Rooms} rooms
 */
async function call(request, url, [type = "", id = "", action, ...rest], rooms) {
  if (rest.length > 0) return notFound();
  if (type === "rooms" && id === "" && action === undefined) {
    if (!isRead(request)) return methodNotAllowed("GET", "HEAD");
    return listRooms(url.searchParams.get("watching"), rooms);
  }
  const room = rooms.room(type);
  if (action === undefined || action === "recording") {
    if (!isRead(request)) return methodNotAllowed("GET", "HEAD");
    if (action === "recording") return recording(await room.getRecording(id), `${type}-${id}`);
    return Response.json(await room.inspect(id, Number(url.searchParams.get("since")) || 0));
  }
  const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!act) return notFound();
  if (request.method !== "POST") return methodNotAllowed("POST");
  // Pages of other origins cannot post this without asking first, which nobody answers.
  if (!isJson(request)) {
    const message = "the body has to be application/json";
    return errorResponse(failure("NotJson", "not_json", 415, message));
  }
  await act(room, id, await readObject(request));
  return Response.json({ ok: true });
}

/** @type {Record<string, (room: Room, id: string, body: any) => Promise<void>>} */
const actions = {
  send: (room, id, { message }) => room.send(id, message),
  broadcast: (room, id, { message, tag }) => room.broadcast(id, message, tag),
  alarm: (room, id) => room.fireAlarm(id),
  record: (room, id, { inputs }) => room.startRecording(id, { inputs }),
  unrecord: (room, id) => room.stopRecording(id),
  async hibernate(room, id) {
    const unsafe = await hibernation();
    if (!unsafe) throw new RoomError(failure("NotHere", "not_here", 501, "not in this runtime"));
    const stub = room.stub(id);
    // One that never woke cannot be put to sleep.
    await /** @type {any} */ (stub).getCounts();
    await unsafe.evict(stub, { webSockets: "hibernate" });
    fellAsleep(stub.id.toString());
  },
};

/**
 * @returns {Promise<{ evict: (stub: DurableObjectStub, how: object) => Promise<void> } | undefined>}
 */
async function hibernation() {
  try {
    return (await import(UNSAFE)).default;
  } catch {
    return undefined;
  }
}

/**
 * @param {string | null} watching a room that is not to be woken, but traced when it wakes
 * @param {Rooms} rooms
 */
async function listRooms(watching, rooms) {
  const [, type, id] = /^([^/]+)\/(.+)$/.exec(watching ?? "") ?? [];
  if (type && id) keepTracing(rooms.room(type).stub(id).id.toString());
  const can = { hibernate: (await hibernation()) !== undefined };
  return Response.json({ at: Date.now(), rooms: seenRooms(), can });
}

/**
 * @param {string} lines
 * @param {string} name
 */
function recording(lines, name) {
  return new Response(lines, {
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Disposition": `attachment; filename="${name.replaceAll(/[^\w-]/g, "_")}.jsonl"`,
    },
  });
}

function unauthorized() {
  const error = failure("Unauthorized", "unauthorized", 401, "the token is not right");
  return errorResponse(error, { "WWW-Authenticate": "Bearer" });
}

const notFound = () => errorResponse(failure("NotFound", "not_found", 404, "nothing is here"));
