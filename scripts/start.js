// `npm start`: everything from nothing to a server on http://127.0.0.1:8787.
//
// package.json starts it by `exec`, so that a signal sent to npm ends the server: without it, the
// shell between npm and this script dies of the signal and keeps it to itself.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "./build.js";
import { main, root, run } from "./run.js";
import { setup } from "./setup.js";

/**
 * Opens the Inspector to who has a token, and lets it put rooms to sleep. The token is made up once and
 * kept, so that a page that is open stays so.
 */
export function inspecting() {
  const file = join(root, ".wrangler/inspect-token");
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(16).toString("hex"), { mode: 0o600 });
  }
  const token = readFileSync(file, "utf8").trim();
  const flags = ["--var", `INSPECT_TOKEN:${token}`, "--compatibility-flags", "unsafe_module"];
  return { token, flags };
}

await main(import.meta.url, async () => {
  const port = process.env.PORT ?? "8787";
  await setup();
  await build();
  const { token, flags } = inspecting();
  const url = `http://127.0.0.1:${port}`;
  console.log(`\nRooms on ${url}, and how they work on ${url}/inspect#${token}\n`);
  await run("wrangler", ["dev", "--ip", "127.0.0.1", "--port", port, ...flags]);
});
