// Starting programs: where they are looked for, and what they are told. Nothing in scripts/ may
// need node_modules, since these scripts are what installs it.

import { spawn } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { homedir, constants as osConstants } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's own folder. */
export const root = resolve(fileURLToPath(import.meta.url), "../..");

const cargoBin = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");

/**
 * The environment of every program started here. node_modules/.bin comes first: it holds wasm-opt,
 * which wasm-pack would download otherwise, and a Node that is new enough for wrangler.
 *
 * @type {NodeJS.ProcessEnv}
 */
export const environment = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), cargoBin, process.env.PATH].join(delimiter),
  // A local server has no reason to call home: no metrics, no look for a newer wrangler (which comes
  // with the banner), no question to Cloudflare where on earth we are.
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/**
 * The path of a program, if it is installed.
 *
 * @param {string} program
 */
export function find(program) {
  return environment.PATH?.split(delimiter)
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program in this terminal, in the checkout's folder, until it ends. A signal sent to us is
 * passed on to it, and ends us too once it has ended: nothing started here outlives us.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [extra] variables to add to its environment
 * @returns {Promise<void>} rejected unless the program succeeds
 */
export function run(program, args, extra = {}) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...environment, ...extra },
      stdio: "inherit",
    });

    const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
    /** @type {typeof signals[number] | undefined} */
    let received;
    /** @param {typeof signals[number]} signal */
    const passOn = (signal) => {
      received = signal;
      child.kill(signal);
    };
    for (const signal of signals) process.on(signal, passOn);

    child.on("error", (error) => failed(new Error(`${program} does not start: ${error.message}`)));
    child.on("exit", (code, signal) => {
      for (const name of signals) process.off(name, passOn);
      if (received) process.exit(128 + osConstants.signals[received]);
      if (code === 0) done();
      else failed(new Error(`\`${[program, ...args].join(" ")}\` ended with ${signal ?? code}`));
    });
  });
}

/**
 * Calls `action` if the module is the script that Node was asked to run. What it throws is printed
 * without its stack: it is addressed to whoever typed the command.
 *
 * @param {string} moduleUrl the script's `import.meta.url`
 * @param {() => Promise<void>} action
 */
export async function main(moduleUrl, action) {
  if (realpathSync(process.argv[1] ?? "") !== fileURLToPath(moduleUrl)) return;
  try {
    await action();
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
