// What a client has of the world: a browser's page, or as much of it as there is elsewhere.

/**
 * @typedef {object} Page
 * @property {() => number} now milliseconds
 * @property {() => number} random from 0 up to 1
 * @property {(act: () => void, millis: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => (Storage | undefined)} storage throws where it is denied
 * @property {() => (Storage | undefined)} shared what all tabs have; throws where it is denied
 * @property {typeof WebSocket | undefined} WebSocket
 * @property {typeof fetch | undefined} fetch
 * @property {LockManager | undefined} locks
 * @property {typeof BroadcastChannel | undefined} BroadcastChannel
 * @property {() => Promise<typeof import("./keeper.js")>} keeping
 * @property {string | undefined} address of the page
 * @property {(name: string, listener: (event: any) => void) => () => void} listen to what happens to the
 *   page; ends that
 * @property {() => boolean} isVisible
 * @property {(error: unknown) => void} report what a listener has thrown
 */

/** @returns {Page} */
export function thisPage() {
  const it = globalThis;
  const { document } = it;
  return {
    now: () => it.performance?.now() ?? Date.now(),
    random: Math.random,
    setTimeout: (act, millis) => it.setTimeout(act, millis),
    clearTimeout: (timer) => it.clearTimeout(timer),
    storage: () => it.sessionStorage,
    shared: () => it.localStorage,
    keeping: () => import("./keeper.js"),
    WebSocket: it.WebSocket,
    fetch: it.fetch && ((...request) => it.fetch(...request)),
    locks: it.navigator?.locks,
    BroadcastChannel: it.BroadcastChannel,
    address: it.location?.href,
    listen(name, listener) {
      const target = name === "visibilitychange" ? document : it;
      target?.addEventListener?.(name, listener);
      return () => target?.removeEventListener?.(name, listener);
    },
    isVisible: () => document?.visibilityState !== "hidden",
    // Like one of the browser's own listeners: the console has it, and the rest goes on.
    report: (error) => (it.reportError ? it.reportError(error) : console.error(error)),
  };
}
