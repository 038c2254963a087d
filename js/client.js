// The Worker's side: rooms by name and id.

import { errorResponse, failure, RoomError } from "./errors.js";
import { fetchUpgrade } from "./upgrade.js";

/** The most inputs that a recording keeps for sure. */
const RECORDED_INPUTS = 10_000;

/** The most rows of a history that are read at a time. */
const HISTORY_ROWS = 500;

/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("./glue.js").Answer} Answer */

/**
 * The types of a room, as `dormouse::typescript!` declares them; for a room whose types are not known.
 *
 * @typedef {object} AnyRoom
 * @property {unknown} event what clients say to it
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
 *   of all; 100 if it is not said, 500 at most
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

/** @typedef {import("./wakes.js").Wakes} Wakes */

/**
 * @typedef {ReturnType<typeof import("./inspection.js").inspection> & {
 *   alarm: number | null,
 *   isRecorded: boolean,
 *   counts: { inputs: number, drains: number, commits: number, traps: number },
 *   wakes: Wakes,
 *   trace: ReturnType<import("./tracer.js").Tracer["look"]>,
 * }} Inspection
 */

/**
 * @typedef {object} RoomStub what a room's object answers to
 * @property {(address: string, init: RequestInit) => Promise<Response>} fetch
 * @property {(json: string) => Promise<Answer>} send
 * @property {(json: string, tag?: string) => Promise<Answer>} broadcast
 * @property {() => Promise<Answer>} getState
 * @property {() => Promise<void>} fireAlarm
 * @property {() => Promise<Answer>} getCount
 * @property {(tag?: string) => Promise<Answer>} getConnections
 * @property {(name: string, before: number, limit: number) => Promise<StoredRow[]>} getHistory
 * @property {() => Promise<Wakes>} getWakes
 * @property {(since: number) => Promise<Inspection>} inspect
 * @property {(limit: number, hasConfig: boolean) => Promise<void>} startRecording
 * @property {() => Promise<string>} getRecording
 * @property {() => Promise<void>} stopRecording
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
 * @template {Record<string, AnyRoom>} [Rooms=Record<string, AnyRoom>]
 * @typedef {object} RoomClient
 * @property {<Name extends keyof Rooms & string>(type: Name) => Room<Rooms[Name]>} room by the name of
 *   its type
 */

/**
 * @template {Record<string, AnyRoom>} [Rooms=Record<string, AnyRoom>]
 * @param {Instance} instance
 * @param {DurableObjectNamespace} namespace
 * @param {{ allowedOrigins?: string }} [options] origins, besides the Worker's own, whose pages may
 *   open sockets: separated by commas, or `*`
 * @returns {RoomClient<Rooms>}
 */
export function roomClient(instance, namespace, { allowedOrigins = "" } = {}) {
  const { glue } = instance;

  /**
   * @param {string} type
   * @param {string} id
   */
  const object = (type, id) => {
    const name = glue.objectName(type, id);
    if (name === undefined) throw new RoomError(glue.refusal());
    return /** @type {RoomStub} */ (/** @type {unknown} */ (namespace.getByName(name)));
  };

  return {
    room: (type) => ({
      async upgrade(id, request, options = {}) {
        if (request.method !== "GET") return methodNotAllowed("GET");
        if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") {
          return new Response("Expected Upgrade: websocket", {
            status: 426,
            headers: { Upgrade: "websocket" },
          });
        }
        const origin = request.headers.get("Origin");
        const own = origin === null ? "" : new URL(request.url).origin;
        if (!glue.originAllowed(origin, own, allowedOrigins)) {
          const message = `pages of ${origin} may not connect: list it in ALLOWED_ORIGINS`;
          return errorResponse(failure("OriginRefused", "origin_refused", 403, message));
        }
        try {
          return await fetchUpgrade(object(type, id), request, options);
        } catch (error) {
          if (error instanceof RoomError) return errorResponse(error.failure);
          throw error;
        }
      },

      async send(id, event) {
        unwrap(await object(type, id).send(JSON.stringify(event)));
      },

      async broadcast(id, message, tag) {
        unwrap(await object(type, id).broadcast(JSON.stringify(message), tag));
      },

      async getState(id) {
        return /** @type {any} */ (unwrap(await object(type, id).getState()));
      },

      async fireAlarm(id) {
        await object(type, id).fireAlarm();
      },

      async getCount(id) {
        return /** @type {number} */ (unwrap(await object(type, id).getCount()));
      },

      async getConnections(id, tag) {
        const answer = await object(type, id).getConnections(tag);
        return /** @type {Connection<any>[]} */ (unwrap(answer));
      },

      async getHistory(id, history, { before = Number.MAX_SAFE_INTEGER, limit = 100 } = {}) {
        checkWhole("before", before, Number.MAX_SAFE_INTEGER);
        checkWhole("limit", limit, HISTORY_ROWS);
        const rows = await object(type, id).getHistory(history, before, limit);
        return rows.map(({ seq, at, row }) => ({ seq, at, row: JSON.parse(row) }));
      },

      async getWakes(id) {
        return await object(type, id).getWakes();
      },

      async inspect(id, since = 0) {
        return await object(type, id).inspect(since);
      },

      stub: (id) => /** @type {DurableObjectStub} */ (/** @type {unknown} */ (object(type, id))),

      async startRecording(id, { inputs = 1_000, config = false } = {}) {
        if (!Number.isInteger(inputs) || inputs < 1 || inputs > RECORDED_INPUTS) {
          const message = `a recording keeps 1 to ${RECORDED_INPUTS} inputs, not ${inputs}`;
          const limit = { limit: RECORDED_INPUTS, inputs };
          throw new RoomError({
            ...failure("RecordingTooLong", "recording_too_long", 400, message),
            ...limit,
          });
        }
        await object(type, id).startRecording(inputs, config);
      },

      async getRecording(id) {
        return await object(type, id).getRecording();
      },

      async stopRecording(id) {
        await object(type, id).stopRecording();
      },
    }),
  };
}

/**
 * @param {Answer} answer
 * @returns {unknown}
 * @throws {RoomError}
 */
function unwrap(answer) {
  if ("error" in answer) throw new RoomError(answer.error);
  return answer.ok;
}

/**
 * @param {string} name
 * @param {number} value
 * @param {number} most
 * @throws {RoomError}
 */
function checkWhole(name, value, most) {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const message = `${name} is a whole number from 1 to ${most}, not ${value}`;
  throw new RoomError(failure("InvalidPage", "invalid_page", 400, message));
}

/** @param {...string} allowed */
export function methodNotAllowed(...allowed) {
  const allow = allowed.join(", ");
  const error = failure("MethodNotAllowed", "method_not_allowed", 405, `only ${allow} here`);
  return errorResponse(error, { Allow: allow });
}
