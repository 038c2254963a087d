// The Worker's side: rooms by name and id.

import {
  checkJson,
  checkObject,
  checkOptionalText,
  checkText,
  checkWhole,
} from "../base/arguments.js";
import { failure, isRead, methodNotAllowed, RoomError } from "../base/errors.js";
import { fetchUpgrade } from "../base/upgrade.js";
import { objectName } from "./names.js";
import { originAllowed } from "./origin.js";
import { reach } from "./reach.js";
import { isUpgrade, offered, PROTOCOL, refuse } from "./refuse.js";

/** @typedef {import("../base/glue.js").Answer} Answer */

/**
 * The types of a room, as `dormouse::typescript!` declares them; for a room whose types are not known.
 *
 * @typedef {object} AnyRoom
 * @property {unknown} message what clients say to it
 * @property {unknown} inside what the Worker and other rooms say to it
 * @property {unknown} broadcast what it says
 * @property {unknown} state what it remembers
 * @property {unknown} connection what a connection remembers
 * @property {unknown} upgrade what the Worker says of a new connection
 */

/**
 * @template {AnyRoom} [Types=AnyRoom]
 * @typedef {object} UpgradeOptions
 * @property {string} [id] the connection's id; a UUID without one, unless the room decides otherwise
 * @property {string[]} [tags] its tags
 * @property {Types["upgrade"]} [data] what the room is to know of it
 * @property {"allow" | "replace" | "reject"} [onDuplicate] what to do if the id is connected already
 * @property {string} [protocol] a subprotocol that the Worker speaks through the room: it is answered to
 *   a client that offers it, and not `dormouse.1` as well
 */

/**
 * One type of room.
 *
 * @template {AnyRoom} [Types=AnyRoom]
 * @typedef {object} Room
 * @property {(id: string, request: Request, options?: UpgradeOptions<Types>) => Promise<Response>} upgrade
 *   answers a WebSocket upgrade, or says with a 4xx why not
 * @property {(id: string, message: Types["inside"]) => Promise<void>} send gives the room a message
 * @property {(id: string, message: Types["broadcast"], tag?: string) => Promise<void>} broadcast says
 *   something to every connection, or to those with a tag, past the room's handlers
 * @property {(id: string) => Promise<Types["state"] | null>} getState the room's state, or null
 * @property {(id: string) => Promise<void>} fireAlarm lets the alarm go off now; what is due is
 *   handled
 * @property {(id: string) => Promise<number>} getCount how many connections are open
 * @property {(id: string, tag?: string) => Promise<Connection<Types>[]>} getConnections the open
 *   connections, the oldest first
 * @property {(id: string, history: string, page?: { before?: number, limit?: number }) =>
 *   Promise<HistoryRow[]>} getHistory rows of a history, the oldest first: the last before a number, or
 *   of all; 100 if it is not said, 500 at most, and no more than a million characters. Where there are
 *   others before them, `before` the first of them gives those
 * @property {(id: string) => Promise<Wakes>} getWakes how often the room woke, what woke it, and what
 *   kept it awake
 * @property {(id: string, since?: number) => Promise<Inspection>} inspect what the Inspector shows: the
 *   room as it is, and what happened after a batch
 * @property {(id: string) => DurableObjectStub} stub the room's object, for what no function here does
 * @property {(id: string, options?: { inputs?: number, config?: boolean }) => Promise<void>} startRecording records what
 *   happens from now on, for a test to replay: at least the last so many inputs, 1,000 if it is not
 *   said, 10,000 at most; the Worker's variables, which may be secrets, only if that is asked for. It is
 *   stored with the room, and costs a row a batch
 * @property {(id: string) => Promise<string>} getRecording what was recorded, as lines of JSON; nothing
 *   if the room is not recorded
 * @property {(id: string) => Promise<void>} stopRecording ends the recording and drops it
 */

/** @typedef {import("../base/told.js").Wakes} Wakes */
/** @typedef {import("../base/told.js").Inspection} Inspection */

/**
 * @typedef {object} RoomStub what a room's object answers to
 * @property {(address: string, init: RequestInit) => Promise<Response>} fetch
 * @property {(json: string) => Promise<Answer>} send
 * @property {(json: string, tag?: string) => Promise<Answer>} broadcast
 * @property {() => Promise<Answer>} getState
 * @property {() => Promise<Answer>} fireAlarm
 * @property {() => Promise<Answer>} getCount
 * @property {(tag?: string) => Promise<Answer>} getConnections
 * @property {(name: string, before: number, limit: number) => Promise<Answer>} getHistory
 * @property {() => Promise<Answer>} getWakes
 * @property {(since: number) => Promise<Answer>} inspect
 * @property {(limit: number, hasConfig: boolean) => Promise<Answer>} startRecording
 * @property {() => Promise<Answer>} getRecording
 * @property {() => Promise<Answer>} stopRecording
 */

/**
 * @typedef {object} HistoryRow
 * @property {number} seq its place, from 1
 * @property {number} at milliseconds since the epoch
 * @property {any} row what was appended
 */

/** @typedef {{ seq: number, at: number, row: string }} StoredRow */

/**
 * @template {AnyRoom} [Types=AnyRoom]
 * @typedef {object} Connection
 * @property {string} id
 * @property {string[]} tags
 * @property {Types["connection"]} state
 * @property {number} connectedAt milliseconds since the epoch
 */

/**
 * The rooms behind a Durable Object namespace.
 *
 * @template {Record<string, AnyRoom>} [Types=Record<string, AnyRoom>]
 * @typedef {object} Rooms
 * @property {<Name extends keyof Types & string>(type: Name) => Room<Types[Name]>} room by the name of
 *   its type
 */

