// The hook for React, in a component that comes and goes.

import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/run.js";
import { startBrowser } from "../support/page.js";
import { startSite } from "../support/site.js";
import { connect } from "../support/socket.js";

/** The bundler that wrangler brings along. */
const { build } = createRequire(createRequire(import.meta.url).resolve("wrangler"))("esbuild");

const soon = { timeout: 10_000 };

/** @type {import("../support/site.js").Site} */
let site;
/** @type {import("../support/page.js").Browser} */
let browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(), startBrowser()]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

/** @param {string} file */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [join(root, "tests/browser/react", file)],
    bundle: true,
    write: false,
    format: "esm",
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

test("a component has the room's messages, its state and who is here, and leaves when it goes", async () => {
  const content = await bundled("app.js");
  const page = await browser.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  // Any page of the site will do.
  await page.goto(`${site.url}/nothing-here`);
  await page.addScriptTag({ content, type: "module" });

  const state = page.locator("#state");
  await expect.poll(() => state.textContent(), soon).toBe("open");
  const bob = await connect(`${site.url}/ws/chat/react?userId=bob`);
  await expect.poll(() => page.locator("#here").textContent(), soon).toBe("ada bob");
  bob.send({ _tag: "Say", text: "hello" });
  await page.getByText("hello").waitFor();

  // The line is lost while somebody speaks, and what was said comes once.
  site.reachable(false);
  await expect.poll(() => state.textContent(), soon).toBe("resuming");
  site.reachable(true);
  await expect.poll(() => state.textContent(), soon).toBe("open");
  await page.getByRole("button", { name: "Say" }).click();
  await page.getByText("from 1").waitFor();
  expect(await page.locator("li").allTextContents()).toEqual(["hello", "from 1"]);

  const eve = await connect(`${site.url}/ws/chat/react?userId=eve`);
  await page.getByRole("button", { name: "Toggle" }).click();
  await expect.poll(() => eve.frames, soon).toContainEqual({ _tag: "UserLeft", userId: "ada" });
  expect(complaints).toEqual([]);
});

test("the hook holds in StrictMode, in Suspense, in transitions, and among components", async () => {
  const page = await browser.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${site.url}/nothing-here`);
  await page.addScriptTag({ content: await bundled("cases.js"), type: "module" });
  const results = () => page.evaluate(() => /** @type {any} */ (globalThis).results);
  await expect.poll(async () => (await results())?.done, soon).toBe(true);
  expect(await results()).toEqual({
    childSends: { sockets: 1, sent: ["s1:on mount", "s2:on mount"], left: 3, late: "closed" },
    shares: { sockets: 1, heard: ["one x", "two x"], shown: ["open", "open"] },
    changes: {
      disabled: ["closed", 0],
      steps: [1, 2, 3, 4, 4, 4],
      all: ["ws://c.test/1 3", "ws://c.test/2 3", "ws://c.test/2 3", "ws://c.test/2?token=1 3"],
    },
    suspends: { before: 0, after: 1, text: "data open" },
    done: true,
  });
  expect(complaints).toEqual([]);
});
