// The servers of a life: a room on its engine, and one that keeps nothing.

import { createRequire } from "node:module";

const { Server } = createRequire(import.meta.url)("../../lives/pkg/lives.js");

/**
 * @typedef {object} Room
 * @property {(id: string, protocol: string) => number} connect throws what refuses it
 * @property {(line: number, frame: string | Uint8Array) => void} say
 * @property {(line: number) => (string | { code: number, reason: string })[]} take
 * @property {(line: number, code: number, reason: string) => void} close
 * @property {(line: number) => void} cut
 * @property {(millis: number) => void} advance
 * @property {() => void} hibernate
 * @property {() => void} crash
 * @property {() => string[]} log what it has handled, in order
 * @property {() => void} free
 */

/**
 * A room with a RESUME.
 *
 * @param {number} seed
 * @returns {Room}
 */
export function keepingRoom(seed) {
  const server = new Server(seed);
  return {
    connect: (id, protocol) => server.connect(id, protocol),
    say: (line, frame) =>
      typeof frame === "string" ? server.text(line, frame) : server.bytes(line, frame),
    take: (line) => JSON.parse(server.take(line)),
    close: (line, code, reason) => server.close(line, code, reason),
    cut: (line) => server.cut(line),
    advance: (millis) => server.advance(millis),
    hibernate: () => server.hibernate(),
    crash: () => server.crash(),
    log: () => JSON.parse(server.log()),
    free: () => server.free(),
  };
}

/**
 * A room without: it greets, and says nothing twice.
 *
 * @returns {Room}
 */
export function plainRoom() {
  /** @type {Map<number, { frames: (string | { code: number, reason: string })[], handled: number }>} */
  const lines = new Map();
  /** @type {string[]} */
  const log = [];
  let next = 1;
  return {
    connect() {
      const place = { session: "", epoch: "", offset: 0, resumed: false, same: false };
      lines.set(next, { frames: [`h${JSON.stringify({ ...place, here: [] })}`], handled: 0 });
      return next++;
    },
    say(id, frame) {
      const line = lines.get(id);
      if (!line) return;
      const [, number, words] = /^s(\d+):(.*)$/s.exec(textOf(frame)) ?? [];
      if (words === undefined || Number(number) !== line.handled + 1) {
        line.frames.push({ code: 1002, reason: "a number is missing" });
        lines.delete(id);
        return;
      }
      line.handled += 1;
      if (words.startsWith("no ")) line.frames.push(`e${number}:{"code":"not_that","message":""}`);
      else {
        log.push(words);
        for (const { frames } of lines.values()) frames.push(`m0:${words}`);
      }
      line.frames.push(`k${number}`);
    },
    take: (id) => lines.get(id)?.frames.splice(0) ?? [],
    close: (id) => void lines.delete(id),
    cut: (id) => void lines.delete(id),
    advance() {},
    hibernate() {},
    crash: () => lines.clear(),
    log: () => log,
    free() {},
  };
}

/** @param {string | Uint8Array} frame */
function textOf(frame) {
  if (typeof frame === "string") return frame;
  const number = new DataView(frame.buffer, frame.byteOffset).getBigUint64(0);
  return `s${number}:${new TextDecoder().decode(frame.subarray(8))}`;
}
