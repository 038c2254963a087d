// The rooms in memory, asked from Node.

import { spawnSync } from "node:child_process";
import { environment, root } from "../../scripts/run.js";

/**
 * A line that comes of it.
 *
 * @param {string[]} command
 * @param {string} [input]
 * @returns {any[]}
 */
export function native(command, input) {
  const { status, stdout, stderr } = spawnSync(
    "cargo",
    ["run", "--quiet", "--example", "native", "--", ...command],
    { cwd: root, env: environment, encoding: "utf8", input, maxBuffer: 1e9 },
  );
  if (status !== 0) throw new Error(`cargo run --example native: ${stderr}`);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/**
 * The same with what differs from run to run made the same: times, and ids that chance makes.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function timeless(value) {
  const text = JSON.stringify(value)
    .replaceAll(/1[67]\d{11}(?!\d)/g, "1700000000000")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "a UUID")
    .replaceAll(/\[[0-9a-f]{8}\] /g, "[a session] ");
  return JSON.parse(text);
}
