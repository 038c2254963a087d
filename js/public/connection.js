// One WebSocket that is opened again when it is lost.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** A connection that was open this long was a good one: the next delay is short again. */
const STABLE_MS = 10_000;

/**
 * @typedef {{ phase: "connecting" }
 *   | { phase: "open" }
 *   | { phase: "closed", why: string, retryMs: number | null }} Status
 */

/**
 * @typedef {object} Handlers
 * @property {(status: Status) => void} onStatus
 * @property {(text: string) => void} onFrame
 * @property {() => Promise<{ why: string, final: boolean }>} whyRefused asked when a socket closes
 *   without having been open, since the browser does not tell
 */

/**
 * @param {string} url
 * @param {Handlers} handlers
 */
export function keepConnected(url, { onStatus, onFrame, whyRefused }) {
  /** @type {WebSocket | undefined} */
  let current;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  let wasEverOpen = false;

  function connect() {
    clearTimeout(timer);
    if (current && current.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(url);
    current = socket;
    let openedAt = 0;
    onStatus({ phase: "connecting" });

    socket.addEventListener("open", () => {
      openedAt = Date.now();
      wasEverOpen = true;
      onStatus({ phase: "open" });
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") onFrame(data);
    });
    socket.addEventListener("close", async ({ code, reason }) => {
      const { why, final } = openedAt ? whyClosed(code, reason) : await whyRefused();
      // A newer socket may have taken over while we asked.
      if (socket !== current) return;
      // Who was inside before is more likely to meet a restart than a refusal.
      const retry = !final || (!openedAt && wasEverOpen);
      if (openedAt && Date.now() - openedAt > STABLE_MS) failures = 0;
      const retryMs = retry ? delay(failures++) : null;
      if (retryMs !== null) timer = setTimeout(connect, retryMs);
      onStatus({ phase: "closed", why, retryMs });
    });
  }

  // No need to sit out the delay when the device says that the network is back.
  addEventListener("online", () => {
    if (current?.readyState === WebSocket.CLOSED) connect();
  });

  connect();
  return {
    connect,
    /**
     * Whether the text was sent.
     * @param {string} text
     */
    send(text) {
      if (current?.readyState !== WebSocket.OPEN) return false;
      current.send(text);
      return true;
    },
  };
}

/**
 * A normal close, a broken policy and the room's own codes are decisions: coming back at once would
 * be rude. Everything else is an accident.
 * @param {number} code
 * @param {string} reason
 */
function whyClosed(code, reason) {
  const final = code === 1000 || code === 1008 || code >= 4000;
  if (code === 1006) return { why: "Connection lost", final };
  return { why: `Closed by the server: ${reason || `code ${code}`}`, final };
}

/**
 * Doubling, and spread so that a room that restarts is not met by everyone in the same instant.
 * @param {number} failures
 */
function delay(failures) {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
}
