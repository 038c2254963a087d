// What it takes to start: the size of what is deployed, and the time until its WebAssembly runs.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "../scripts/build.js";
import { root } from "../scripts/run.js";
import { tell } from "./progress.js";
import { startServer } from "./server.js";
import { bundleOf, modulesOf } from "./systems.js";

/** @typedef {import("./systems.js").System} System */

/**
 * @typedef {object} StartUp
 * @property {number} gzipBytes of all modules, compressed
 * @property {number} [wasmGzipBytes] of the WebAssembly alone
 * @property {number} [compileMillis] until V8 has compiled the WebAssembly
 * @property {number} [firstMillis] until a server that was started takes connections
 */

const TIMES = 9;

/**
 * @param {System[]} chosen
 * @param {{ quick: boolean }} options
 * @returns {Promise<Record<string, StartUp>>}
 */
export async function measureStartUp(chosen, { quick }) {
  await build(".");
  await build("benches/floor");
  /** @type {Record<string, StartUp>} */
  const found = {
    "Dormouse, the five rooms": moduleAlone("pkg/dormouse_bg.wasm"),
    "the floor of Rust": moduleAlone("benches/floor/pkg/bench_floor_bg.wasm"),
  };
  for (const system of chosen) {
    const files = modulesOf(system).map((name) => ({
      name,
      content: readFileSync(join(bundleOf(system), name)),
    }));
    const wasm = files.find(({ name }) => name.endsWith(".wasm"))?.content;
    const starts = [];
    for (let i = 0; i < (quick ? 3 : TIMES); i++) {
      const server = await startServer(system);
      starts.push(server.startMillis);
      await server.stop();
    }
    found[system.name] = {
      gzipBytes: files.reduce((sum, { content }) => sum + gzip(content), 0),
      firstMillis: median(starts),
      ...(wasm && { wasmGzipBytes: gzip(wasm), ...compile(wasm) }),
    };
  }
  tell("start-up");
  return found;
}

/**
 * @param {string} path
 * @returns {StartUp}
 */
function moduleAlone(path) {
  const wasm = readFileSync(join(root, path));
  return { gzipBytes: gzip(wasm), wasmGzipBytes: gzip(wasm), ...compile(wasm) };
}

/** @param {Uint8Array} content */
const gzip = (content) => gzipSync(content, { level: 9 }).length;

/** @param {Uint8Array} wasm */
function compile(wasm) {
  const times = Array.from({ length: TIMES }, (_, i) => {
    // V8 knows a module that it has compiled before: an empty section of another name makes it new.
    const unknown = Buffer.concat([wasm, Buffer.from([0, 2, 1, 97 + i])]);
    const start = performance.now();
    new WebAssembly.Module(unknown);
    return performance.now() - start;
  });
  return { compileMillis: median(times) };
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return /** @type {number} */ (sorted[sorted.length >> 1]);
}
