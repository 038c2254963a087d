// `npm run bench:profile`: where the CPU time of a workload goes, by sampling the server with perf.
//
//   npm run bench:profile -- --only "one at a time"     that workload; "durable" without it
//   npm run bench:profile -- --systems PartyServer      beside the room by hand
//
// A stack counts for every function on it once, so the lines do not add up.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { environment, find, main } from "../scripts/run.js";
import { setup } from "../scripts/setup.js";
import { buildLoad, Load } from "./load.js";
import { startServer } from "./server.js";
import { bundle, byHand, dormouse, installPeers, output, systems } from "./systems.js";
import { workloads } from "./workloads.js";

/** So that V8 tells perf what its code is, and keeps frames that perf can walk. */
const V8_FLAGS = ["--perf-basic-prof", "--interpreted-frames-native-stack"];

const SAMPLES_A_SECOND = 6_000;

/** How often the workload is played before, for V8 to have compiled what it is going to. */
const WARM = 3;

/** What is told of besides functions: the samples that have such a frame. */
const PARTS = Object.entries({
  everything: /./,
  "JavaScript, with what it calls": /^JS:/,
  "WebAssembly, with what it calls": /^Stub:js-to-wasm/,
  "a statement of SQL": /^workerd::api::SqlStorage::exec/,
  "a value by key": /^workerd::api::SyncKvStorage/,
  "sending a frame": /^workerd::api::WebSocket::send/,
  "collecting garbage": /^v8::internal::Heap::CollectGarbage/,
  "waiting for the disk": /^fsync$/,
});

/** Functions that take less, in microseconds a message, are left out. */
const LEAST = 1;

/**
 * @param {import("./systems.js").System} system
 * @param {import("./load.js").Job} job
 */
async function profile(system, job) {
  const data = join(output, "perf.data");
  const server = await startServer(system, V8_FLAGS);
  const load = new Load(server);
  try {
    for (let i = 0; i < WARM; i++) await load.play(job);
    const args = ["record", "-q", "-F", `${SAMPLES_A_SECOND}`, "-g", "-p", `${server.pid}`];
    const perf = spawn("perf", [...args, "-o", data], { stdio: "ignore" });
    // It says nothing when it has begun.
    await sleep(500);
    const { messages } = await load.play({ ...job, warmup: 0 });
    perf.kill("SIGINT");
    await once(perf, "exit");
    print(system.name, costs(stacks(data), messages));
  } finally {
    load.stop();
    await server.stop();
  }
}

/** @param {string} data */
function stacks(data) {
  const { status, stdout, stderr } = spawnSync(
    "perf",
    ["script", "-i", data, "-F", "comm,period,ip,sym"],
    { env: environment, encoding: "utf8", maxBuffer: 2 ** 31 - 1 },
  );
  if (status !== 0) throw new Error(`perf script failed:\n${stderr}`);
  return stdout
    .split("\n\n")
    .map((sample) => sample.trim().split("\n"))
    .filter((lines) => lines.length > 1)
    .map(([head = "", ...frames]) => ({
      nanos: Number(/(\d+)\D*$/.exec(head)?.[1]),
      // An address, and a name; V8 puts how it compiled a function in front of the name.
      frames: frames.map((frame) =>
        frame.replace(/^\s*[0-9a-f]+\s+/, "").replace(/^JS:(o?[*~+^]'?)?/, "JS:"),
      ),
    }));
}

/**
 * @param {ReturnType<typeof stacks>} samples
 * @param {number} messages
 */
function costs(samples, messages) {
  /** @type {Map<string, number>} microseconds a message */
  const all = new Map(PARTS.map(([part]) => [part, 0]));
  for (const { nanos, frames } of samples) {
    const parts = PARTS.filter(([, is]) => frames.some((frame) => is.test(frame)));
    const functions = frames.filter((frame) => frame.startsWith("JS:"));
    for (const name of new Set([...parts.map(([part]) => part), ...functions])) {
      all.set(name, (all.get(name) ?? 0) + nanos / 1_000 / messages);
    }
  }
  return all;
}

/**
 * @param {string} name
 * @param {Map<string, number>} micros
 */
function print(name, micros) {
  const isPart = (/** @type {string} */ of) => PARTS.some(([part]) => part === of);
  const functions = [...micros].filter(([of, took]) => !isPart(of) && took >= LEAST);
  console.log(`\n${name}: CPU µs a message`);
  for (const [part] of PARTS) console.log(`${line(micros.get(part) ?? 0)}  ${part}`);
  functions.sort(([, one], [, other]) => other - one);
  for (const [of, took] of functions) console.log(`${line(took)}    ${of}`);
}

/** @param {number} micros */
const line = (micros) => micros.toFixed(1).padStart(8);

await main(import.meta.url, async () => {
  const { values } = parseArgs({
    options: { only: { type: "string" }, systems: { type: "string" } },
  });
  if (!find("perf")) throw new Error("perf is not there; install it and try again");
  const workload = workloads.find(({ name }) => name === (values.only ?? "durable"));
  if (!workload) throw new Error(`there is no workload ${values.only}`);
  const names = values.systems?.split(",") ?? [dormouse.name];
  const chosen = systems.filter((one) => one === byHand || names.includes(one.name));
  await setup();
  await installPeers();
  await buildLoad();
  for (const system of chosen) {
    await bundle(system);
    await profile(system, workload.job);
  }
});
