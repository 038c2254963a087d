// `npm run fuzz -- --seconds 600`: libFuzzer on each target of fuzz/, one after the other, for so long
// each; with names behind it, on those targets. What it finds is in fuzz/artifacts/. The short run that
// needs no nightly Rust, over the seeds and mutations of them, is part of `npm test`.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { environment, find, main, root, run } from "./run.js";

/** The longest input: what a person can still read when it fails. */
const LONGEST = 1_024;

/** The time after which an input counts as one that never ends, in seconds. */
const PATIENCE = 20;

const seedsOf = (target = "") => join("fuzz", "seeds", target);

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: "string", default: "60" } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Error(`"${values.seconds}" is no number of seconds.`);
  const targets = targetsToRun(positionals);
  requireNightly();
  await installCargoFuzz();
  for (const target of targets) {
    console.log(`\n── ${target} ${"─".repeat(60 - target.length)}\n`);
    await fuzz(target, seconds);
  }
  console.log(`\nNo finding in ${seconds} s each: ${targets.join(", ")}.`);
});

/** @param {string[]} wanted names of targets, none for all */
function targetsToRun(wanted) {
  const targets = readdirSync(join(root, seedsOf())).sort();
  const unknown = wanted.find((target) => !targets.includes(target));
  if (unknown) throw new Error(`There is no target "${unknown}", only ${targets.join(", ")}.`);
  return wanted.length > 0 ? wanted : targets;
}

function requireNightly() {
  const { status } = spawnSync("cargo", ["+nightly", "--version"], { env: environment });
  if (status === 0) return;
  throw new Error(
    "libFuzzer needs a nightly Rust, and none is there: `rustup toolchain install nightly` and try " +
      "again. The short run needs none: `npm test -- rust`.",
  );
}

async function installCargoFuzz() {
  if (find("cargo-fuzz")) return;
  console.log("fuzz: installing cargo-fuzz, which takes a minute or two");
  await run("cargo", ["install", "--quiet", "--locked", "cargo-fuzz"]);
}

/**
 * @param {string} target
 * @param {number} seconds
 */
async function fuzz(target, seconds) {
  const corpus = join("fuzz", "corpus", target);
  mkdirSync(join(root, corpus), { recursive: true });
  // The core forbids unsafe code: a sanitizer would find nothing, and take most of the time.
  const cargo = ["+nightly", "fuzz", "run", "--sanitizer", "none"];
  const libFuzzer = [`-max_total_time=${seconds}`, `-max_len=${LONGEST}`, `-timeout=${PATIENCE}`];
  const args = [...cargo, target, corpus, seedsOf(target), "--", ...libFuzzer];
  await run("cargo", args, { CARGO_TARGET_DIR: join(root, "target/fuzz") }).catch((error) => {
    throw new Error(
      `${error.message}\nThe input is in fuzz/artifacts/${target}. To run it on stable Rust:\n` +
        `  cargo run --manifest-path fuzz/Cargo.toml --bin ${target} fuzz/artifacts/${target}/*`,
    );
  });
}
