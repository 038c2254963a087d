// Installs what is missing, one printed line for each thing, and nothing where all is there.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment, find, main, root, run } from "./run.js";

const WASM_TARGET = "wasm32-unknown-unknown";
/** The oldest Node that wrangler and vitest run on. */
const OLDEST_NODE = [22, 12];

export async function setup() {
  requireRust();
  await installPackages();
  requireNode();
  await addWasmTarget();
  await installWasmPack();
}

function requireRust() {
  for (const program of ["cargo", "rustc"]) {
    if (!find(program)) {
      throw new Error(
        `${program} is not there. Install Rust from https://rustup.rs and try again.`,
      );
    }
  }
}

async function installPackages() {
  if (packagesAreInstalled()) return;
  console.log("setup: installing the npm packages of package-lock.json");
  // Only errors: an npm that runs on an older Node warns about each package that wants a newer one,
  // and the newer one is among these packages.
  await run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/**
 * Compares versions, not dates: git and npm both touch package-lock.json without changing a thing.
 */
function packagesAreInstalled() {
  const installedFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile)) return false;
  const installed = lockedPackages(installedFile);
  return Object.entries(lockedPackages(join(root, "package-lock.json"))).every(
    ([path, { version, optional }]) =>
      // The optional ones that are not there belong to other platforms.
      path === "" || (installed[path] ? installed[path].version === version : optional),
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version: string, optional?: boolean }>}
 */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function requireNode() {
  const version = output("node", ["--version"]);
  const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(
    `wrangler needs Node ${OLDEST_NODE.join(".")} and this is ${version}. A newer one is among the ` +
      "npm packages, but its install script did not run: allow npm's install scripts and run " +
      "`npm ci`, or install a newer Node from https://nodejs.org.",
  );
}

async function addWasmTarget() {
  // Asked of rustc and not of rustup: a distribution's Rust brings its targets without rustup.
  const sysroot = output("rustc", ["--print", "sysroot"]);
  if (existsSync(join(sysroot, "lib", "rustlib", WASM_TARGET))) return;
  if (!find("rustup")) {
    throw new Error(
      `The Rust target ${WASM_TARGET} is not there, and neither is rustup to add it. Install Rust ` +
        "from https://rustup.rs, or the target from where your Rust came from, and try again.",
    );
  }
  console.log(`setup: adding the Rust target ${WASM_TARGET}`);
  await run("rustup", ["--quiet", "target", "add", WASM_TARGET]);
}

/** wasm-bindgen is not looked for here: wasm-pack gets itself the version that Cargo.lock asks for. */
async function installWasmPack() {
  if (find("wasm-pack")) return;
  console.log("setup: installing wasm-pack, which takes a minute or two");
  await run("cargo", ["install", "--quiet", "--locked", "wasm-pack"]);
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function output(program, args) {
  const { stdout, status } = spawnSync(program, args, {
    cwd: root,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`\`${[program, ...args].join(" ")}\` failed`);
  return stdout.trim();
}

await main(import.meta.url, setup);
