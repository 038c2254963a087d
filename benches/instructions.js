// `npm run bench:instructions`: instructions under valgrind, which a noisy machine does not change.

import { spawnSync } from "node:child_process";
import { environment, find, main, root } from "../scripts/run.js";

const THINGS = {
  message: "a chat message, handled, checked, committed and performed",
  batched: "the same, a thousand in one commit",
  decode: "a frame decoded",
  encode: "a broadcast encoded",
};

const TIMES = 1_000;

/**
 * @param {string} program
 * @param {string[]} args
 */
function output(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    env: environment,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${program} failed:\n${stderr}`);
  return stdout + stderr;
}

/**
 * @param {string} binary
 * @param {string} what
 * @param {number} times
 */
function instructions(binary, what, times) {
  const tool = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
  const said = output("valgrind", [...tool, binary, what, String(times)]);
  const count = /Collected : (\d+)/.exec(said)?.[1];
  if (!count) throw new Error(`valgrind counted nothing:\n${said}`);
  return Number(count);
}

await main(import.meta.url, async () => {
  if (!find("valgrind")) throw new Error("valgrind is not there; install it and try again");
  const built = output("cargo", ["bench", "--bench", "instructions", "--no-run"]);
  const binary = /\((.*instructions-[0-9a-f]+)\)/.exec(built)?.[1];
  if (!binary) throw new Error(`cargo built nothing:\n${built}`);
  for (const [what, meaning] of Object.entries(THINGS)) {
    // What comes before the thing itself is in both, and goes out.
    const once = instructions(binary, what, TIMES);
    const twice = instructions(binary, what, 2 * TIMES);
    console.log(`${((twice - once) / TIMES).toFixed(0).padStart(8)}  ${meaning}`);
  }
});