/** What changes nothing, or only who is connected. */
const SAFE = { twice: true };

/**
 * @template {Record<string, AnyRoom>} [Types=Record<string, AnyRoom>]
 * @param {DurableObjectNamespace} namespace
 * @param {object} [options]
 * @param {string | string[]} [options.allowedOrigins] origins, besides the Worker's own, whose pages may
 *   open sockets: separated by commas, or `*`
 * @param {(type: string) => boolean} [options.hasRoom] whether there are rooms of a type; without it the
 *   object says
 * @returns {Rooms<Types>}
 */
export function roomClient(namespace, { allowedOrigins, hasRoom } = {}) {
  /**
   * @param {string} type
   * @param {string} id
   */
  const object = (type, id) =>
    /** @type {RoomStub} */ (
      /** @type {unknown} */ (namespace.getByName(objectName(type, id, hasRoom)))
    );

  /**
   * @template T
   * @param {string} type
   * @param {string} id
   * @param {(object: RoomStub) => Promise<T>} ask
   * @param {{ twice: boolean }} [isSafe]
   */
  const reached = (type, id, ask, isSafe = { twice: false }) =>
    reach(() => object(type, id), ask, isSafe);

  return {
    room: (type) => ({
      async upgrade(id, request, options = {}) {
        if (!isRead(request)) return methodNotAllowed("GET", "HEAD");
        if (!isUpgrade(request)) {
          return new Response("Expected Upgrade: websocket", {
            status: 426,
            headers: { Upgrade: "websocket" },
          });
        }
        const origin = request.headers.get("Origin");
        if (!originAllowed(origin, new URL(request.url).origin, allowedOrigins)) {
          const message = `pages of ${origin} may not connect: list it in ALLOWED_ORIGINS`;
          return refuse(request, failure("OriginRefused", "origin_refused", 403, message));
        }
        try {
          return await reached(type, id, (it) => upgraded(it, request, options), SAFE);
        } catch (error) {
          if (error instanceof RoomError) return refuse(request, error.failure);
          throw error;
        }
      },

      async send(id, message) {
        const json = checkJson("message", message);
        unwrap(await reached(type, id, (it) => it.send(json)));
      },

      async broadcast(id, message, tag) {
        const json = checkJson("message", message);
        const only = checkOptionalText("tag", tag);
        unwrap(await reached(type, id, (it) => it.broadcast(json, only)));
      },

      async getState(id) {
        return unwrap(await reached(type, id, (it) => it.getState(), SAFE));
      },

      async fireAlarm(id) {
        unwrap(await reached(type, id, (it) => it.fireAlarm()));
      },

      async getCount(id) {
        return unwrap(await reached(type, id, (it) => it.getCount(), SAFE));
      },

      async getConnections(id, tag) {
        const only = checkOptionalText("tag", tag);
        return unwrap(await reached(type, id, (it) => it.getConnections(only), SAFE));
      },

      async getHistory(id, history, page = {}) {
        const { before = Number.MAX_SAFE_INTEGER, limit = 100 } = checkObject("page", page);
        checkText("history", history);
        const first = checkWhole("before", before, { most: Number.MAX_SAFE_INTEGER });
        const most = checkWhole("limit", limit, { most: 500 });
        const rows = await reached(type, id, (it) => it.getHistory(history, first, most), SAFE);
        /** @type {StoredRow[]} */
        const stored = unwrap(rows);
        return stored.map(({ seq, at, row }) => ({ seq, at, row: JSON.parse(row) }));
      },

      async getWakes(id) {
        return unwrap(await reached(type, id, (it) => it.getWakes(), SAFE));
      },

      async inspect(id, since = 0) {
        return unwrap(await reached(type, id, (it) => it.inspect(since), SAFE));
      },

      stub: (id) => /** @type {DurableObjectStub} */ (/** @type {unknown} */ (object(type, id))),

      async startRecording(id, options = {}) {
        const { inputs = 1_000, config = false } = checkObject("options", options);
        const limit = checkWhole("inputs", inputs, { most: 10_000 });
        unwrap(await reached(type, id, (it) => it.startRecording(limit, config === true)));
      },

      async getRecording(id) {
        return unwrap(await reached(type, id, (it) => it.getRecording(), SAFE));
      },

      async stopRecording(id) {
        unwrap(await reached(type, id, (it) => it.stopRecording()));
      },
    }),
  };
}

/**
 * @param {RoomStub} object
 * @param {Request} request
 * @param {UpgradeOptions<any>} options
 */
async function upgraded(object, request, options) {
  const { protocol: spoken, ...ours } = /** @type {UpgradeOptions<any>} */ (
    checkObject("options", options)
  );
  checkOptionalText("protocol", spoken);
  const protocol = request.headers.get("Sec-WebSocket-Protocol") ?? undefined;
  const response = await fetchUpgrade(object, checkJson("options", { ...ours, protocol }));
  const { status, webSocket } = response;
  if (!webSocket) {
    if (!offered(request).includes(PROTOCOL)) return response;
    const { error } = /** @type {any} */ (await response.json());
    return refuse(request, { status, ...error });
  }
  const isAnswered = response.headers.has("Sec-WebSocket-Protocol");
  // Only what was offered may be answered (RFC 6455, 4.2.2).
  if (isAnswered || !spoken || !offered(request).includes(spoken)) return response;
  const headers = { "Sec-WebSocket-Protocol": spoken };
  return new Response(null, { status, webSocket, headers });
}

/**
 * @param {Answer} answer
 * @returns {any} what was answered
 * @throws {RoomError}
 */
function unwrap(answer) {
  if ("error" in answer) throw new RoomError(answer.error);
  return answer.ok;
}
