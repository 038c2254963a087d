// Plain workerd with a Worker of ours, its storage in a folder that outlives it. Unlike `wrangler dev`
// it is one process, with nothing between it and its clients.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { environment, root } from "../../scripts/run.js";

/**
 * @typedef {object} Workerd
 * @property {number} pid
 * @property {string} url
 * @property {() => Promise<void>} kill ends it by SIGKILL, as a crash does
 */

/** The runtime that wrangler brings along, and `npm start` runs on. */
const workerd = createRequire(join(root, "node_modules", "wrangler", "package.json"))(
  "workerd",
).default;

const COMPATIBILITY_DATE = "2026-10-01";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
/** @type {Set<string>} */
const folders = new Set();

// Nothing of what is made here outlives us.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) remove(folder);
});

/** A folder of its own for a storage or a bundle. */
export function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), "dormouse-"));
  folders.add(folder);
  return folder;
}

/**
 * A Worker on a storage of its own, both removed when it is killed.
 *
 * @param {string} [config] its wrangler configuration
 * @param {string[]} [flags] compatibility flags
 * @returns {Promise<Workerd>}
 */
export async function serve(config, flags) {
  const folders = [bundle(config, flags), makeFolder()];
  const [worker = "", storage = ""] = folders;
  const server = await startWorkerd(worker, storage);
  return {
    ...server,
    async kill() {
      await server.kill();
      for (const folder of folders) remove(folder);
    },
  };
}

/** The bundled rooms with all that a test may ask of them. */
export const serveRooms = () => serve("tests/server/worker/wrangler.jsonc", ["unsafe_module"]);

/** @param {string} folder that was made here */
export function remove(folder) {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Bundles a Worker as a deployment would.
 *
 * @param {string} [config] its wrangler configuration
 * @param {string[]} [flags] compatibility flags
 * @returns {string} the folder
 */
export function bundle(config = "wrangler.jsonc", flags = []) {
  const folder = makeFolder();
  const { status, stdout, stderr } = spawnSync(
    "wrangler",
    ["deploy", "--dry-run", "--config", resolve(root, config), "--outdir", folder],
    { cwd: root, env: environment, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`wrangler could not bundle ${config}:\n${stdout}${stderr}`);
  writeFileSync(join(folder, "config.capnp"), configOf(readdirSync(folder), flags));
  return folder;
}

/**
 * @param {string} bundle
 * @param {string} storage
 * @returns {Promise<Workerd>}
 */
export async function startWorkerd(bundle, storage) {
  const args = ["serve", join(bundle, "config.capnp"), "--experimental"];
  args.push(`--directory-path=disk=${storage}`, "--control-fd=3");
  // Two file descriptors a socket. By `exec`, so that the process is workerd and not the shell.
  const command = 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"';
  const child = spawn("sh", ["-c", command, workerd, ...args], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  running.add(child);
  const exited = once(child, "exit").finally(() => running.delete(child));

  // It tells there which port it got.
  const control = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
  const { value, done } = await createInterface({ input: control })[Symbol.asyncIterator]().next();
  if (done) throw new Error("workerd ended while it started");
  return {
    pid: /** @type {number} */ (child.pid),
    url: `http://127.0.0.1:${JSON.parse(value).port}`,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * @param {string[]} files of the bundle
 * @param {string[]} flags
 */
function configOf(files, flags) {
  const modules = files.filter((name) => /\.(js|wasm)$/.test(name)).sort(mainFirst);
  const list = modules.map((name) =>
    // wrangler's names begin with a dot and a slash where the bundle imports them.
    name.endsWith(".wasm")
      ? `(name = "./${name}", wasm = embed "${name}")`
      : `(name = "${name}", esModule = embed "${name}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (writable = true)),
    # A Worker may reach this machine, as in wrangler.
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [${list.join(", ")}],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = ${JSON.stringify(flags)},
  durableObjectNamespaces = [(className = "RoomObject", uniqueKey = "rooms", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "ROOMS", durableObjectNamespace = "RoomObject")],
);
`;
}

/** @param {string} one @param {string} other */
const mainFirst = (one, other) => Number(one.endsWith(".wasm")) - Number(other.endsWith(".wasm"));
