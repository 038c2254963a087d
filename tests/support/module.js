// What wasm-pack made, in Node.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/run.js";

/**
 * @param {string} path of a module, without its ending, seen from the checkout's folder
 * @returns {Promise<{ glue: any, module: WebAssembly.Module }>}
 */
export async function load(path) {
  const glue = await import(join(root, `${path}.js`));
  return { glue, module: new WebAssembly.Module(readFileSync(join(root, `${path}.wasm`))) };
}

/** @param {string} text */
export const bytesOf = (text) => Buffer.byteLength(text);

/**
 * As SQLite orders texts: by their bytes in UTF-8.
 *
 * @param {string} one
 * @param {string} other
 */
export const inOrder = (one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other));
