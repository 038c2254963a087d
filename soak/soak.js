// The whole soak: a server, its rooms, and what is measured of them meanwhile.

import { setTimeout as sleep } from "node:timers/promises";
import { bundle, makeFolder, remove, startWorkerd } from "../tests/support/workerd.js";
import { Health } from "./health.js";
import { progress } from "./report.js";
import { Room } from "./room.js";
import { Tally } from "./tally.js";

/** How many frames a second all clients together hear, about: modest for two cores. */
const FRAMES_A_SECOND = 4_000;

const PROGRESS_MILLIS = 10_000;

/**
 * @param {object} options
 * @param {number} options.minutes from when all sockets are open
 * @param {number} options.sockets open at a time
 * @param {number} options.rooms
 * @returns {Promise<{ tally: Tally, health: Health }>}
 */
export async function soak({ minutes, sockets, rooms }) {
  if (sockets < 10 * rooms) throw new Error("A room takes ten sockets at least.");
  const worker = bundle("soak/server/wrangler.jsonc");
  const storage = makeFolder();
  const server = await startWorkerd(worker, storage);
  const tally = new Tally(minutes);
  const health = new Health(server.pid, tally);
  const over = new AbortController();
  const all = Array.from({ length: rooms }, (_, number) => {
    const size = Math.floor(sockets / rooms) + (number < sockets % rooms ? 1 : 0);
    const budget = FRAMES_A_SECOND / rooms;
    return new Room({ url: server.url, number, size, budget, tally, over: over.signal });
  });
  const ticking = setInterval(() => console.log(progress(tally, health)), PROGRESS_MILLIS);
  try {
    await Promise.all(all.map((room) => room.fill()));
    tally.begin();
    health.begin();
    const until = Date.now() + minutes * 60_000;
    await Promise.all(all.map((room) => room.live(until)));
    health.end();
    await Promise.all(all.map((room) => room.empty()));
    await sleep(500);
    health.judge(minutes);
  } finally {
    tally.end();
    health.end();
    clearInterval(ticking);
    over.abort();
    await server.kill();
    for (const folder of [worker, storage]) remove(folder);
  }
  return { tally, health };
}
