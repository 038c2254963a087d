// wrangler runs this before it serves or deploys the Worker, and again when a file in src/ changes.

import { execSync } from "node:child_process";
import { cpSync } from "node:fs";

// The files have one name, whatever the crate's is.
execSync("wasm-pack --log-level warn build --out-name room", { stdio: "inherit" });

// The page has no bundler: it loads the client's modules as they are.
cpSync("node_modules/dormouse-rooms/browser", "public/dormouse", { recursive: true });
