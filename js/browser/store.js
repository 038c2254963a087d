// A room as a store: a value that changes, and a function that says when. React's hook is made of it;
// Svelte, Vue and Solid take it as it is.

import { RoomClient } from "./room-client.js";
import { SendError } from "./send-error.js";

/**
 * What there is to show of a room.
 *
 * @typedef {object} Seen
 * @property {import("./core.js").State} state
 * @property {string} why
 * @property {number | undefined} status
 * @property {string | undefined} code
 * @property {string[]} here
 * @property {boolean} isCrowd
 * @property {number} resets how often what was missed was no longer kept: ask the room, or read it anew
 */

/** @type {Seen} */
const UNSEEN = Object.freeze({
  state: "connecting",
  why: "",
  status: undefined,
  code: undefined,
  here: [],
  isCrowd: false,
  resets: 0,
});

/**
 * A room for as long as somebody looks: the client is made with the first subscriber, or with the first
 * send, and closed after the last. Whoever comes back at once finds it still there, as React's
 * StrictMode does.
 *
 * @template {import("./room-client.js").RoomTypes} [Room=any]
 * @param {import("./room-client.js").Address} address
 * @param {import("./room-client.js").Options} [options]
 * @param {() => void} [over] called when nobody looks any more
 */
export function roomStore(address, options, over = () => {}) {
  /** @type {RoomClient<Room> | undefined} */
  let client;
  let isOver = false;
  let seen = UNSEEN;
  /** @type {Set<(seen: Seen) => void>} */
  const lookers = new Set();
  /** @type {Map<string, Set<(...details: any[]) => void>>} */
  const listeners = new Map();

  const tell = () => {
    if (!client) return;
    const { state, why, status, code, here, isCrowd } = client;
    seen = { ...seen, state, why, status, code, here: [...here], isCrowd };
    for (const look of [...lookers]) look(seen);
  };
  const open = () => {
    if (client) return client;
    client = new RoomClient(address, options);
    for (const name of /** @type {const} */ (["state", "presence"])) client.on(name, tell);
    client.on("reset", () => {
      seen = { ...seen, resets: seen.resets + 1 };
      tell();
    });
    for (const name of /** @type {const} */ ([
      "message",
      "reset",
      "arrival",
      "error",
      "restored",
    ])) {
      client.on(name, (/** @type {any[]} */ ...details) => {
        for (const listener of [...(listeners.get(name) ?? [])]) listener(...details);
      });
    }
    tell();
    return client;
  };
  const endIfNobodyLooks = () => {
    if (lookers.size > 0) return;
    client?.close();
    client = undefined;
    seen = UNSEEN;
    isOver = true;
    over();
  };

  return {
    /** The client, while there is one. */
    get client() {
      return client;
    },
    getSnapshot: () => seen,
    /** What a server shows, which connects to nothing. */
    getServerSnapshot: () => UNSEEN,
    /**
     * Svelte's and Solid's contract: called at once, and at each change.
     *
     * @param {(seen: Seen) => void} look
     * @returns {() => void} ends that
     */
    subscribe(look) {
      // Twice the same is twice.
      const own = (/** @type {Seen} */ seen) => look(seen);
      lookers.add(own);
      isOver = false;
      open();
      look(seen);
      return () => {
        if (lookers.delete(own)) setTimeout(endIfNobodyLooks, 0);
      };
    },
    /**
     * As the client's own, also before there is one.
     *
     * @template {Exclude<keyof import("./room-client.js").Events<any>, "state" | "presence">} Name
     * @param {Name} name
     * @param {import("./room-client.js").Events<Room["broadcast"], Room["message"]>[Name]} listener
     * @returns {() => void}
     */
    on(name, listener) {
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(listener));
      return () => void all.delete(listener);
    },
    /** @type {RoomClient<Room>["send"]} as the client's own; before the first subscriber it waits */
    send(message, how) {
      if (isOver)
        return Promise.reject(new SendError("closed", "nobody looks at this room any more"));
      if (!client) setTimeout(endIfNobodyLooks, 1_000);
      return open().send(message, how);
    },
  };
}

/** @typedef {ReturnType<typeof roomStore>} RoomStore */
