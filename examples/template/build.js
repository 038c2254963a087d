// wrangler runs this before it serves or deploys the Worker, and again when a file in src/ changes.

import { execSync, spawnSync } from "node:child_process";
import { cpSync } from "node:fs";

const has = (program) => spawnSync(program, ["--version"]).status === 0;
const run = (command) => execSync(command, { stdio: "inherit" });

if (!has("cargo")) {
  console.error("Rust is not there. Install it from https://rustup.rs and try again.");
  process.exit(1);
}
if (!has("wasm-pack")) {
  console.log("Installing wasm-pack, which takes a minute or two.");
  run("cargo install --locked wasm-pack");
}
// wasm-pack adds Rust's wasm32 target if it is missing. The name is the file's, whatever the crate's is.
run("wasm-pack --log-level warn build --out-name room");

// The page has no bundler: it loads the client's modules as they are.
cpSync("node_modules/dormouse-rooms/browser", "public/dormouse", { recursive: true });
