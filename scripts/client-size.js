// How large the page's client is: minified, and compressed. `node scripts/client-size.js` prints it.

import { createRequire } from "node:module";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { main, root } from "./run.js";

/** The bundler that wrangler brings along. */
const { build } = createRequire(createRequire(import.meta.url).resolve("wrangler"))("esbuild");

/** Modules of js/browser, and what a page that imports each has to load. @type {Record<string, string[]>} */
const parts = {
  "room-client.js": ["./keeper.js"],
  // Loaded by those who have a key.
  "keeper.js": [],
  "store.js": ["./keeper.js"],
  "react.js": ["./keeper.js", "react"],
};

/** @returns {Promise<{ module: string, minified: number, gzip: number, brotli: number }[]>} bytes */
export function clientSizes() {
  const sizes = Object.entries(parts).map(async ([module, external]) => {
    const { outputFiles } = await build({
      entryPoints: [join(root, "js/browser", module)],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      target: "es2022",
      logLevel: "silent",
      external,
    });
    const code = outputFiles[0].contents;
    const gzip = gzipSync(code, { level: 9 }).length;
    return { module, minified: code.length, gzip, brotli: brotliCompressSync(code).length };
  });
  return Promise.all(sizes);
}

await main(import.meta.url, async () => console.table(await clientSizes()));
