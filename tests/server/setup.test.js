// A Worker that is set up wrongly says so, and what to do: at its start, or where it first shows. What
// wrangler and the runtime say better themselves is pinned here too, since docs/setup-errors.md has it.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { root } from "../../scripts/run.js";
import { startServer } from "../support/server.js";
import { bundle, remove } from "../support/workerd.js";

const folder = mkdtempSync(join(tmpdir(), "dormouse-setup-"));

afterAll(() => rmSync(folder, { recursive: true }));

const right = {
  name: "setup",
  main: join(root, "tests/server/setup/worker.js"),
  compatibility_date: "2026-10-01",
  durable_objects: { bindings: [{ name: "ROOMS", class_name: "RoomObject" }] },
  migrations: [{ tag: "v1", new_sqlite_classes: ["RoomObject"] }],
};

/**
 * A configuration, written to a file.
 *
 * @param {object} different what differs from the right one
 */
function configOf(different) {
  const path = join(folder, "wrangler.json");
  writeFileSync(path, JSON.stringify({ ...right, ...different }));
  return path;
}

/**
 * What a Worker that is set up so answers.
 *
 * @param {object} different
 */
async function serverOf(different) {
  const server = await startServer({ config: configOf(different) });
  onTestFinished(() => server.stop());
  return async (path = "/") => await (await fetch(server.url + path)).json();
}

/**
 * What wrangler says where it does not even start, or bundle.
 *
 * @param {() => unknown} start
 * @returns {Promise<string>}
 */
async function complaint(start) {
  try {
    await start();
  } catch (error) {
    return String(error);
  }
  throw new Error("it started");
}

/**
 * A Worker of one file, and what is wrong with it.
 *
 * @param {string} source
 */
function complaintOf(source) {
  const main = join(folder, "worker.js");
  writeFileSync(main, source);
  return complaint(() => remove(bundle(configOf({ main }))));
}

test("a binding of another name is missed, and the one that is there is named", async () => {
  const bindings = [{ name: "CHAT", class_name: "RoomObject" }];
  const ask = await serverOf({ durable_objects: { bindings }, vars: { COLOUR: "red" } });
  const { name, message } = await ask();
  expect(name).toBe("MissingBinding");
  expect(message).toContain("env has no ROOMS, it has");
  expect(message).toContain("COLOUR");
  expect(message).toContain('dormouse(glue, module, { binding: "CHAT" })');
});

test("a binding that is no namespace is told from a missing one", async () => {
  const ask = await serverOf({ durable_objects: {}, migrations: [], vars: { ROOMS: "chat" } });
  const { name, message } = await ask();
  expect(name).toBe("WrongBinding");
  expect(message).toContain("env.ROOMS is a string");
  expect(message).toContain('{ "name": "ROOMS", "class_name": "RoomObject" }');
});

test("a class without SQLite is refused, with what has to stand in wrangler.jsonc", async () => {
  const ask = await serverOf({ migrations: [{ tag: "v1", new_classes: ["RoomObject"] }] });
  const { name, message } = await ask();
  expect(name).toBe("KeyValueStorage");
  expect(message).toContain("new_sqlite_classes");
});

test("an object without a name is refused, and those with one work beside it", async () => {
  const ask = await serverOf({});
  const { name, message } = await ask("/nameless");
  expect(name).toBe("NamelessObject");
  expect(message).toContain("newUniqueId");
  expect(await ask()).toBe(0);
});

test("a compatibility date that is too old ends the Worker at its start", async () => {
  const config = configOf({ compatibility_date: "2025-05-04" });
  const said = await complaint(() => startServer({ config }));
  expect(said).toContain(
    "OldCompatibilityDate: the Worker's compatibility_date is older than 2026",
  );
});

test("the oldest compatibility date that is named will do", async () => {
  const ask = await serverOf({ compatibility_date: "2026-03-15" });
  expect(await ask()).toBe(0);
});

test("wrangler names a class that is not exported", async () => {
  const bindings = [{ name: "ROOMS", class_name: "Rooms" }];
  const migrations = [{ tag: "v1", new_sqlite_classes: ["Rooms"] }];
  const config = configOf({ durable_objects: { bindings }, migrations });
  const said = await complaint(() => remove(bundle(config)));
  expect(said).toContain("which are not exported in your entrypoint file: Rooms");
});

test("wrangler names the pkg that was never built", async () => {
  const said = await complaintOf(
    'import * as glue from "./pkg/my_rooms_bg.js"; export default glue;',
  );
  expect(said).toContain('Could not resolve "./pkg/my_rooms_bg.js"');
});

test("the checkout's own Worker says how to build its pkg", () => {
  const script = join(folder, "scripts/serve-client.js");
  for (const name of ["serve-client.js", "run.js"])
    cpSync(join(root, "scripts", name), join(folder, "scripts", name));
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain("pkg/dormouse_bg.js is not there: the rooms are not built");
});

test("wasm-pack's entry file instead of the glue ends the Worker at its start", async () => {
  const main = join(folder, "entry.js");
  const entry = readFileSync(right.main, "utf8")
    .replaceAll("../../../", `${root}/`)
    .replace("dormouse_bg.js", "dormouse.js");
  writeFileSync(main, entry);
  const said = await complaint(() => startServer({ config: configOf({ main }) }));
  expect(said).toMatch(/wasm\d*\.__wbindgen_start is not a function/);
});

test("an object of another class does not know what a room knows", async () => {
  const bindings = [{ name: "ROOMS", class_name: "Other" }];
  const migrations = [{ tag: "v1", new_sqlite_classes: ["Other"] }];
  const ask = await serverOf({ durable_objects: { bindings }, migrations });
  const { message } = await ask();
  expect(message).toContain("The RPC receiver does not implement the method");
});

test("the page about it has every name", () => {
  const read = (/** @type {string} */ path) => readFileSync(join(root, path), "utf8");
  const checks = ["js/object/checks.js", "js/base/namespace.js"].map(read).join("");
  const names = checks.match(/"[A-Z][a-z]+[A-Z]\w+"/g) ?? [];
  expect(names.length).toBeGreaterThan(10);
  const page = read("docs/setup-errors.md");
  for (const name of names) expect(page).toContain(`\`${name.slice(1, -1)}\``);
});
