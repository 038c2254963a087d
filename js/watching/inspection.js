// What the Inspector sees of an object. It reads what is stored and what is attached to the sockets, so
// that looking is no input: the room does nothing for it, and a trace does not show it.

/** @typedef {import("./inspector.js").Readable} Readable */

/** How much of a room is shown. */
const LIMITS = { connections: 100, values: 50, alarms: 100, rows: 5 };

/** In front of the keys of what the engine keeps for itself, as the letters that are on their way. */
const OWN = "\u0001";

/**
 * @param {Readable} object
 * @returns {import("../base/told.js").Looked}
 */
export function inspection({ storage, sockets }) {
  const open = sockets.open();
  const { connections, values, alarms, rows } = LIMITS;
  return {
    at: Date.now(),
    state: storage.state() ?? null,
    connections: {
      count: open.length,
      first: open.slice(0, connections).map(connection).sort(byAge),
    },
    schedule: {
      pending: storage.pendingAlarms(undefined, "", alarms),
      failed: storage.failedAlarms().slice(0, alarms),
    },
    letters: storage.values(`${OWN}letter/`, undefined, values, false).rows.map(([, json]) => json),
    // The state is stored as a value, and all keyed values have a slash in them.
    values: storage.values("", "\u0002", values, false).rows.filter(([key]) => key.includes("/")),
    histories: storage.histories(rows),
  };
}

/** @param {WebSocket} socket */
function connection(socket) {
  const { id, at, nth, tags, state } = JSON.parse(socket.deserializeAttachment() ?? "{}");
  return { id, connectedAt: at, nth, tags: tags ?? [], state };
}

/**
 * @param {{ connectedAt: number, nth: number }} one
 * @param {{ connectedAt: number, nth: number }} other
 */
function byAge(one, other) {
  return one.connectedAt - other.connectedAt || one.nth - other.nth;
}
