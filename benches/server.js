// One system on plain workerd, its storage on disk.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleOf, modulesOf, output, workerd } from "./systems.js";

/** @typedef {import("./systems.js").System} System */

const COMPATIBILITY_DATE = "2026-11-01";

/**
 * @typedef {object} Server
 * @property {System} system
 * @property {number} pid
 * @property {string} url of a room's sockets, with {room} for its id
 * @property {number} startMillis from the start of the process to its first answer
 * @property {() => Promise<void>} stop
 */

/**
 * @param {System} system
 * @param {string[]} [options] of workerd
 * @returns {Promise<Server>}
 */
export async function startServer(system, options = []) {
  const port = await freePort();
  const disk = join(output, "disks", `${system.name.replaceAll(" ", "-")}-${port}`);
  rmSync(disk, { recursive: true, force: true });
  mkdirSync(disk, { recursive: true });
  const config = join(bundleOf(system), "config.capnp");
  writeFileSync(config, configOf(system, disk, port));

  const started = performance.now();
  const child = spawn(workerd, ["serve", config, "--experimental", ...options], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`workerd ended with ${code} while it started ${system.name}`);
  });
  await Promise.race([ended, answers(port)]);
  ended.catch(() => {});
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
 * @param {string} disk
 * @param {number} port
 */
function configOf(system, disk, port) {
  const modules = modulesOf(system).map((name) => {
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    // wrangler's names begin with a dot and a slash where the bundle imports them.
    return `(name = "${kind === "wasm" ? "./" : ""}${name}", ${kind} = embed "${name}")`;
  });
  const { name, class: className } = system.namespace;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  # Bare workerd lacks the module behind \`cloudflare:email\`, which Agents imports.
  extensions = [(modules = [(
    name = "cloudflare-internal:email",
    esModule = "export class EmailMessage {}\\nexport default { EmailMessage };",
    internal = true,
  )])],
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = "${disk}", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
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

/**
 * Waits until a port takes connections.
 *
 * @param {number} port
 */
async function answers(port) {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await sleep(2);
    } finally {
      socket.destroy();
    }
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}
