// `npm test`: all the tests, or with `npm test -- workerd` those of one stage.

import { build, cargoEnvironment, crates, nativeCrates } from "./build.js";
import { chromium } from "./chromium.js";
import { main, run } from "./run.js";
import { setup } from "./setup.js";

/**
 * What there is to test, in order. A stage may return a note for the summary.
 *
 * @type {Record<string, () => Promise<string | void>>}
 */
const stages = {
  rust: async () => {
    for (const crate of [...crates, ...nativeCrates]) {
      await run(
        "cargo",
        ["test", "--manifest-path", `${crate}/Cargo.toml`],
        cargoEnvironment(crate),
      );
    }
  },
  build: async () => {
    for (const crate of crates) await build(crate);
  },
  types: () => vitest(["types"]),
  object: () => vitest(["object"]),
  workerd: () => vitest(["workerd", "faults", "faults-old", "embedding", "liars-dice"]),
  server: () => vitest(["server"]),
  docs: () => vitest(["docs"]),
  browser: async () => {
    const program = await chromium();
    if (program) return vitest(["browser"], { CHROMIUM: program });
    return "SKIPPED: no Chromium found, and none can be installed; set CHROMIUM to its path";
  },
  package: () => vitest(["package"]),
};

/**
 * @param {string[]} projects of vitest.config.js
 * @param {NodeJS.ProcessEnv} [extra]
 */
function vitest(projects, extra) {
  return run("vitest", ["run", ...projects.flatMap((name) => ["--project", name])], extra);
}

/** @param {string[]} wanted names of stages, none for all */
function stagesToRun(wanted) {
  const names = Object.keys(stages);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown) throw new Error(`There is no stage "${unknown}", only ${names.join(", ")}.`);
  if (wanted.length === 0) return names;
  // Everything but Rust's own tests runs what the build makes.
  return names.filter(
    (name) =>
      wanted.includes(name) || (name === "build" && wanted.some((other) => other !== "rust")),
  );
}

await main(import.meta.url, async () => {
  const names = stagesToRun(process.argv.slice(2));
  await setup();
  const summary = [];
  for (const name of names) {
    console.log(`\n── ${name} ${"─".repeat(60 - name.length)}\n`);
    const start = performance.now();
    try {
      const note = await stages[name]?.();
      summary.push(`${name.padEnd(10)}${seconds(start)}${note ? `  ${note}` : ""}`);
    } catch (error) {
      summary.push(`${name.padEnd(10)}${seconds(start)}  FAILED`);
      console.error(`\n${summary.join("\n")}`);
      throw error;
    }
  }
  console.log(`\n${summary.join("\n")}\n\nEvery stage passed or says otherwise above.`);
});

/** @param {number} start */
function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(8);
}
