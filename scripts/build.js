// Compiles a crate to WebAssembly with wasm-pack, unless nothing changed since the last time.

import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { main, root, run } from "./run.js";
import { serveClient } from "./serve-client.js";
import { setup } from "./setup.js";

/**
 * The crates that become WebAssembly: the Worker's own, the rooms that misbehave on purpose for the
 * tests, the examples' and the benchmark's.
 */
export const crates = [
  ".",
  "tests/workerd/rooms",
  "tests/lives",
  "examples/embedding/room",
  "examples/migration/room",
  "examples/liars-dice",
  "benches/room",
  "benches/floor",
];

/**
 * The features of a crate that have a build of their own, in pkg/ under their names.
 *
 * @type {Record<string, string[]>}
 */
const features = { "examples/migration/room": ["v1"] };

/** Those that run in Node. */
const inNode = ["tests/lives"];

/** Where the pages are of those that have some. @type {Record<string, string>} */
const pages = { ".": "demo/public", "examples/liars-dice": "examples/liars-dice/public" };

/** Those that do not. */
export const nativeCrates = ["benches/load", "fuzz"];

/**
 * Where cargo puts what it builds of a crate. The root's own folder is its alone: cargo writes
 * dormouse.wasm there under one name, with the bundled rooms or, as a dependency, without, and would
 * take the one for the other. The rest share one, or each would compile all its dependencies anew.
 *
 * @param {string} crate
 */
export const cargoEnvironment = (crate) => ({
  CARGO_TARGET_DIR: join(root, crate === "." ? "target" : "target/others"),
});

/**
 * Builds a crate into its own pkg/.
 *
 * @param {string} [crate] the crate's folder, seen from the checkout's
 */
export async function build(crate = ".") {
  for (const feature of ["", ...(features[crate] ?? [])]) {
    const pkg = join("pkg", feature);
    if (!isFresh(crate, pkg)) await compile(crate, pkg, feature);
    declareGlue(join(root, crate, pkg));
  }
  if (pages[crate]) serveClient(pages[crate]);
}

/**
 * @param {string} crate
 * @param {string} pkg where to, seen from the crate's folder
 * @param {string} feature none for the default ones
 */
async function compile(crate, pkg, feature) {
  const args = ["--log-level", "warn", "build", crate, "--out-dir", pkg];
  if (feature) args.push("--features", feature);
  if (inNode.includes(crate)) args.push("--target", "nodejs");
  await run("wasm-pack", args, cargoEnvironment(crate));
}

/**
 * Declares the types of the glue, which we import instead of the entry file: that one fails in
 * workerd. wasm-pack declares the types of the entry file alone, and tsc would check the glue itself.
 *
 * @param {string} pkg the folder
 */
function declareGlue(pkg) {
  for (const glue of readdirSync(pkg).filter((name) => name.endsWith("_bg.js"))) {
    const declarations = [
      `export * from "./${glue.replace("_bg.js", ".js")}";`,
      "export function __wbg_set_wasm(exports: WebAssembly.Exports): void;",
    ];
    writeFileSync(join(pkg, glue.replace(".js", ".d.ts")), `${declarations.join("\n")}\n`);
  }
}

/** @param {string} crate @param {string} pkg */
function isFresh(crate, pkg) {
  // wasm-pack writes package.json last, so a build that broke off halfway is not taken for a whole.
  const builtAt = newest(join(root, crate, pkg, "package.json"));
  // The root's files count for every crate: they all depend on it.
  const sources = [root, join(root, crate)].flatMap((folder) =>
    ["src", "Cargo.toml", "Cargo.lock"].map((name) => join(folder, name)),
  );
  return sources.every((source) => newest(source) < builtAt);
}

/**
 * When anything in a file or folder changed last. A folder's own time counts: it is all that tells of
 * a deleted file.
 *
 * @param {string} path
 * @returns {number} 0 if there is nothing
 */
function newest(path) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) return 0;
  const inside = status.isDirectory() ? readdirSync(path) : [];
  return Math.max(status.mtimeMs, ...inside.map((name) => newest(join(path, name))));
}

/** The crates whose rooms are declared in TypeScript. */
const declared = [".", "examples/embedding/room", "examples/liars-dice"];

/**
 * Declares the rooms of a crate in TypeScript; with the variable CI set, looks whether that was done.
 * A test does it, since only native code can ask a Rust type what it looks like.
 *
 * @param {string} crate
 */
export async function declareRooms(crate) {
  if (!declared.includes(crate)) return;
  const test = ["test", "--quiet", "--manifest-path", `${crate}/Cargo.toml`, "--lib", "typescript"];
  await run("cargo", test, cargoEnvironment(crate));
}

await main(import.meta.url, async () => {
  const crate = process.argv[2] ?? ".";
  await setup();
  await build(crate);
  await declareRooms(crate);
});
