// Puts the browser's client where a page finds it, unchanged. wrangler runs it before it serves or
// deploys the assets; it needs nothing but Node.

import { cpSync } from "node:fs";
import { join } from "node:path";
import { main, root } from "./run.js";

/** @param {string} [pages] the folder of the page, seen from the checkout's */
export function serveClient(pages = "js/public") {
  cpSync(join(root, "js/browser"), join(root, pages, "browser"), {
    recursive: true,
    // React is for applications that have it.
    filter: (name) => !name.endsWith("react.js"),
  });
}

await main(import.meta.url, async () => serveClient(process.argv[2]));
