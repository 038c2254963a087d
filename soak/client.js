// A client: a socket that tells what it hears, and that notices how it ends.

import { once } from "node:events";
import { WebSocket } from "ws";

/** @typedef {import("./closes.js").Close} Close */
/** @typedef {import("./tally.js").Tally} Tally */

/** A close that takes longer hangs. */
const CLOSE_MILLIS = 5_000;

/**
 * @typedef {import("./transcript.js").Listener & {
 *   say: (text: string) => void,
 *   leave: (close: Close) => Promise<void>,
 *   mustHear: number,
 * }} Client `mustHear` is the place up to which it has to hear although it left
 */

/**
 * @param {string} url of the room's sockets
 * @param {object} options
 * @param {string} options.id
 * @param {Tally} options.tally
 * @param {(client: Client, frame: string) => void} options.hear
 * @returns {Promise<Client>} once its socket is open
 */
export async function connect(url, { id, tally, hear }) {
  const socket = new WebSocket(`${url}?userId=${id}`, {
    handshakeTimeout: 30_000,
    perMessageDeflate: false,
  });
  /** @type {Close | undefined} */
  let leaving;
  /** @type {Promise<void>} */
  const closed = new Promise((resolve) => {
    socket.once("open", () => {
      tally.connected();
      socket.once("close", (code, reason) => {
        check(code, String(reason));
        resolve();
      });
    });
  });

  /** @param {number} code @param {string} reason */
  function check(code, reason) {
    if (!leaving) {
      tally.closed("unasked");
      tally.fault("wrong closes", `${id} was closed with ${code} "${reason}", unasked`);
      return;
    }
    tally.closed(leaving.kind);
    const { answer, kind } = leaving;
    if (code === answer.code && reason === answer.reason) return;
    tally.fault("wrong closes", `${id} closed ${kind} and heard ${code} "${reason}"`);
  }

  /** @type {Client} */
  const client = {
    id,
    next: undefined,
    ahead: [],
    missing: new Set(),
    mustHear: 0,
    say: (text) => socket.send(JSON.stringify({ _tag: "Say", text })),
    async leave(close) {
      leaving = close;
      close.leave(socket);
      const hangs = setTimeout(() => {
        tally.fault("hanging closes", `${id} closed ${close.kind}, and was not answered`);
        leaving = { ...close, answer: { code: 1006, reason: "" } };
        socket.terminate();
      }, CLOSE_MILLIS);
      await closed;
      clearTimeout(hangs);
    },
  };
  // Before it is open: the first frames may come with the answer to the upgrade.
  socket.on("message", (data) => {
    tally.heard += 1;
    hear(client, String(data));
  });
  await once(socket, "open");
  socket.on("error", () => {});
  return client;
}
