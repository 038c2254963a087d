// `npm run fmt`: formats everything, and applies the fixes of the lints that are safe to apply.

import { crates } from "./build.js";
import { main, run } from "./run.js";
import { setup } from "./setup.js";

await main(import.meta.url, async () => {
  await setup();
  for (const crate of crates) {
    await run("cargo", ["fmt", "--manifest-path", `${crate}/Cargo.toml`]);
  }
  await run("biome", ["check", "--write"]);
});
