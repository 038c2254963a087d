// What is depended on: whether docs/dependencies.md tells of it as it is, and whether its licences are
// allowed. A part of `npm run check`; it needs nothing but cargo.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crates, nativeCrates } from "./build.js";
import { licenceProblems } from "./licences.js";
import { environment, main, root } from "./run.js";

/**
 * @typedef {object} Metadata what cargo tells of a crate and all it depends on
 * @property {CargoPackage[]} packages
 * @property {{ root: string, nodes: Node[] }} resolve
 */
/**
 * @typedef {object} CargoPackage
 * @property {string} id
 * @property {string} name
 * @property {string | null} license
 * @property {{ name: string, optional: boolean }[]} dependencies
 */
/** @typedef {{ id: string, deps: { pkg: string, dep_kinds: { kind: string | null }[] }[] }} Node */

const PAGE = "docs/dependencies.md";
const WASM = "wasm32-unknown-unknown";

/**
 * @param {string} crate its folder
 * @param {string[]} [args]
 * @returns {Metadata}
 */
function metadata(crate, args = []) {
  const manifest = ["--manifest-path", join(crate, "Cargo.toml"), "--format-version", "1"];
  const { status, stdout, stderr } = spawnSync("cargo", ["metadata", ...manifest, ...args], {
    cwd: root,
    env: environment,
    encoding: "utf8",
    maxBuffer: 100 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`cargo metadata of ${crate} failed:\n${stderr}`);
  return JSON.parse(stdout);
}

/**
 * All that comes with a package, itself included, but for what only its own tests need.
 *
 * @param {Metadata} metadata
 * @param {string} id
 * @param {Set<string>} [found]
 */
function withAll(metadata, id, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const pkg of linked(metadata, id)) withAll(metadata, pkg, found);
  return found;
}

/**
 * What a package itself links.
 *
 * @param {Metadata} metadata
 * @param {string} id
 */
function linked({ packages, resolve }, id) {
  const deps = resolve.nodes.find((one) => one.id === id)?.deps ?? [];
  const all = deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind !== "dev"));
  // Ours has all features on, for its tests; in a Worker none.
  const ours = packages.find((one) => id === resolve.root && one.id === id);
  const optional = new Set(
    ours?.dependencies.filter((one) => one.optional).map(({ name }) => name),
  );
  const nameOf = (/** @type {string} */ pkg) => packages.find((one) => one.id === pkg)?.name ?? "";
  return all.map(({ pkg }) => pkg).filter((pkg) => !optional.has(nameOf(pkg)));
}

/** The crates that ours depends on, with how many come with each, and how many that are in a Worker. */
function directCrates() {
  const all = metadata(".", ["--filter-platform", WASM]);
  const ours = all.resolve.nodes.find(({ id }) => id === all.resolve.root);
  const others = (ours?.deps ?? []).filter(({ pkg }) => pkg !== all.resolve.root);
  const direct = others.map(({ pkg }) => {
    const found = all.packages.find(({ id }) => id === pkg);
    const { name, license } = /** @type {CargoPackage} */ (found);
    return { name, license: license ?? "", crates: withAll(all, pkg).size - 1 };
  });
  return { direct, linked: withAll(all, all.resolve.root).size - 1 };
}

/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** The npm packages that ours depend on, by name, with their licences. */
function directPackages() {
  const { packages } = json("package-lock.json");
  const manifests = ["package.json", "js/package.json"].filter((path) =>
    existsSync(join(root, path)),
  );
  const names = manifests
    .map(json)
    .flatMap((manifest) =>
      ["dependencies", "devDependencies", "peerDependencies"].flatMap((kind) =>
        Object.keys(manifest[kind] ?? {}),
      ),
    );
  return [...new Set(names)].map((name) => {
    return { name, license: String(packages[`node_modules/${name}`]?.license) };
  });
}

/** What is wrong with the page, a line each. */
function pageProblems() {
  const page = readFileSync(join(root, PAGE), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, ...cells]) => cells.slice(0, -1));
  const { direct, linked } = directCrates();
  const wanted = [
    ...direct.map(({ name, license, crates }) => [`\`${name}\``, license, String(crates)]),
    ...directPackages().map(({ name, license }) => [`\`${name}\``, license]),
  ];
  const problems = [];
  if (!page.includes(`${linked} crates in all`)) {
    problems.push(`${PAGE} does not say that it is ${linked} crates in all.`);
  }
  for (const facts of wanted) {
    const row = rows.find(([name]) => name === facts[0]);
    const isRight = row && facts.every((fact, i) => row[i] === fact) && row[facts.length];
    if (!isRight) problems.push(`${PAGE} has no row "| ${facts.join(" | ")} | why |".`);
  }
  for (const [name] of rows) {
    const isThere = wanted.some(([wantedName]) => wantedName === name);
    if (!isThere) problems.push(`${PAGE} tells of ${name}, which is not depended on.`);
  }
  return problems;
}

/** All packages of all lock files. */
function packages() {
  const ours = metadata(".");
  const linked = withAll(ours, ours.resolve.root);
  const rust = [...crates, ...nativeCrates, "benches/peers/workers-rs"].flatMap((crate) =>
    metadata(crate).packages.map(({ id, name, license }) => ({
      name: `the crate ${name}`,
      license,
      isLinked: linked.has(id),
    })),
  );
  const locks = ["package-lock.json", "benches/peers/package-lock.json"];
  const npm = locks.flatMap((lock) =>
    Object.entries(json(lock).packages)
      .filter(([path]) => path.includes("node_modules/"))
      // Nothing of npm is linked: js/ imports none.
      .map(([path, { license }]) => ({ name: `${path} of ${lock}`, license, isLinked: false })),
  );
  return [...rust, ...npm];
}

await main(import.meta.url, async () => {
  const all = packages();
  const problems = [...pageProblems(), ...licenceProblems(all)];
  if (problems.length > 0) throw new Error([...new Set(problems)].join("\n"));
  console.log(`${PAGE} is right, and the licences of ${all.length} packages are allowed.`);
});
