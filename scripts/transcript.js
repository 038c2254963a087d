// Plays what a page says that clients and a room tell one another.

import { WebSocket } from "ws";

const PATIENCE = 10_000;

/**
 * Lines are `ada connects to /path`, `ada > frame` and `ada < frame`.
 *
 * @param {string} text
 * @param {string} url of the server
 * @throws {Error} at the first line that does not come true
 */
export async function playTranscript(text, url) {
  /** @type {Map<string, Awaited<ReturnType<typeof connect>>>} */
  const clients = new Map();
  try {
    for (const line of text.trim().split("\n")) {
      const [, name = "", act, rest = ""] = /^(\w+) (connects to|>|<) (.+)$/.exec(line) ?? [];
      if (act === "connects to") {
        clients.set(name, await connect(`${url.replace("http", "ws")}${rest}`));
        continue;
      }
      const client = clients.get(name);
      if (!client) throw new Error(`nobody can do this: ${line}`);
      if (act === ">") client.send(rest);
      else await client.expect(rest);
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
}

/** @param {string} url */
async function connect(url) {
  const socket = new WebSocket(url);
  /** @type {string[]} */
  const frames = [];
  let arrived = () => {};
  socket.on("message", (data) => {
    frames.push(String(data));
    arrived();
  });
  await new Promise((open, failed) => {
    socket.on("open", open);
    socket.on("error", failed);
  });
  return {
    /** @param {string} frame */
    send: (frame) => socket.send(frame),
    close: () => socket.close(),
    /** @param {string} frame */
    async expect(frame) {
      if (frames.length === 0) {
        await new Promise((resolve, reject) => {
          arrived = () => resolve(undefined);
          setTimeout(() => reject(new Error(`${frame} did not come`)), PATIENCE).unref();
        });
      }
      const heard = frames.shift();
      if (heard !== frame) throw new Error(`${heard} came instead of ${frame}`);
    },
  };
}
