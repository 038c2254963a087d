// The systems that are compared, and how each is built: as its authors say.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "../scripts/build.js";
import { environment, find, root, run } from "../scripts/run.js";

/**
 * @typedef {object} System
 * @property {string} name
 * @property {string} folder with its wrangler.jsonc, seen from the checkout's
 * @property {string} path of a room's sockets, with {room} for its id
 * @property {() => Promise<void>} [compile] what comes before wrangler
 * @property {{ name: string, class: string }} namespace its binding and its class
 */

/** Where everything that the benchmark makes goes. */
export const output = join(root, "target", "bench");

const peers = join(root, "benches", "peers");

/** @type {System} */
export const dormouse = {
  name: "Dormouse",
  folder: "benches/room",
  path: "/{room}",
  compile: () => build("benches/room"),
  namespace: { name: "ROOMS", class: "RoomObject" },
};

/** @type {System} */
export const byHand = {
  name: "by hand",
  folder: "benches/peers/by-hand",
  path: "/{room}",
  namespace: { name: "BENCH", class: "Bench" },
};

/** @type {System[]} */
export const systems = [
  dormouse,
  byHand,
  {
    name: "PartyServer",
    folder: "benches/peers/partyserver",
    path: "/parties/bench/{room}",
    namespace: { name: "Bench", class: "Bench" },
  },
  {
    name: "Agents",
    folder: "benches/peers/agents",
    path: "/agents/bench/{room}",
    namespace: { name: "Bench", class: "Bench" },
  },
  {
    name: "workers-rs",
    folder: "benches/peers/workers-rs",
    path: "/{room}",
    compile: compileWorkersRs,
    namespace: { name: "BENCH", class: "Bench" },
  },
];

/** Installs the peers and the runtime, in the versions of their own lock file. */
export async function installPeers() {
  const lock = readFileSync(join(peers, "package-lock.json"), "utf8");
  const installed = join(peers, "node_modules", ".bench-lock.json");
  if (existsSync(installed) && readFileSync(installed, "utf8") === lock) return;
  console.log("bench: installing the peers");
  await run("npm", ["ci", "--prefix", peers, "--no-audit", "--no-fund", "--loglevel=error"]);
  await run("cp", [join(peers, "package-lock.json"), installed]);
}

/** The runtime that all of them run on. */
export const workerd = join(peers, "node_modules", ".bin", "workerd");

export function workerdVersion() {
  return spawnSync(workerd, ["--version"], { encoding: "utf8" }).stdout.trim();
}

/**
 * Builds a system; its bundle is in the folder that comes back.
 *
 * @param {System} system
 */
export async function bundle(system) {
  await system.compile?.();
  const folder = bundleOf(system);
  rmSync(folder, { recursive: true, force: true });
  const config = join(root, system.folder, "wrangler.jsonc");
  const { status, stdout, stderr } = spawnSync(
    "wrangler",
    ["deploy", "--dry-run", "--config", config, "--outdir", folder],
    { env: environment, encoding: "utf8" },
  );
  if (status !== 0)
    throw new Error(`wrangler could not bundle ${system.name}:\n${stdout}${stderr}`);
  return folder;
}

/** @param {System} system */
export const bundleOf = (system) => join(output, "bundles", basename(system.folder));

/**
 * The modules of a bundle, the main one first.
 *
 * @param {System} system
 */
export function modulesOf(system) {
  const names = readdirSync(bundleOf(system)).filter((name) => /\.(js|wasm)$/.test(name));
  return names.sort(
    (one, other) => Number(one.endsWith(".wasm")) - Number(other.endsWith(".wasm")),
  );
}

/** workers-rs has a build tool of its own, which is given the programs that are there already. */
async function compileWorkersRs() {
  const tools = join(output, "tools");
  const tool = join(tools, "bin", "worker-build");
  if (!existsSync(tool)) {
    console.log("bench: installing worker-build, which takes a few minutes");
    mkdirSync(tools, { recursive: true });
    await run("cargo", [
      "install",
      "--quiet",
      "worker-build",
      "--version",
      "0.8.7",
      "--root",
      tools,
    ]);
  }
  const bindgen = find("wasm-bindgen");
  await run("env", ["-C", join(root, "benches/peers/workers-rs"), tool, "--release"], {
    CARGO_TARGET_DIR: join(root, "target/others"),
    WASM_OPT_BIN: join(root, "node_modules/binaryen/bin/wasm-opt"),
    ...(bindgen && { WASM_BINDGEN_BIN: bindgen }),
  });
}
