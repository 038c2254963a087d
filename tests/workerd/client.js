// A WebSocket client inside workerd, for the tests that run there.

/**
 * @typedef {object} Client
 * @property {WebSocket} socket
 * @property {any[]} frames what has come: JSON parsed where it is JSON
 * @property {(value: unknown) => void} send sends a value as JSON
 * @property {(count: number) => Promise<any[]>} until waits for so many frames in all
 * @property {Promise<{ code: number, reason: string }>} closed
 */

/**
 * @param {{ fetch: (request: Request) => Promise<Response> }} worker
 * @param {string} path
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Client>}
 */
export async function connect(worker, path, headers = {}) {
  const response = await upgrade(worker, path, headers);
  const socket = response.webSocket;
  if (!socket) throw new Error(`refused: ${response.status} ${await response.text()}`);
  /** @type {any[]} */
  const frames = [];
  /** @type {Set<() => void>} */
  const waiting = new Set();
  socket.addEventListener("message", ({ data }) => {
    frames.push(typeof data === "string" ? parse(data) : data);
    for (const wake of waiting) wake();
  });
  /** @type {Promise<{ code: number, reason: string }>} */
  const closed = new Promise((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  socket.accept();
  return {
    socket,
    frames,
    closed,
    send: (value) => socket.send(JSON.stringify(value)),
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (frames.length < count) return;
          waiting.delete(look);
          resolve(frames);
        };
        waiting.add(look);
        look();
      }),
  };
}

/**
 * @param {{ fetch: (request: Request) => Promise<Response> }} worker
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
export function upgrade(worker, path, headers = {}) {
  const request = new Request(`https://rooms.example${path}`, {
    headers: { Upgrade: "websocket", ...headers },
  });
  return worker.fetch(request);
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Long enough for whatever is on its way inside one process to arrive. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 50));
