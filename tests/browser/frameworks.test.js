// The store in a component of Svelte, of Vue and of Solid, as each of them is, in a page.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compile } from "svelte/compiler";
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

/** Svelte's own language is JavaScript by its own compiler. */
const svelte = {
  name: "svelte",
  setup(/** @type {any} */ build) {
    build.onLoad({ filter: /\.svelte$/ }, async (/** @type {{ path: string }} */ { path }) => {
      const { js } = compile(await readFile(path, "utf8"), { generate: "client", filename: path });
      return { contents: js.code, loader: "js" };
    });
  },
};

/** @param {string} file */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [join(root, "tests/browser/frameworks", file)],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["browser", "development"],
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "true",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    plugins: [svelte],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

test.each(["svelte", "vue", "solid"])(
  "a component of %s has the room's messages, its state and who is here, and leaves when it goes",
  async (name) => {
    const content = await bundled(`${name}.js`);
    const page = await browser.newPage();
    /** @type {string[]} */
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    // Any page of the site will do.
    await page.goto(`${site.url}/nothing-here`);
    await page.evaluate(() => document.body.replaceChildren());
    await page.addScriptTag({ content, type: "module" });

    const state = page.locator("#state");
    await expect.poll(() => state.textContent(), soon).toBe("open");
    const bob = await connect(`${site.url}/ws/chat/${name}?userId=bob`);
    await expect.poll(() => page.locator("#here").textContent(), soon).toBe("ada bob");
    bob.send({ _tag: "Say", text: "hello" });
    await page.getByText("hello").waitFor();

    // The line is lost while the page is open, and what is said after that comes once.
    site.reachable(false);
    await expect.poll(() => state.textContent(), soon).toBe("resuming");
    site.reachable(true);
    await expect.poll(() => state.textContent(), soon).toBe("open");
    await page.getByRole("button", { name: "Say" }).click();
    await page.getByText("from 1").waitFor();
    expect(await page.locator("li").allTextContents()).toEqual(["hello", "from 1"]);

    const eve = await connect(`${site.url}/ws/chat/${name}?userId=eve`);
    await page.evaluate("leave()");
    await expect.poll(() => eve.frames, soon).toContainEqual({ _tag: "UserLeft", userId: "ada" });
    expect(complaints).toEqual([]);
    await page.close();
  },
);
