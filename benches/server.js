// One system on plain workerd, its storage on disk.

import { once } from "node:events";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { start } from "./children.js";
import { bundleOf, modulesOf, output, workerd } from "./systems.js";

/** @typedef {import("./systems.js").System} System */

let disks = 0;

const COMPATIBILITY_DATE = "2026-10-01";

/**
 * @typedef {object} Server
 * @property {System} system
 * @property {number} pid
 * @property {string} url of a room's sockets, with {room} for its id
 * @property {number} startMillis from the start of the process until it listens
 * @property {() => Promise<void>} stop
 */

/**
 * @param {System} system
 * @param {string[]} [v8Flags]
 * @returns {Promise<Server>}
 */
export async function startServer(system, v8Flags = []) {
  const disk = join(output, "disks", String(++disks));
  rmSync(disk, { recursive: true, force: true });
  mkdirSync(disk, { recursive: true });
  const config = join(bundleOf(system), "config.capnp");
  // At once whole: another server of the same system may be reading it.
  writeFileSync(`${config}.${disks}`, configOf(system, v8Flags));
  renameSync(`${config}.${disks}`, config);

  const started = performance.now();
  // It tells the port that it got on the file descriptor of a number of our choice.
  const child = start(
    workerd,
    ["serve", config, "--experimental", `--directory-path=disk=${disk}`, "--control-fd=3"],
    { stdio: ["ignore", "inherit", "inherit", "pipe"] },
  );
  const control = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
  const { value, done } = await createInterface({ input: control })[Symbol.asyncIterator]().next();
  if (done) throw new Error(`workerd ended while it started ${system.name}`);
  const { port } = JSON.parse(value);
  return {
    system,
    pid: /** @type {number} */ (child.pid),
    url: `ws://127.0.0.1:${port}${system.path}`,
    startMillis: performance.now() - started,
    async stop() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      rmSync(disk, { recursive: true, force: true });
    },
  };
}

/**
 * @param {System} system
 * @param {string[]} v8Flags
 */
function configOf(system, v8Flags) {
  const modules = modulesOf(system).map((name) => {
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    // wrangler's names begin with a dot and a slash where the bundle imports them.
    return `(name = "${kind === "wasm" ? "./" : ""}${name}", ${kind} = embed "${name}")`;
  });
  const { name, class: className } = system.namespace;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = ${JSON.stringify(v8Flags)},
  # Bare workerd lacks the module behind \`cloudflare:email\`, which Agents imports.
  extensions = [(modules = [(
    name = "cloudflare-internal:email",
    esModule = "export class EmailMessage {}\\nexport default { EmailMessage };",
    internal = true,
  )])],
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  durableObjectNamespaces = [(className = "${className}", uniqueKey = "bench", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "${name}", durableObjectNamespace = "${className}")],
);
`;
}
