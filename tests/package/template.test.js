// The template, copied out of the checkout, with its two commands. Nothing is published yet, so what it
// depends on comes from here; all else is as a stranger has it.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cargoEnvironment } from "../../scripts/build.js";
import { chromium } from "../../scripts/chromium.js";
import { environment, root } from "../../scripts/run.js";
import { emptyFolder, install, pack, remove } from "../support/package.js";
import { startBrowser } from "../support/page.js";
import { serve } from "../support/server.js";

const template = join(root, "examples/template");

/** What somebody who tried the template where it lies has left there. */
const LEFT = ["target", "pkg", "node_modules", ".wrangler", "dormouse", "package-lock.json"];

/** A compiler may have to start from nothing. */
const COMPILING = 600_000;

const env = { ...environment, ...cargoEnvironment("examples/template") };
const hasBrowser = (await chromium()) !== undefined;

/** The copy. */
let project = "";
/** @type {import("../support/server.js").Server} */
let server;

/** @param {string} folder @param {string} name */
const read = (folder, name) => readFileSync(join(folder, name), "utf8");

const start = () => serve("npm", ["start", "--"], { cwd: project, env });

beforeAll(async () => {
  project = emptyFolder();
  cpSync(template, project, {
    recursive: true,
    filter: (source) => !LEFT.includes(basename(source)),
  });
  mkdirSync(join(project, ".cargo"));
  writeFileSync(
    join(project, ".cargo/config.toml"),
    `[patch.crates-io]\ndormouse = { path = ${JSON.stringify(root)} }\n`,
  );
  // The versions that wasm-pack has its tools for already.
  cpSync(join(root, "Cargo.lock"), join(project, "Cargo.lock"));
  install(project, pack(project));
  server = await start();
}, COMPILING);

afterAll(async () => {
  await server?.stop();
  remove(project);
});

/**
 * The page's client, as the page has it.
 *
 * @param {string} room
 */
async function enter(room) {
  const file = join(project, "public/dormouse/room-client.js");
  /** @type {typeof import("../../js/browser/room-client.js")} */
  const { RoomClient } = await import(pathToFileURL(file).href);
  /** @type {import("../../js/browser/room-client.js").RoomClient} */
  const client = new RoomClient(new URL(`/lunch/${room}`, server.url));
  onTestFinished(() => client.close());
  /** @type {any[]} */
  const heard = [];
  client.on("message", (message) => heard.push(message));
  return { client, heard };
}

/** @param {Record<string, number>} votes */
const votes = (votes) => ({ _tag: "Votes", votes });

test(
  "npm test runs the room's tests, and a simulation",
  () => {
    const output = execFileSync("npm", ["test"], {
      cwd: project,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(output).toContain("nobody_votes_twice_whatever_happens ... ok");
    expect(output).toContain("test result: ok. 3 passed");
    // That run has written it if it was not so.
    expect(read(project, "types/rooms.d.ts")).toBe(read(template, "types/rooms.d.ts"));
  },
  COMPILING,
);

test("an editor finds no fault with the page, and one where it says what the room does not take", () => {
  expect(faults(read(project, "public/main.js"))).toBe("");
  const page = read(project, "public/main.js").replace('"Vote"', '"Veto"');
  expect(faults(page)).toContain(`Type '"Veto"' is not assignable to type '"Vote"'`);
});

test(
  "its code is as rustfmt and clippy want it",
  () => {
    const cargo = (/** @type {string[]} */ ...args) =>
      execFileSync("cargo", args, { cwd: project, env, stdio: ["ignore", "ignore", "inherit"] });
    cargo("fmt", "--check");
    cargo("clippy", "--quiet", "--all-targets", "--", "-D", "warnings");
  },
  COMPILING,
);

test("npm start serves the page, and the client that it loads", async () => {
  const page = await fetch(server.url);
  expect(await page.text()).toContain("What is for lunch?");
  const client = await fetch(`${server.url}/dormouse/room-client.js`);
  expect(client.headers.get("Content-Type")).toContain("text/javascript");
  expect(await client.text()).toBe(readFileSync(join(root, "js/browser/room-client.js"), "utf8"));
  expect((await fetch(`${server.url}/dinner/today`)).status).toBe(404);
});

test("votes are counted, and what is no vote is refused", async () => {
  const [ada, bob] = [await enter("monday"), await enter("monday")];
  await ada.client.send({ _tag: "Vote", dish: "soup" });
  await bob.client.send({ _tag: "Vote", dish: "pasta" });
  await expect(bob.client.send({ _tag: "Vote", dish: "stones" })).rejects.toThrow("stones");
  await ada.client.send({ _tag: "Vote", dish: "pasta" });
  await expect.poll(() => bob.heard.at(-1)).toEqual(votes({ soup: 0, pasta: 2 }));
  expect(ada.heard[0]).toEqual(votes({}));
});

test(
  "what was voted is there after a restart",
  async () => {
    const before = await enter("tuesday");
    await before.client.send({ _tag: "Vote", dish: "salad" });
    before.client.close();
    await server.stop();
    server = await start();
    const after = await enter("tuesday");
    await expect.poll(() => after.heard[0]).toEqual(votes({ salad: 1 }));
  },
  COMPILING,
);

test.skipIf(!hasBrowser)("a click in the page is a vote", async () => {
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.getByRole("button", { name: "Soup" }).click();
  await page.getByRole("button", { name: "Soup 1", pressed: true }).waitFor();
  await page.getByText("open").waitFor();
});

/**
 * What TypeScript says of the page, as an editor asks it: of files alone that want to be checked.
 *
 * @param {string} page
 */
function faults(page) {
  // Elsewhere: wrangler watches the page's own folder.
  const folder = emptyFolder();
  onTestFinished(() => remove(folder));
  for (const name of ["public", "types"]) {
    cpSync(join(project, name), join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, "public/main.js"), page);
  const language = ["--target", "es2024", "--module", "esnext", "--lib", "es2024,dom,dom.iterable"];
  const args = ["--strict", "--noEmit", "--allowJs", ...language, "public/main.js"];
  const { stdout, error } = spawnSync("tsc", args, { cwd: folder, env, encoding: "utf8" });
  if (error) throw error;
  return stdout;
}
