// Puts the browser's client where the page finds it, unchanged. wrangler runs it before it serves or
// deploys the assets; it needs nothing but Node.

import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
cpSync(join(root, "js/browser"), join(root, "js/public/browser"), {
  recursive: true,
  // React is for applications that have it.
  filter: (name) => !name.endsWith("react.js"),
});
