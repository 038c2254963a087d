// `npm run example liars-dice`: builds an example and serves it on http://127.0.0.1:8787.

import { build, crates } from "./build.js";
import { main, run } from "./run.js";
import { setup } from "./setup.js";

await main(import.meta.url, async () => {
  const [, , name = "liars-dice"] = process.argv;
  const crate = crates.find((crate) => `${crate}/`.startsWith(`examples/${name}/`));
  if (!crate) throw new Error(`There is no example "${name}": see the folders in examples/.`);
  const port = process.env.PORT ?? "8787";
  await setup();
  await build(crate);
  console.log(`\n${name} on http://127.0.0.1:${port}\n`);
  const config = `examples/${name}/wrangler.jsonc`;
  await run("wrangler", ["dev", "--config", config, "--ip", "127.0.0.1", "--port", port]);
});
