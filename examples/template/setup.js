// Installs what the build needs and npm does not bring.

import { execSync, spawnSync } from "node:child_process";

const has = (program) => spawnSync(program, ["--version"]).status === 0;

if (!has("cargo")) {
  console.error("\nRust is not there. Install it from https://rustup.rs and try again.\n");
  process.exit(1);
}
// wasm-pack itself adds Rust's wasm32 target when it builds, if that is missing.
if (!has("wasm-pack")) {
  console.log("\nInstalling wasm-pack, which takes a minute or two.\n");
  execSync("cargo install --locked wasm-pack", { stdio: "inherit" });
}
