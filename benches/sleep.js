// Thousands of sockets whose object sleeps, and what it costs when one of them speaks.

import { setTimeout as sleep } from "node:timers/promises";
import { Load } from "./load.js";
import { tell } from "./progress.js";
import { rotated } from "./rounds.js";
import { startServer } from "./server.js";
import { byHand } from "./systems.js";

/** @typedef {import("./systems.js").System} System */
/** @typedef {import("./run.js").Row} Row */

/** By hand, and with nothing to read: what the platform takes for a waking, whoever wakes. */
const floor = { ...byHand, name: "the floor" };

/** An object is evicted after ten seconds without an event. */
const ASLEEP = 12_000;

/**
 * All systems sleep at the same time, and are woken one after the other.
 *
 * @param {System[]} chosen
 * @param {{ quick: boolean, rounds: number }} options
 * @returns {Promise<Row[]>}
 */
export async function measureSleep(chosen, { quick, rounds }) {
  const clients = quick ? 2_000 : 8_000;
  const servers = await Promise.all([...chosen, floor].map((system) => startServer(system)));
  const loads = servers.map((server) => new Load(server));
  const crowds = loads.filter(({ server }) => server.system !== floor);
  const sockets = clients.toLocaleString("en");
  /** @param {Load} load */
  const socketsOf = ({ server }) => (server.system === floor ? 1 : clients);
  /** @type {Row} */
  const wake = {
    name: "wake",
    what: `${sockets} sleeping sockets, one speaks; the floor is one socket, by hand`,
    target: 0.05,
    figure: "cpu_nanos",
    rounds: {},
  };
  /** @type {Row} */
  const tellAll = {
    name: "wake and tell all",
    what: "the same, the message goes to all",
    target: 1,
    figure: "cpu_nanos",
    rounds: {},
  };
  /** @param {Row} row @param {string} workload @param {Load[]} asleep @param {number} nth */
  const round = async (row, workload, asleep, nth) => {
    await sleep(ASLEEP);
    for (const load of rotated(asleep, nth)) {
      const of = load.server.system.name;
      row.rounds[of] = [
        ...(row.rounds[of] ?? []),
        await load.play({ workload, clients: socketsOf(load) }),
      ];
    }
  };
  try {
    for (const load of loads) {
      await load.play({ workload: "sleep", room: "dormitory", clients: socketsOf(load) });
    }
    if (quick) {
      // The first waking of an isolate costs more, and among few it would count for much.
      await round({ ...wake, rounds: {} }, "wake", loads, 0);
      await round(wake, "wake", loads, 1);
      await round(tellAll, "wake-all", crowds, 0);
    }
    for (let i = 0; i < rounds && !quick; i++) {
      // A waking is a single sample, and costs the benchmark little but the time to fall asleep.
      await round(wake, "wake", loads, 2 * i);
      await round(wake, "wake", loads, 2 * i + 1);
      await round(tellAll, "wake-all", crowds, i);
    }
    tell("wake");
  } finally {
    for (const load of loads) load.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
  return [wake, tellAll];
}
