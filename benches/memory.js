// What a socket and a room cost in memory: resident bytes of a server of their own.

import { setTimeout as sleep } from "node:timers/promises";
import { Load } from "./load.js";
import { tell } from "./progress.js";
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
  /** @param {Row} row @param {System} system @param {Measured} before @param {Measured} after @param {number} count */
  const note = (row, system, before, after, count) => {
    const rss_bytes = (after.rss_bytes - before.rss_bytes) / count;
    row.rounds[system.name] = [{ ...after, messages: 1, rss_bytes }];
  };
  await Promise.all(
    chosen.flatMap((system) => [
      onServer(system, async (load, first) => {
        const full = await load.play({ workload: "sleep", clients });
        note(awake, system, first, full, clients);
        await sleep(ASLEEP);
        note(asleep, system, first, await load.play({ workload: "rest" }), clients);
      }),
      onServer(system, async (load, first) => {
        const full = await load.play({ workload: "rooms", room: "many", clients: rooms });
        note(room, system, first, full, rooms);
      }),
    ]),
  );
  tell("memory");
  return [awake, asleep, room];
}

/**
 * @param {System} system
 * @param {(load: Load, first: Measured) => Promise<void>} act gets what the server held before
 */
async function onServer(system, act) {
  const server = await startServer(system);
  const load = new Load(server);
  try {
    // What is there once a server, and not once a room or a socket, comes first.
    await load.play({ workload: "joining", clients: 50 });
    await act(load, await load.play({ workload: "echo", messages: 100 }));
  } finally {
    load.stop();
    await server.stop();
  }
}
