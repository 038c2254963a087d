// A room in a React component. React itself comes from the application.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { RoomClient } from "./room-client.js";

/**
 * A room for as long as the component is there.
 *
 * @template {import("./room-client.js").RoomTypes} [Room=any]
 * @param {string} url
 * @param {(message: Room["broadcast"], number: number) => void} onMessage
 * @param {import("./room-client.js").Options} [options] of the first time
 */
export function useRoom(url, onMessage, options) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the options are those of the first time
  const store = useMemo(() => roomStore(url, options), [url]);
  const room = useSyncExternalStore(store.subscribe, store.read);
  useEffect(() => store.client()?.on("message", onMessage), [store, onMessage]);
  return { ...room, send: /** @type {RoomClient<Room>["send"]} */ (store.send) };
}

/**
 * @param {string} url
 * @param {import("./room-client.js").Options} [options]
 */
function roomStore(url, options) {
  /** @type {RoomClient<any> | undefined} */
  let client;
  let users = 0;
  const look = () => ({
    state: client?.state ?? "connecting",
    why: client?.why ?? "",
    here: client ? [...client.here] : [],
  });
  let seen = look();
  return {
    client: () => client,
    read: () => seen,
    /** @param {any} event */
    send: (event) => /** @type {RoomClient<any>} */ (client).send(event),
    /** @param {() => void} changed */
    subscribe(changed) {
      users += 1;
      client ??= new RoomClient(url, options);
      const update = () => {
        seen = look();
        changed();
      };
      const ends = [client.on("state", update), client.on("presence", update)];
      update();
      return () => {
        for (const end of ends) end();
        users -= 1;
        if (users > 0) return;
        client?.close();
        client = undefined;
      };
    },
  };
}
