import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * A server takes seconds to start, an object ten to fall asleep, and a machine may be slow: a test
 * that waits for what never comes is the only one that may fail by the clock.
 */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

/**
 * Tests that run inside workerd, beside the Worker they test.
 *
 * @param {string} name
 * @param {string} files
 * @param {string} configPath the Worker's wrangler configuration
 * @param {{ compatibilityDate?: string }} [miniflare] what differs from it
 */
const workerd = (name, files, configPath, miniflare) => ({
  plugins: [cloudflareTest({ wrangler: { configPath }, miniflare })],
  test: { name, include: [files], ...patience },
});

/**
 * Tests that run in Node and start a server of their own with `wrangler dev`.
 *
 * @param {string} name
 * @param {string[]} files
 */
const node = (name, ...files) => ({
  test: {
    name,
    include: files,
    ...patience,
    // Each file has a server, and some measure time: one after the other.
    fileParallelism: false,
  },
});

export default defineConfig({
  test: {
    projects: [
      workerd("workerd", "tests/workerd/*.test.js", "wrangler.jsonc"),
      // Rooms that fail on purpose need a Worker, and a WebAssembly module, of their own.
      workerd("faults", "tests/workerd/faults/*.test.js", "tests/workerd/wrangler.jsonc"),
      // The same at the oldest date that js/object/checks.js takes.
      workerd("faults-old", "tests/workerd/faults/*.test.js", "tests/workerd/wrangler.jsonc", {
        compatibilityDate: "2026-03-15",
      }),
      workerd(
        "embedding",
        "examples/embedding/test/*.test.js",
        "examples/embedding/wrangler.jsonc",
      ),
      workerd(
        "liars-dice",
        "examples/liars-dice/tests/workerd.test.js",
        "examples/liars-dice/wrangler.jsonc",
      ),
      // What of js/ needs no platform.
      node("object", "tests/object/*.test.js"),
      node("server", "tests/server/*.test.js"),
      node("browser", "tests/browser/**/*.test.js", "examples/liars-dice/tests/browser.test.js"),
      node("types", "tests/types/*.test.js"),
      node("package", "tests/package/*.test.js"),
      node("docs", "tests/docs*.test.js"),
    ],
    passWithNoTests: true,
    // The rooms that fail on purpose say so in the log: of interest only where a test fails.
    silent: "passed-only",
  },
});
