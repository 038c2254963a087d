// What compiles with the types of the rooms, what does not, and why.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environment, root } from "../../scripts/run.js";

/**
 * What the compiler has against a folder's files, by file and line.
 *
 * @param {string} folder
 */
function errorsIn(folder) {
  const args = ["--pretty", "false", "--project", join(root, folder)];
  const { stdout, error } = spawnSync("tsc", args, {
    cwd: root,
    env: environment,
    encoding: "utf8",
  });
  if (error) throw error;
  /** @type {Record<string, string>} */
  const errors = {};
  let last = "";
  for (const line of stdout.split("\n")) {
    const [, place, message] = /^(.+?\(\d+),\d+\): error (.*)$/.exec(line) ?? [];
    if (place) last = `${place})`;
    errors[last] = `${errors[last] ?? ""}${message ?? line}\n`;
  }
  delete errors[""];
  return errors;
}

/**
 * What a file says of itself: the line after a comment `// error: words` has an error with these words.
 *
 * @param {string} file
 */
function announcedIn(file) {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const announced = lines.map((line, i) => {
    const [, words] = /^ *\/\/ error: (.*)$/.exec(line) ?? [];
    return words === undefined ? [] : [[`${file}(${i + 2})`, expect.stringContaining(words)]];
  });
  return Object.fromEntries(announced.flat());
}

test.each(["page", "worker"])(
  "in a %s the right compiles, and each wrong line does not",
  (side) => {
    const announced = announcedIn(`tests/types/${side}/wrong.ts`);
    expect(Object.keys(announced).length).toBeGreaterThan(5);
    expect(errorsIn(`tests/types/${side}`)).toEqual(announced);
  },
);
