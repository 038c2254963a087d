// `npm run check`: formatting, lints, types and documentation. Runs all checks, then says which failed.

import { build, cargoEnvironment, crates, declareRooms, nativeCrates } from "./build.js";
import { main, run } from "./run.js";
import { setup } from "./setup.js";

const strict = ["--", "-D", "warnings"];

/** @typedef {[program: string, args: string[], extra?: NodeJS.ProcessEnv]} Check */

/**
 * @param {string} crate
 * @returns {Check[]}
 */
function rustChecks(crate) {
  const manifest = ["--manifest-path", `${crate}/Cargo.toml`];
  const folder = cargoEnvironment(crate);
  return [
    ["cargo", ["fmt", ...manifest, "--check"], folder],
    ["cargo", ["clippy", ...manifest, "--all-targets", ...strict], folder],
  ];
}

/**
 * @param {string} crate
 * @returns {Check[]}
 */
function wasmChecks(crate) {
  const manifest = ["--manifest-path", `${crate}/Cargo.toml`];
  const folder = cargoEnvironment(crate);
  return [
    // The module that faces JavaScript exists on this target alone.
    [
      "cargo",
      ["clippy", ...manifest, "--lib", "--target", "wasm32-unknown-unknown", ...strict],
      folder,
    ],
    [
      "cargo",
      ["doc", ...manifest, "--no-deps", "--quiet"],
      { ...folder, RUSTDOCFLAGS: "-D warnings" },
    ],
  ];
}

/** @type {Check[]} */
const javascriptChecks = [
  ["biome", ["check", "--error-on-warnings"]],
  ["tsc", ["--build"]],
];

await main(import.meta.url, async () => {
  await setup();
  // tsc reads the types that wasm-pack writes, and those of the rooms.
  for (const crate of crates) {
    await build(crate);
    await declareRooms(crate);
  }

  /** @type {string[]} */
  const failures = [];
  const checks = [
    ...[...crates, ...nativeCrates].flatMap(rustChecks),
    ...crates.flatMap(wasmChecks),
    ...javascriptChecks,
  ];
  for (const [program, args, extra] of checks) {
    console.log(`\n── ${[program, ...args].join(" ")}`);
    await run(program, args, extra).catch((error) => failures.push(error.message));
  }
  if (failures.length > 0) throw new Error(failures.join("\n"));
  console.log("\nAll checks passed.");
});
