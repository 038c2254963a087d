// `npm run bench`: all workloads on all systems, in one run.
//
//   npm run bench -- --quick                    smaller, in three minutes
//   npm run bench -- --only echo,wake           those workloads
//   npm run bench -- --systems Dormouse,Agents  those systems, and by hand

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { main } from "../scripts/run.js";
import { setup } from "../scripts/setup.js";
import { buildLoad, Load } from "./load.js";
import { measureMemory } from "./memory.js";
import { page } from "./page.js";
import { tell } from "./progress.js";
import { table } from "./report.js";
import { rotated } from "./rounds.js";
import { measureScaling } from "./scaling.js";
import { startServer } from "./server.js";
import { measureSleep } from "./sleep.js";
import { measureStartUp } from "./start-up.js";
import {
  bundle,
  byHand,
  dormouse,
  installPeers,
  output,
  systems,
  workerdVersion,
} from "./systems.js";
import { workloads } from "./workloads.js";

/** @typedef {import("./systems.js").System} System */
/** @typedef {import("./load.js").Measured} Measured */

/**
 * @typedef {object} Row what a workload gave
 * @property {string} name
 * @property {string} what
 * @property {number | null} target
 * @property {keyof Measured} figure what is compared
 * @property {Record<string, Measured[]>} rounds by system
 * @property {Record<string, string>} [failures] what went wrong, by system
 */

/**
 * @typedef {object} Results
 * @property {Record<string, string | number | boolean>} about
 * @property {Record<string, string>} missing systems that could not be built, and why
 * @property {Row[]} rows
 * @property {Record<string, import("./start-up.js").StartUp>} startUp
 * @property {import("./scaling.js").Curve[]} scaling
 */

await main(import.meta.url, async () => {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      systems: { type: "string" },
      rounds: { type: "string" },
    },
  });
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 2 : 3));
  const names = values.systems?.split(",");
  const chosen = systems.filter((one) => one === byHand || !names || names.includes(one.name));
  const only = values.only?.split(",");
  /** @param {string} name */
  const wanted = (name) => !only || only.includes(name);

  await setup();
  await installPeers();
  await buildLoad();
  const { built, missing } = await bundled(chosen);

  const start = performance.now();
  /** @type {Results} */
  const results = {
    about: { workerd: workerdVersion(), date: new Date().toISOString(), quick, rounds },
    missing,
    rows: [],
    startUp: {},
    scaling: [],
  };
  const options = { quick, rounds };
  results.rows.push(...(await measureWorkloads(built, options, wanted)));
  keep(results);
  if (wanted("wake")) results.rows.push(...(await measureSleep(built, options)));
  keep(results);
  if (wanted("memory")) results.rows.push(...(await measureMemory(built, options)));
  keep(results);
  if (wanted("start-up")) results.startUp = await measureStartUp(built, options);
  keep(results);
  if (wanted("scaling")) results.scaling = await measureScaling(built, options);
  results.about.seconds = Math.round((performance.now() - start) / 1000);
  writeReport(results);
});

/**
 * Builds the systems. A peer whose tools cannot be had is told of in the table, and stops nobody.
 *
 * @param {System[]} chosen
 */
async function bundled(chosen) {
  /** @type {System[]} */
  const built = [];
  /** @type {Record<string, string>} */
  const missing = {};
  for (const system of chosen) {
    try {
      await bundle(system);
      built.push(system);
    } catch (error) {
      if (system === dormouse || system === byHand) throw error;
      missing[system.name] = String(error).replace(/\s+/g, " ").slice(0, 200);
      console.log(`bench: ${system.name} could not be built: ${missing[system.name]}`);
    }
  }
  return { built, missing };
}

/**
 * Writes down what there is so far: a long run may yet fail.
 *
 * @param {Results} results
 */
function keep(results) {
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(output, "index.html"), page(results));
}

/** @param {Results} results */
function writeReport(results) {
  keep(results);
  console.log(`\n${table(results)}\n\n${join(output, "index.html")}`);
}

/**
 * Rounds alternate between the systems, so that a machine that slows down slows all of them.
 *
 * @param {System[]} chosen
 * @param {{ quick: boolean, rounds: number }} options
 * @param {(name: string) => boolean} wanted
 * @returns {Promise<Row[]>}
 */
async function measureWorkloads(chosen, { quick, rounds }, wanted) {
  const servers = await Promise.all(chosen.map((system) => startServer(system)));
  const loads = servers.map((server) => new Load(server));
  /** @type {Row[]} */
  const rows = [];
  try {
    for (const {
      name,
      what,
      target,
      figure = "cpu_nanos",
      job,
      quick: smaller,
      ...rest
    } of workloads) {
      if (!wanted(name)) continue;
      /** @type {Row} */
      const row = { name, what, target, figure, rounds: {} };
      rows.push(row);
      for (let round = 0; round < Math.min(rounds, rest.rounds ?? rounds); round++) {
        for (const load of rotated(loads, round)) {
          const of = load.server.system.name;
          if (row.failures?.[of]) continue;
          try {
            const measured = await load.play(quick ? { ...job, ...smaller } : job);
            row.rounds[of] = [...(row.rounds[of] ?? []), measured];
          } catch (error) {
            // A peer that fails is told of in the table; we are not to fail.
            if (load.server.system === dormouse) throw error;
            row.failures = { ...row.failures, [of]: String(error) };
            delete row.rounds[of];
          }
        }
      }
      tell(name);
    }
  } finally {
    for (const load of loads) load.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
  return rows;
}
