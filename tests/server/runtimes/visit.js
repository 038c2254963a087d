// What a page does, in whatever runtime runs this: says something, loses its line, says more, hears all
// of it; and meets a server that is not there.

import { RoomClient } from "../../../js/browser/room-client.js";

/**
 * @param {string} url of a chat room
 * @returns {Promise<{ heard: string[], same: boolean[], down: string }>}
 */
export async function visit(url) {
  const client = new RoomClient(url);
  /** @type {string[]} */
  const heard = [];
  /** @type {boolean[]} */
  const same = [];
  client.on("message", ({ _tag, text }) => {
    if (_tag === "Message") heard.push(text);
  });
  client.on("arrival", (how) => same.push(how.same));
  await client.send({ _tag: "Say", text: "one" });
  client.reconnect();
  await client.send({ _tag: "Say", text: "two" });
  client.close();

  // Nobody is there: it waits, and ends nothing.
  const lost = new RoomClient("ws://127.0.0.1:9/nobody", { probe: false });
  const sent = lost.send("into the void").catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const down = lost.state;
  lost.close();
  await sent;
  return { heard, same, down };
}
