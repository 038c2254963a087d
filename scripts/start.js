// `npm start`: everything from nothing to a server on http://127.0.0.1:8787.
//
// package.json starts it by `exec`, so that a signal sent to npm ends the server: without it, the
// shell between npm and this script dies of the signal and keeps it to itself.

import { build } from "./build.js";
import { main, run } from "./run.js";
import { setup } from "./setup.js";

/** Opens the Inspector, and lets it put rooms to sleep. */
export const inspecting = ["--var", "INSPECT:local", "--compatibility-flags", "unsafe_module"];

await main(import.meta.url, async () => {
  const port = process.env.PORT ?? "8787";
  await setup();
  await build();
  console.log(`\nRooms on http://127.0.0.1:${port}, and how they work on /inspect there.\n`);
  await run("wrangler", ["dev", "--ip", "127.0.0.1", "--port", port, ...inspecting]);
});
