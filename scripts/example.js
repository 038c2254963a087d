// `npm run example liars-dice`: builds an example and serves it on http://127.0.0.1:8787.

import { build } from "./build.js";
import { main, run } from "./run.js";
import { setup } from "./setup.js";

await main(import.meta.url, async () => {
  const folder = `examples/${process.argv[2] ?? "liars-dice"}`;
  const port = process.env.PORT ?? "8787";
  await setup();
  await build(folder);
  console.log(`\n${folder} on http://127.0.0.1:${port}\n`);
  const config = `${folder}/wrangler.jsonc`;
  await run("wrangler", ["dev", "--config", config, "--ip", "127.0.0.1", "--port", port]);
});
