// What the pages show and point at: links lead somewhere, code that is not Rust is checked or run. Rust is
// compiled and run by `cargo test --doc`; files and tests that pages name are looked for by tests/docs.rs.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { billTable } from "../scripts/bill.js";
import { blocksOf } from "../scripts/markdown.js";
import { environment, find, root } from "../scripts/run.js";

/** @param {string} folder @returns {string[]} */
const pagesIn = (folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith(".md"));

const pages = [
  "README.md",
  "ARCHITECTURE.md",
  "benches/README.md",
  "js/README.md",
  ...readdirSync(join(root, "examples")).map((name) => `examples/${name}/README.md`),
  ...pagesIn("docs"),
];

/** @param {string} page */
const read = (page) => readFileSync(join(root, page), "utf8");

/** Whose blocks tests/types checks. */
const OF_TYPES = "docs/types.md";

const blocks = pages
  .filter((page) => page !== OF_TYPES)
  .flatMap((page) => blocksOf(read(page)).map((block) => ({ page, ...block })));

/** @param {...string} languages */
const blocksIn = (...languages) => blocks.filter(({ language }) => languages.includes(language));

/** @param {{ page: string, line: number }} block */
const place = ({ page, line }) => `${page}:${line}`;

/** @param {string} text a page's without its code blocks */
const prose = (text) => text.replaceAll(/^ *```.*?^ *```$/gms, "");

/**
 * The anchors of a page's headings, as GitHub makes them.
 *
 * @param {string} page
 */
