// A room in a React component. React itself comes from the application.

import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { SendError } from "./send-error.js";
import { roomStore } from "./store.js";

/** @typedef {import("./room-client.js").RoomTypes} RoomTypes */

/**
 * The stores that components share: those of the same address and options. Of functions each component
 * has its own.
 *
 * @type {Map<string, import("./store.js").RoomStore>}
 */
const shared = new Map();

/** @type {import("./store.js").RoomStore} of who does not want to be there */
const nowhere = {
  client: undefined,
  getSnapshot: () => DISABLED,
  getServerSnapshot: () => DISABLED,
  subscribe: () => () => {},
  on: () => () => {},
  send: () => Promise.reject(new SendError("closed", "this room is not enabled")),
};

const DISABLED = {
  ...roomStore("").getSnapshot(),
  state: /** @type {const} */ ("closed"),
  why: "not enabled",
};

/**
 * A room for as long as the component is there, and `enabled` is not false. Components with the same
 * address and options share one client. Another address, or other options, are another client; a function
 * for an address is the same one each time.
 *
 * @template {RoomTypes} [Room=any]
 * @param {import("./room-client.js").Address} address
 * @param {(message: Room["broadcast"], number: number) => void} onMessage the newest is called
 * @param {import("./room-client.js").Options & { enabled?: boolean, onReset?: () => void,
 *   onError?: (error: Error) => void }} [options]
 */
export function useRoom(address, onMessage, { enabled = true, onReset, onError, ...options } = {}) {
  const newest = useRef({ address, onMessage, onReset, onError });
  const isFunction = typeof address === "function";
  // What can be written down tells one client from another.
  const name = JSON.stringify([isFunction ? null : String(address), options]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the name stands for the address and the options
  const store = useMemo(() => {
    if (!enabled) return nowhere;
    const ask = () => {
      const { address } = newest.current;
      return typeof address === "function" ? address() : address;
    };
    const made = isFunction
      ? roomStore(ask, options)
      : (shared.get(name) ?? roomStore(address, options, () => shared.delete(name)));
    // On a server nobody ever takes it away.
    if (!isFunction && typeof window !== "undefined") shared.set(name, made);
    return made;
  }, [enabled, isFunction, name]);
  // Before the store is subscribed to: it may ask for the address at once.
  useEffect(() => {
    newest.current = { address, onMessage, onReset, onError };
  });
  const seen = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);
  useEffect(() => {
    const ends = [
      store.on("message", (...details) => newest.current.onMessage(...details)),
      store.on("reset", () => newest.current.onReset?.()),
      store.on("error", (error) => newest.current.onError?.(error)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [store]);
  return {
    ...seen,
    /** The client, once the component is there. */
    client: /** @type {import("./room-client.js").RoomClient<Room> | undefined} */ (store.client),
    send: /** @type {import("./room-client.js").RoomClient<Room>["send"]} */ (store.send),
  };
}
