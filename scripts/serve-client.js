// Puts the browser's client where the page finds it, unchanged. wrangler runs it before it serves or
// deploys the assets; it needs nothing but Node.

import { cpSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// What the bundler says of it names the file alone.
for (const name of ["dormouse_bg.js", "dormouse_bg.wasm"]) {
  if (existsSync(join(root, "pkg", name))) continue;
  console.error(
    `pkg/${name} is not there: the rooms are not built. Run \`npm start\`, or \`wasm-pack build\`.`,
  );
  process.exit(1);
}

cpSync(join(root, "js/browser"), join(root, "js/public/browser"), {
  recursive: true,
  // React is for applications that have it.
  filter: (name) => !name.endsWith("react.js"),
});
