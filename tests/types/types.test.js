// What compiles with the types of the rooms, what does not, and why.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** Where the compiler finds the package that the page imports. */
const paths = {
  "dormouse-rooms": [join(root, "js/index.js")],
  "dormouse-rooms/browser": [join(root, "js/browser/room-client.js")],
  "dormouse-rooms/react": [join(root, "js/browser/react.js")],
};

test.each(["page", "worker"])("the blocks of docs/types.md that are for a %s compile", (side) => {
  const folder = `target/types-page/${side}`;
  /**
   * @param {string} name
   * @param {string} text
   */
  const write = (name, text) => writeFileSync(join(root, folder, name), text);
  rmSync(join(root, folder), { recursive: true, force: true });
  for (const name of ["src", "types", "pkg"]) {
    mkdirSync(join(root, folder, name), { recursive: true });
  }
  const options = {
    extends: join(root, `tests/types/${side}/tsconfig.json`),
    compilerOptions: { paths },
    include: ["src", join(root, "demo/env.d.ts")].slice(0, side === "worker" ? 2 : 1),
  };
  write("tsconfig.json", JSON.stringify(options));
  write("pkg/my_rooms_bg.d.ts", 'export * from "../../../../pkg/dormouse_bg.js";\n');
  write(
    "pkg/my_rooms_bg.wasm.d.ts",
    "declare const module: WebAssembly.Module;\nexport default module;\n",
  );

  const page = readFileSync(join(root, "docs/types.md"), "utf8");
  const blocks = [...page.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].map(([, kind, text = ""]) => ({
    kind,
    text,
  }));
  const isForPage = (/** @type {{ text: string }} */ { text }) =>
    /dormouse-rooms\/(browser|react)"/.test(text);
  const [declarations, ...uses] = blocks;
  write("types/rooms.d.ts", declarations?.text ?? "");
  const ours = uses.filter((block) => isForPage(block) === (side === "page"));
  expect(ours.length).toBeGreaterThanOrEqual(2);
  for (const [i, { kind, text }] of ours.entries()) write(`src/${i}.${kind}`, text);
  expect(errorsIn(folder)).toEqual({});
});
