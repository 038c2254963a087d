// Whether the cost of a message stays the same while the room around it grows.

import { spawnSync } from "node:child_process";
import { Load } from "./load.js";
import { tell } from "./progress.js";
import { startServer } from "./server.js";
import { median } from "./start-up.js";
import { byHand, dormouse } from "./systems.js";

/** @typedef {import("./systems.js").System} System */
/** @typedef {import("./load.js").Job} Job */

/**
 * @typedef {object} Curve
 * @property {string} name
 * @property {string} unit of what grows
 * @property {Record<string, { size: number, cpuMicros: number }[]>} points by system
 */

/** The most sockets that a server may have here: each takes two files, and it has others. */
function mostSockets() {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" });
  const files = Number.parseInt(stdout, 10);
  return Number.isNaN(files) ? Number.POSITIVE_INFINITY : Math.floor((files - 1_000) / 2);
}

/**
 * @param {System[]} chosen
 * @param {{ quick: boolean }} options
 * @returns {Promise<Curve[]>}
 */
export async function measureScaling(chosen, { quick }) {
  const times = quick ? 1 : 3;
  const messages = quick ? 2_000 : 10_000;
  const talk = { messages, warmup: messages / 4, window: 64 };
  /** @param {number[]} sizes */
  const upTo = (sizes) => (quick ? sizes.slice(0, 3) : sizes);
  /** @type {{ name: string, unit: string, sizes: number[], job: (size: number) => Job }[]} */
  const curves = [
    {
      name: "a message to one, among sockets not addressed",
      unit: "sockets",
      sizes: upTo([10, 100, 1_000, Math.min(10_000, mostSockets())]),
      job: (clients) => ({ ...talk, workload: "crowd", clients }),
    },
    {
      name: "appending to a history",
      unit: "rows",
      sizes: upTo([100, 1_000, 10_000, 100_000, 1_000_000]),
      job: (size) => ({ ...talk, workload: "history", clients: 10, size }),
    },
    {
      name: "reading the last 100 rows",
      unit: "rows",
      sizes: upTo([100, 1_000, 10_000, 100_000, 1_000_000]),
      job: (size) => ({ workload: "read-history", messages: messages / 20, warmup: 50, size }),
    },
    {
      name: "a message that changes nothing, with a state",
      unit: "bytes of state",
      sizes: upTo([100, 1_000, 10_000, 100_000, 1_000_000]),
      job: (size) => ({ ...talk, workload: "echo", clients: 10, size }),
    },
    {
      name: "a message that changes the state",
      unit: "bytes of state",
      sizes: upTo([100, 1_000, 10_000, 100_000]),
      job: (size) => ({ ...talk, workload: "durable", clients: 10, size }),
    },
  ];
  /** @type {Curve[]} */
  const found = [];
  for (const { name, unit, sizes, job } of curves) {
    /** @type {Curve} */
    const curve = { name, unit, points: {} };
    for (const system of chosen.filter((one) => one === dormouse || one === byHand)) {
      const server = await startServer(system);
      const load = new Load(server);
      try {
        const points = [];
        // What a server does for the first time costs more.
        for (let i = 0; i < 3; i++) await load.play(job(/** @type {number} */ (sizes[0])));
        for (const size of sizes) {
          const costs = [];
          for (let i = 0; i < times; i++) {
            const { cpu_nanos, messages } = await load.play(job(size));
            costs.push(cpu_nanos / messages / 1_000);
          }
          points.push({ size, cpuMicros: median(costs) });
        }
        curve.points[system.name] = points;
      } finally {
        load.stop();
        await server.stop();
      }
    }
    found.push(curve);
    tell(`scaling, ${name}`);
  }
  return found;
}