const anchorsOf = (page) =>
  prose(read(page))
    .split("\n")
    .filter((line) => line.startsWith("#"))
    .map((line) =>
      line
        .replace(/^#+ /, "")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    );

test.for(pages)("the links of %s lead somewhere", (page) => {
  const text = prose(read(page)).replaceAll(/`[^`]*`/g, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => String(link));
  const broken = links.filter((link) => {
    if (/^https:\/\//.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const target = file ? relative(root, resolve(root, dirname(page), file)) : page;
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test("every file that a drawing names is there", () => {
  const drawings = readdirSync(join(root, "docs/images")).filter((name) => name.endsWith(".svg"));
  const names = drawings.flatMap((name) => [
    ...read(`docs/images/${name}`).matchAll(/\b(?:src|js)\/[\w./-]+/g),
  ]);
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter(([name]) => !existsSync(join(root, name)))).toEqual([]);
});

test("every page of the guide is in its index", () => {
  const index = read("docs/guide/README.md");
  const missing = pagesIn("docs/guide").filter(
    (page) => !page.endsWith("README.md") && !index.includes(`(${page.split("/").at(-1)})`),
  );
  expect(missing).toEqual([]);
});

test("every block of code says its language, and it is one that is checked", () => {
  const checked = ["rust", "rust,ignore", "js", "html", "jsonc", "toml", "sh", "text"];
  const others = blocks.filter(({ language }) => !checked.includes(language));
  expect(others.map((block) => `${place(block)} ${block.language}`)).toEqual([]);
});

test("code that is shown in pieces is cut out of code that is compiled", () => {
  /** @param {string} text */
  const lines = (text) => text.trim().replaceAll(/^ +/gm, "");
  const strangers = blocksIn("rust,ignore").filter(
    ({ page, text }) =>
      !blocksIn("rust").some(
        (whole) => whole.page === page && lines(whole.text).includes(lines(text)),
      ),
  );
  expect(strangers.map(place)).toEqual([]);
});

test.for(blocksIn("jsonc").map((block) => [place(block), block.text]))("%s is JSON", ([, text]) => {
  const bare = String(text)
    .replaceAll(/^\s*\/\/.*$/gm, "")
    .replaceAll(/\s\/\/ .*$/gm, "");
  expect(JSON.parse(bare)).toBeInstanceOf(Object);
});

test("settings for cargo are those of the first room, which is built", () => {
  const built = blocksIn("toml")
    .filter(({ page }) => page.endsWith("first-room.md"))
    .map(({ text }) => text)
    .join("");
  const strangers = blocksIn("toml").flatMap((block) =>
    block.text
      .split("\n")
      .filter((line) => !built.includes(line))
      .map((line) => `${place(block)} ${line}`),
  );
  expect(strangers).toEqual([]);
});

/** What the page takes for granted. */
const AMBIENT = `
type Rooms = ReturnType<typeof import("../../js/worker/rooms.js").roomClient>;
declare const rooms: (env: object) => Rooms;
declare const inspect: typeof import("../../js/watching/inspect.js").inspect;
declare const env: any;
declare const request: Request;
declare const id: string;
declare const user: string;
declare const visitorOf: (request: Request) => Promise<{ id: string, name: string } | undefined>;
declare module "*_bg.js";
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
`;

/** What a page imports by name, and where it is here. */
const PATHS = {
  "dormouse-rooms": ["../../../js/index.js"],
  "dormouse-rooms/browser": ["../../../js/browser/room-client.js"],
  "dormouse-rooms/react": ["../../../js/browser/react.js"],
  "dormouse-rooms/store": ["../../../js/browser/store.js"],
  "dormouse-rooms/client": ["../../../js/worker/client.js"],
  "dormouse-rooms/inspect": ["../../../js/watching/inspector.js"],
};

/**
 * A block as a module of its own.
 *
 * @param {{ page: string, text: string }} block
 */
function moduleOf({ page, text }) {
  const here = text.replaceAll(/(["'])(\.\.?\/[^"']+)\1/g, (whole, _, path) => {
    const target = join(root, dirname(page), path);
    return existsSync(target) ? JSON.stringify(target) : whole;
  });
  const isModule = /^(import|export) /m.test(here);
  return isModule ? here : `export async function piece() {\n${here}\n}\n`;
}

/**
 * @param {string} name
 * @param {{ page: string, line: number, text: string }[]} pieces
 * @param {object} options of the compiler
 */
function typeCheck(name, pieces, options) {
  const folder = join(root, "target/docs", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ambient.d.ts"), AMBIENT.replaceAll("../../js", "../../../js"));
  for (const piece of pieces) {
    const file = place(piece).replaceAll(/[/:.]/g, "-");
    writeFileSync(join(folder, `${file}.js`), moduleOf(piece));
  }
  const compilerOptions = {
    strict: false,
    noImplicitReturns: false,
    paths: PATHS,
    ...options,
  };
  const config = { extends: "../../../tsconfig.base.json", compilerOptions, include: ["."] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { stdout } = spawnSync("tsc", ["--project", folder, "--pretty", "false"], {
    cwd: root,
    env: environment,
    encoding: "utf8",
  });
  // Our own files are checked elsewhere, and more strictly.
  return stdout.split("\n").filter((line) => line.startsWith("target/docs"));
}

const inPages = blocksIn("js").filter(
  ({ page, text }) =>
    page.endsWith("/clients.md") || /dormouse-rooms\/(browser|react|store)"/.test(text),
);
const scripts = blocksIn("html").flatMap(({ text, ...block }) =>
  [...text.matchAll(/<script type="module">(.*?)<\/script>/gs)].map(([, script = ""]) => ({
    ...block,
    text: script,
  })),
);

test("JavaScript for Workers has the right types", () => {
  const pieces = blocksIn("js").filter((block) => !inPages.includes(block));
  expect(pieces.length).toBeGreaterThan(8);
  expect(typeCheck("worker", pieces, { types: ["@cloudflare/workers-types"] })).toEqual([]);
});

test("JavaScript for browsers has the right types", () => {
  expect(inPages.length).toBeGreaterThan(3);
  const options = { lib: ["es2024", "dom", "dom.iterable"] };
  expect(typeCheck("browser", [...inPages, ...scripts], options)).toEqual([]);
});

test("every command is there", { timeout: 300_000 }, () => {
  /** @type {Set<string>} commands of wrangler, each of which takes seconds to ask for */
  const wranglers = new Set();
  /** @param {string} page whose commands are run in its own folder, if that is a package */
  const npmScripts = (page) => {
    const own = join(dirname(page), "package.json");
    return JSON.parse(read(existsSync(join(root, own)) ? own : "package.json")).scripts ?? {};
  };
  /** @type {Record<string, (words: string[], page: string) => boolean>} */
  const known = {
    cd: () => true,
    cp: () => true,
    mkdir: () => true,
    printf: () => true,
    "wasm-pack": ([first = ""]) => first === "build",
    cargo: ([first = "", ...rest]) => {
      const bench = rest[rest.indexOf("--bench") + 1] ?? "";
      if (first === "bench" && bench) return existsSync(join(root, `benches/${bench}.rs`));
      return ["bench", "build", "install", "new", "publish", "test"].includes(first);
    },
    node: ([script = ""]) => existsSync(join(root, script)),
    npm: ([first = "", script = ""], page) => {
      if (first === "run") return script in npmScripts(page);
      return ["init", "install", "pack", "publish"].includes(first) || first in npmScripts(page);
    },
    npx: ([program = "", ...rest]) => {
      if (!find(program)) return false;
      if (program !== "wrangler") return true;
      const end = rest.findIndex((word) => !/^[a-z]+$/.test(word));
      wranglers.add((end < 0 ? rest : rest.slice(0, end)).join(" "));
      return true;
    },
  };
  const commands = blocksIn("sh").flatMap((block) =>
    block.text
      .trim()
      .split("\n")
      .map((line) => ({ block, command: line.replace(/\s+#.*$/, "") })),
  );
  const unknown = commands.filter(({ block, command }) => {
    const [program = "", ...rest] = command.split(/\s+/);
    const isAssignment = /^[A-Z]+=/.test(program);
    return !isAssignment && !known[program]?.(rest, block.page);
  });
  expect(unknown.map(({ block, command }) => `${place(block)} ${command}`)).toEqual([]);
  const strange = [...wranglers].filter((command) => {
    const args = [...command.split(" "), "--help"];
    return spawnSync("wrangler", args, { env: environment }).status !== 0;
  });
  expect(strange).toEqual([]);
});

test("the bill of the page is the one that is computed", () => {
  /** @param {string} table its cells, however wide */
  const cells = (table) => table.replaceAll(/ *\| */g, "|").replaceAll(/-+/g, "-");
  expect(cells(read("docs/guide/limits-and-costs.md"))).toContain(cells(billTable()));
});
