// Who imports whom in the package.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/run.js";

/** What a module of js/ imports, by folder. */
const imports = readdirSync(join(root, "js"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".js") && !/^(browser|types|public)\//.test(name))
  .map((name) => {
    const text = readFileSync(join(root, "js", name), "utf8").replaceAll(/\/\*\*.*?\*\//gs, "");
    const found = [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, path = ""]) =>
      join(name, "..", path),
    );
    return { name, found };
  });

/** @param {string} name */
const folderOf = (name) => (name.includes("/") ? String(name.split("/")[0]) : "");

test("the package has floors: no arrow runs back", () => {
  /** @type {Record<string, string[]>} */
  const below = {
    "": ["base", "object", "worker"],
    base: [],
    object: ["base"],
    watching: ["base"],
    worker: ["base"],
  };
  const wrong = imports.flatMap(({ name, found }) =>
    found
      .map(folderOf)
      .filter((to) => to !== folderOf(name) && !below[folderOf(name)]?.includes(to))
      .map((to) => `${name} imports of ${to}`),
  );
  expect(wrong).toEqual([]);
});

test("no module imports itself in a circle", () => {
  const of = new Map(imports.map(({ name, found }) => [name, found]));
  /** @param {string} name @param {string[]} way @returns {string[] | undefined} */
  const circle = (name, way) => {
    if (way.includes(name)) return [...way, name];
    for (const next of of.get(name) ?? []) {
      const found = circle(next, [...way, name]);
      if (found) return found;
    }
    return undefined;
  };
  expect(imports.map(({ name }) => circle(name, [])).filter(Boolean)).toEqual([]);
});

test("who only talks to rooms carries no module, and who looks on is asked for", () => {
  /** @param {string} name @param {Set<string>} reached */
  const reach = (name, reached = new Set()) => {
    if (reached.has(name)) return reached;
    reached.add(name);
    for (const next of imports.find((it) => it.name === name)?.found ?? []) reach(next, reached);
    return reached;
  };
  const client = [...reach("worker/client.js")];
  expect(client.filter((it) => /^(object|watching)\//.test(it))).toEqual([]);
  expect([...reach("index.js")].filter((it) => it.startsWith("watching/"))).toEqual([]);
});
