// Follows docs/guide/first-room.md in an empty folder, as a newcomer would: writes each file that it shows,
// runs each command, speaks with the room as the page says, and times each step.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { blocksOf } from "./markdown.js";
import { environment, main, root } from "./run.js";
import { playTranscript } from "./transcript.js";

const PAGE = "docs/guide/first-room.md";
const TIMES = "docs/first-room-times.md";

/** The section whose blocks stand in for those that need a release. */
const UNRELEASED = "Before the first release";

/**
 * @typedef {object} Step
 * @property {string} section
 * @property {string} what
 * @property {number} seconds
 */

/**
 * @param {object} [options]
 * @param {boolean} [options.cold] download all crates and packages anew
 * @param {string} [options.target] where cargo puts what it builds, if not into the new folder
 * @param {(url: string) => Promise<void>} [options.browse] looks at the page, which is served then
 * @returns {Promise<Step[]>}
 */
export async function followGuide({ cold = false, target, browse } = {}) {
  const blocks = blocksOf(readFileSync(join(root, PAGE), "utf8"));
  const released = blocks.filter(({ section }) => section !== UNRELEASED);
  const unreleased = blocks.filter(({ section }) => section === UNRELEASED);

  const workshop = mkdtempSync(join(tmpdir(), "dormouse-guide-"));
  const caches = cold
    ? { CARGO_HOME: join(workshop, "cargo"), npm_config_cache: join(workshop, "npm") }
    : { npm_config_prefer_offline: "true" };
  const shell = new Shell(workshop, {
    ...environment,
    ...caches,
    ...(target ? { CARGO_TARGET_DIR: target } : {}),
    npm_config_fund: "false",
    npm_config_audit: "false",
    npm_config_update_notifier: "false",
  });
  placeCheckout(join(workshop, "dormouse"));

  /** @type {Step[]} */
  const steps = [];
  /**
   * @param {string} section
   * @param {string} what
   * @param {() => Promise<unknown> | unknown} act
   */
  const step = async (section, what, act) => {
    const start = performance.now();
    try {
      await act();
    } catch (error) {
      throw new Error(`"${section}" stumbles at \`${what}\`:\n${error}`);
    }
    steps.push({ section, what, seconds: (performance.now() - start) / 1000 });
  };

  try {
    for (const { section, language, file, text } of released) {
      if (file) {
        await step(section, `write ${file}`, () => shell.write(file, text));
        if (file !== "Cargo.toml") continue;
        for (const { file, text } of unreleased) {
          if (file) shell.write(file, text);
        }
      } else if (language === "sh") {
        for (const line of text.trim().split("\n")) {
          const command = standIn(line, unreleased);
          if (browse && command.includes("wrangler deploy")) {
            await step(section, "open the page", () => browse(shell.url));
          }
          if (command.includes("wrangler dev")) {
            await step(section, line, () => shell.serve(command));
          } else {
            await step(section, line, () => shell.run(command));
          }
        }
      } else if (language === "text") {
        await step(section, "speak with the room", () => playTranscript(text, shell.url));
      }
    }
    return steps;
  } finally {
    await shell.stop();
    rmSync(workshop, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * What is run instead of a command that needs a release or an account.
 *
 * @param {string} command
 * @param {import("./markdown.js").Block[]} unreleased
 */
function standIn(command, unreleased) {
  if (command === "npx wrangler deploy") return `${command} --dry-run`;
  const others = unreleased.filter(({ language }) => language === "sh");
  const other = others.find(({ text }) => text.startsWith("npm install"));
  return other && command.startsWith("npm install") ? other.text.trim() : command;
}

/**
 * The checkout as a neighbour of the new folder.
 *
 * @param {string} folder
 */
function placeCheckout(folder) {
  if (existsSync(join(root, "js/package.json"))) return symlinkSync(root, folder);
  mkdirSync(folder);
  for (const part of ["Cargo.toml", "README.md", "src", "docs", "benches", "tests", "examples"]) {
    symlinkSync(join(root, part), join(folder, part));
  }
  cpSync(join(root, "js"), join(folder, "js"), { recursive: true });
  const npmPackage = {
    name: "dormouse-rooms",
    version: "0.1.0",
    type: "module",
    exports: { ".": "./index.js", "./browser": "./browser/room-client.js" },
  };
  writeFileSync(join(folder, "js/package.json"), JSON.stringify(npmPackage));
}

/** A terminal in which one command follows the other, and one server may run. */
class Shell {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #server;
  #folder;
  #env;
  url = "";

  /**
   * @param {string} workshop
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(workshop, env) {
    this.workshop = workshop;
    this.#folder = workshop;
    this.#env = env;
  }

  /**
   * @param {string} file
   * @param {string} text
   */
  write(file, text) {
    const path = join(this.#folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** @param {string} command */
  async run(command) {
    const at = join(this.workshop, "at");
    const child = this.#spawn(`${command}\npwd > '${at}'`);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        output += chunk;
      });
    }
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`it ended with ${code}:\n${output}`);
    this.#folder = readFileSync(at, "utf8").trim();
  }

  /**
   * Starts a server, and waits until it says that it is ready.
   *
   * @param {string} command
   */
  async serve(command) {
    await this.stop();
    const port = await freePort();
    const ports = `--port ${port} --inspector-port ${await freePort()}`;
    const server = this.#spawn(`exec ${command} --ip 127.0.0.1 ${ports}`);
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    let output = "";
    await new Promise((ready, failed) => {
      for (const stream of [server.stdout, server.stderr]) {
        stream?.on("data", (chunk) => {
          output += chunk;
          if (output.includes("Ready on")) ready(undefined);
        });
      }
      server.on("exit", () => failed(new Error(`the server ended:\n${output}`)));
    });
  }

  async stop() {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    // The whole group: npx starts wrangler, and that starts workerd.
    process.kill(-(/** @type {number} */ (server.pid)), "SIGTERM");
    await exited;
  }

  /** @param {string} script */
  #spawn(script) {
    return spawn("bash", ["-e", "-c", script], {
      cwd: this.#folder,
      env: this.#env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
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

/** @param {Step[]} steps */
function tableOf(steps) {
  const rows = steps.map(({ section, what, seconds }) => [
    section,
    `\`${what.replaceAll("|", "\\|")}\``,
    seconds.toFixed(1),
  ]);
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  rows.push(["**all**", "", total.toFixed(1)]);
  const all = [["step", "what", "seconds"], ["---", "---", "---:"], ...rows];
  return all.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

await main(import.meta.url, async () => {
  const options = process.argv.slice(2);
  const load = loadavg()[0]?.toFixed(1);
  const table = tableOf(await followGuide({ cold: options.includes("--cold") }));
  console.log(table);
  if (!options.includes("--keep")) return;
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()})`;
  const before = readFileSync(join(root, TIMES), "utf8").split("<!-- times -->")[0];
  const caption = `On ${date}, on a machine with ${machine}, whose load was ${load} before it began:`;
  writeFileSync(join(root, TIMES), `${before}<!-- times -->\n\n${caption}\n\n${table}\n`);
});
