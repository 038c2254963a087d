// The page's client in the runtimes in which programs use it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { find, root } from "../../scripts/run.js";
import { serveRooms } from "../support/workerd.js";

/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(async () => {
  server = await serveRooms();
});

afterAll(async () => {
  await server?.kill();
});

/** What a visit comes to. */
const VISITED = { heard: ["one", "two"], same: [false, true], down: "connecting" };

const main = join(root, "tests/server/runtimes/main.js");

test.each([
  ["Node", process.execPath, []],
  ["Bun", find("bun"), ["run"]],
  ["Deno", find("deno"), ["run", "--allow-all", "--no-lock", "--no-config"]],
])("in %s it says, loses its line, comes back and hears all", async (name, program, args) => {
  const url = `${server.url}/chat/${name}?options=${encodeURIComponent('{"id":"ada"}')}`;
  const child = spawn(/** @type {string} */ (program), [...args, main, url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (part) => {
    printed += part;
  });
  const [code] = await once(child, "close");
  expect([code, JSON.parse(printed)]).toEqual([0, VISITED]);
});

test("in a Worker too", async () => {
  const answer = await fetch(`${server.url}/chat/worker/visit`);
  expect(await answer.json()).toEqual(VISITED);
});
