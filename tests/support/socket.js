// A WebSocket client over TCP, for the tests that run in Node.

import { WebSocket } from "ws";
import { gather } from "./frames.js";

/**
 * @typedef {object} Client
 * @property {WebSocket} socket
 * @property {any[]} frames what has come: JSON parsed where it is JSON
 * @property {(value: unknown) => void} send sends a value as JSON
 * @property {(count: number) => Promise<any[]>} until waits for so many frames in all
 * @property {Promise<{ code: number, reason: string }>} closed
 */

/**
 * @param {string} url
 * @param {import("ws").ClientOptions} [options]
 * @param {(text: string) => any} [read] what a text frame is read as, if not as JSON
 * @returns {Promise<Client>} rejected with the status if the upgrade is refused
 */
export async function connect(url, options = {}, read = undefined) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), options);
  const { frames, push, until } = gather(read);
  socket.on("message", (data, isBinary) => push(isBinary ? data : String(data)));
  /** @type {Promise<{ code: number, reason: string }>} */
  const closed = new Promise((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
    socket.on("unexpected-response", (_request, response) => {
      reject(Object.assign(new Error(`refused: ${response.statusCode}`), { response }));
    });
  });
  socket.on("error", () => {});
  return {
    socket,
    frames,
    closed,
    send: (value) => socket.send(JSON.stringify(value)),
    until,
  };
}

/** @param {number} millis */
export const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
