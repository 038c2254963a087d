// A client's WebSocket whose line a test can break.

import { WebSocket } from "ws";

/** A class for one client, and what breaks the line that it has at the time. */
export function breakableLine() {
  /** @type {WebSocket | undefined} */
  let last;
  class BreakableSocket extends WebSocket {
    /**
     * @param {string | URL} url
     * @param {string[]} protocols
     */
    constructor(url, protocols) {
      super(url, protocols);
      // Its close says as much.
      this.on("error", () => {});
      last = this;
    }
  }
  return {
    WebSocket: /** @type {typeof globalThis.WebSocket} */ (
      /** @type {unknown} */ (BreakableSocket)
    ),
    /** @returns {boolean} whether there was one */
    cut() {
      if (!last || last.readyState > WebSocket.OPEN) return false;
      last.terminate();
      return true;
    },
  };
}
