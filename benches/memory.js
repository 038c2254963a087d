// What a socket and a room cost in memory: resident bytes of a server of their own.

import { setTimeout as sleep } from "node:timers/promises";
import { Load } from "./load.js";
import { startServer } from "./server.js";

/** @typedef {import("./systems.js").System} System */
/** @typedef {import("./load.js").Measured} Measured */
/** @typedef {import("./run.js").Row} Row */

const ASLEEP = 12_000;

/**
 * @param {System[]} chosen
 * @param {{ quick: boolean }} options
 * @returns {Promise<Row[]>}
 */
export async function measureMemory(chosen, { quick }) {
  const clients = quick ? 2_000 : 8_000;
  const rooms = quick ? 200 : 1_000;
  /** @param {string} name @param {string} what @returns {Row} */
  const row = (name, what) => ({ name, what, target: 1.05, figure: "rss_bytes", rounds: {} });
  const awake = row("memory: awake", "bytes a socket of a room that is awake");
  const asleep = row("memory: asleep", "bytes a socket of a room that sleeps");
  const room = row("memory: room", "bytes a room with one socket, awake");
  await Promise.all(
    chosen.map(async (system) => {
      const server = await startServer(system);
      const load = new Load(server);
      /** @param {Row} row @param {Measured} before @param {Measured} after @param {number} count */
      const note = (row, before, after, count) => {
        const rss_bytes = (after.rss_bytes - before.rss_bytes) / count;
        row.rounds[system.name] = [{ ...after, messages: 1, rss_bytes }];
      };
      try {
        // Everything that is there once a server, and not once a room, comes first.
        await load.play({ workload: "joining", clients: 50 });
        const first = await load.play({ workload: "echo", messages: 100 });
        const full = await load.play({ workload: "sleep", clients });
        note(awake, first, full, clients);
        await sleep(ASLEEP);
        const slept = await load.play({ workload: "rest" });
        note(asleep, first, slept, clients);
        const more = await load.play({ workload: "rooms", room: "many", clients: rooms });
        note(room, slept, more, rooms);
      } finally {
        load.stop();
        await server.stop();
      }
    }),
  );
  console.log("bench: memory");
  return [awake, asleep, room];
}
