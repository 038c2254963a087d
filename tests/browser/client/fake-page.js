// A page without a browser, for tests that are everything around the client: time, the net, the storage.

import { vi } from "vitest";
import { Keeper } from "../../../js/browser/keeper.js";
import { RoomClient } from "../../../js/browser/room-client.js";
import { FakeSocket } from "./fake-socket.js";

RoomClient.keeping = async () => ({ Keeper });

/**
 * @param {Partial<import("../../../js/browser/page.js").Page>} [differs]
 * @returns {import("../../../js/browser/page.js").Page & { fire: (name: string) => void, reported: unknown[] }}
 */
export function fakePage(differs = {}) {
  /** @type {Map<string, Set<(event: any) => void>>} */
  const listeners = new Map();
  /** @type {unknown[]} */
  const reported = [];
  return {
    Date: { now: () => Date.now() },
    Math: { random: () => 0.5 },
    setTimeout: (act, millis) => setTimeout(act, millis),
    clearTimeout: (timer) => clearTimeout(timer),
    WebSocket: /** @type {any} */ (FakeSocket),
    location: { href: "http://room.test/page" },
    addEventListener: (name, listener) =>
      void listeners.set(name, (listeners.get(name) ?? new Set()).add(listener)),
    removeEventListener: (name, listener) => void listeners.get(name)?.delete(listener),
    reportError: (error) => void reported.push(error),
    fire(name) {
      for (const listener of [...(listeners.get(name) ?? [])]) listener({});
    },
    reported,
    ...differs,
  };
}

/** A storage of a tab, and of what all tabs have. */
export function fakeStorage() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return /** @type {Storage} */ (
    /** @type {unknown} */ ({
      getItem: (/** @type {string} */ name) => items.get(name) ?? null,
      setItem: (/** @type {string} */ name, /** @type {string} */ value) =>
        void items.set(name, value),
      removeItem: (/** @type {string} */ name) => void items.delete(name),
    })
  );
}

/** Locks that only this process has. */
export function fakeLocks() {
  const held = new Set();
  return /** @type {LockManager} */ (
    /** @type {unknown} */ ({
      async request(
        /** @type {string} */ name,
        /** @type {object} */ _options,
        /** @type {(lock: object | null) => any} */ use,
      ) {
        if (held.has(name)) return use(null);
        held.add(name);
        await use({});
        held.delete(name);
      },
    })
  );
}

/** Promises have their turn, and no time passes. */
export const settle = () => vi.advanceTimersByTimeAsync(0);
