// What the npm package has and the checkout does not: declarations, made of the JSDoc, and the licences.
// `npm pack` and `npm publish` run it in js/.

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { main, root, run } from "./run.js";

const types = join(root, "js/types");

/**
 * Declares modules and all that they import.
 *
 * @param {string[]} modules
 * @param {string[]} globals what is there where they run
 */
function declare(modules, globals) {
  const paths = ["--rootDir", "js", "--outDir", "js/types"];
  const language = ["--target", "es2024", "--module", "esnext", "--moduleResolution", "bundler"];
  const checks = ["--allowJs", "--checkJs", "--strict", "--skipLibCheck"];
  const output = ["--declaration", "--emitDeclarationOnly", ...paths];
  const files = modules.map((name) => join("js", name));
  return run("tsc", ["--ignoreConfig", ...output, ...language, ...checks, ...globals, ...files]);
}

await main(import.meta.url, async () => {
  for (const made of [types, join(root, "js/public")]) {
    rmSync(made, { recursive: true, force: true });
  }
  // In two parts, as they are checked: a Worker and a page know different globals.
  const worker = ["--lib", "es2024", "--types", "@cloudflare/workers-types"];
  await declare(["index.js", "worker/client.js", "watching/inspector.js"], worker);
  await declare(["browser/room-client.js", "browser/react.js"], ["--lib", "es2024,dom"]);
  // tsc makes declarations of JavaScript, and leaves behind those that were written by hand.
  for (const name of ["base/glue.d.ts", "base/wasm-pack.d.cts"])
    cpSync(join(root, "js", name), join(types, name));
  // The Inspector's page is the checkout's own.
  cpSync(join(root, "demo/public/inspect"), join(root, "js/public/inspect"), { recursive: true });
  cpSync(join(root, "demo/public/mark.svg"), join(root, "js/public/mark.svg"));
  for (const name of ["LICENSE-MIT", "LICENSE-APACHE"])
    cpSync(join(root, name), join(root, "js", name));
});
