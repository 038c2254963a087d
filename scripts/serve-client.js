// Puts the browser's client where a page finds it, unchanged. wrangler runs it before it serves or
// deploys the assets; it needs nothing but Node.

import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { main, root } from "./run.js";

/** @param {string} [pages] the folder of the page, seen from the checkout's */
export function serveClient(pages = "demo/public") {
  cpSync(join(root, "js/browser"), join(root, pages, "browser"), {
    recursive: true,
    // React is for applications that have it.
    filter: (name) => !name.endsWith("react.js"),
  });
}

await main(import.meta.url, async () => {
  // What the bundler says of it names the file alone.
  for (const name of ["dormouse_bg.js", "dormouse_bg.wasm"]) {
    if (existsSync(join(root, "pkg", name))) continue;
    throw new Error(
      `pkg/${name} is not there: the rooms are not built. Run \`npm start\`, or \`wasm-pack build\`.`,
    );
  }
  serveClient();
});
