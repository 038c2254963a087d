// The real server, as `npm start` runs it, on a port and a storage of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment, root } from "../../scripts/run.js";

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {() => string} output what it has printed
 * @property {() => Promise<void>} stop
 */

/**
 * Starts `wrangler dev`.
 *
 * @param {object} [options]
 * @param {string} [options.config] of another Worker than the main one
 * @param {Record<string, string>} [options.vars]
 * @param {string[]} [options.flags] compatibility flags
 * @returns {Promise<Server>}
 */
export async function startServer({ config = "wrangler.jsonc", vars = {}, flags = [] } = {}) {
  const storage = await mkdtemp(join(tmpdir(), "dormouse-"));
  const args = ["dev", "--config", config, "--persist-to", storage];
  for (const [name, value] of Object.entries(vars)) args.push("--var", `${name}:${value}`);
  for (const flag of flags) args.push("--compatibility-flags", flag);
  const server = await serve("wrangler", args);
  return {
    ...server,
    async stop() {
      await server.stop();
      await rm(storage, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * Starts a program that ends up as `wrangler dev`, on a port of its own.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<Server>}
 */
export async function serve(program, args, options = {}) {
  const port = await freePort();
  const address = ["--ip", "127.0.0.1", "--port", String(port)];
  const inspector = ["--inspector-port", String(await freePort())];
  const child = spawn(program, [...args, ...address, ...inspector], {
    cwd: root,
    env: environment,
    detached: true,
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
  });

  let output = "";
  const ready = new Promise((resolve, reject) => {
    /** @param {Buffer} chunk */
    const read = (chunk) => {
      output += chunk;
      if (output.includes("Ready on")) resolve(undefined);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the server ended:\n${output}`)));
  });
  await ready;

  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        // The whole group: wrangler starts workerd.
        process.kill(-(/** @type {number} */ (child.pid)), "SIGTERM");
        await exited;
      }
    },
  };
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
