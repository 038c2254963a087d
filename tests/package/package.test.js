// The npm package, packed and installed in a project that has nothing else.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environment, root } from "../../scripts/run.js";
import { emptyFolder, install, pack, remove } from "../support/package.js";

/** The project, and the package in it. */
let project = "";
let installed = "";

beforeAll(() => {
  project = emptyFolder();
  writeFileSync(join(project, "package.json"), `{ "type": "module", "private": true }`);
  install(project, pack(project));
  installed = join(project, "node_modules/dormouse-rooms");
  cpSync(join(root, "tests/package/project"), project, { recursive: true });
});

afterAll(() => remove(project));

/** @param {string} folder the files in it, by their paths */
const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** @param {string} name */
const isModule = (name) => name.endsWith(".js");

test("it has what a Worker and a page need, and neither our Worker nor our pages", () => {
  const under = (/** @type {string} */ folder) =>
    filesIn(join(root, folder)).map((name) => `${folder}/${name}`);
  const folders = ["base", "object", "watching", "worker", "browser"];
  const code = folders.flatMap((folder) =>
    filesIn(join(root, "js", folder)).map((name) => `${folder}/${name}`),
  );
  const inspector = under("demo/public/inspect").map((name) => name.slice("demo/".length));
  const text = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];
  const declarations = ["index.js", ...code]
    .filter(isModule)
    .map((name) => `types/${name.replace(/\.js$/, ".d.ts")}`);
  const byHand = ["types/base/glue.d.ts", "types/base/wasm-pack.d.cts"];
  expect(filesIn(installed)).toEqual(
    [
      "index.js",
      ...code,
      ...inspector,
      "public/mark.svg",
      ...text,
      ...declarations,
      ...byHand,
    ].sort(),
  );
});

test("what its modules import is in it, or in the runtime", () => {
  for (const name of filesIn(installed).filter(isModule)) {
    const code = readFileSync(join(installed, name), "utf8");
    for (const [, from = ""] of code.matchAll(/(?:^import |^.* from )"(.+)";$/gm)) {
      const isThere = from.startsWith(".")
        ? existsSync(join(installed, dirname(name), from))
        : ["cloudflare:workers", "react"].includes(from);
      expect(isThere, `${name} imports ${from}`).toBe(true);
    }
  }
});

test("everything that it exports is there, with types", () => {
  const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  expect(targets).toHaveLength(13);
  for (const target of targets) expect(existsSync(join(installed, target)), target).toBe(true);
});

test("a Worker and a page in TypeScript compile against it, and wrong uses do not", () => {
  // What wasm-pack makes: no declaration of the `_bg.js`, so that it is ours that is used.
  for (const name of ["dormouse.d.ts", "dormouse.js", "dormouse_bg.js", "dormouse_bg.wasm.d.ts"]) {
    cpSync(join(root, "pkg", name), join(project, "pkg", name));
  }
  const types = join(root, "node_modules/@cloudflare/workers-types");
  check("src/worker.ts", ["--lib", "es2024", "--types", types]);
  check("src/page.ts", ["--lib", "es2024,dom", "--types", ""]);
});

test("its page's client runs as it is", () => {
  const script = `import { RoomClient } from "dormouse-rooms/browser";
    const room = new RoomClient("ws://localhost:1/");
    room.close();
    console.log(room.state);`;
  const args = ["--input-type=module", "--eval", script];
  expect(execFileSync("node", args, { cwd: project, env: environment, encoding: "utf8" })).toBe(
    "closed\n",
  );
});

/**
 * Compiles a file of the project, its libraries' declarations too.
 *
 * @param {string} file
 * @param {string[]} globals
 */
function check(file, globals) {
  const language = ["--target", "es2024", "--module", "esnext", "--moduleResolution", "bundler"];
  const args = ["--strict", "--noEmit", ...language, ...globals, file];
  const { stdout, status } = spawnSync("tsc", args, {
    cwd: project,
    env: environment,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}
