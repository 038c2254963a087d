// A WebSocket client inside workerd, for the tests that run there.

import { gather } from "../support/frames.js";

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
  const { frames, push, until } = gather();
  socket.addEventListener("message", ({ data }) => push(data));
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
    until,
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

/** Long enough for whatever is on its way inside one process to arrive. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 50));
