// Whether what is here could be released: the versions agree, the packages have what they should have,
// both registries would take them, and the oldest Rust that is promised compiles the crate. A part of
// `npm run check`; it publishes nothing. docs/releasing.md has the steps that do.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment, find, main, root, run } from "./run.js";

const WASM = "wasm32-unknown-unknown";

/** @param {string} path */
const read = (path) => readFileSync(join(root, path), "utf8");

/**
 * @param {string} path
 * @param {RegExp} pattern with one group
 */
function found(path, pattern) {
  const match = pattern.exec(read(path));
  if (!match?.[1]) throw new Error(`${path} has nothing like ${pattern}.`);
  return match[1];
}

/** @param {string[]} args */
function cargo(...args) {
  const { status, stdout, stderr } = spawnSync("cargo", args, {
    cwd: root,
    env: environment,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`\`cargo ${args.join(" ")}\` failed:\n${stderr}`);
  return stdout;
}

const hasNpmPackage = existsSync(join(root, "js/package.json"));

/** One version everywhere, and one boundary on its two sides. */
function checkVersions() {
  const version = found("Cargo.toml", /^version = "(.+)"$/m);
  const others = {
    "js/object/checks.js": found("js/object/checks.js", /VERSION = "(.+)"/),
    "CHANGELOG.md": found("CHANGELOG.md", /^## (\d\S*)/m),
    ...(hasNpmPackage && { "js/package.json": JSON.parse(read("js/package.json")).version }),
  };
  for (const [path, other] of Object.entries(others)) {
    if (other === version) continue;
    throw new Error(`Cargo.toml has version ${version}, and ${path} has ${other}.`);
  }
  const [rust, js] = [
    found("src/wasm.rs", /const BOUNDARY: u32 = (\d+)/),
    found("js/object/checks.js", /const BOUNDARY = (\d+)/),
  ];
  if (rust !== js)
    throw new Error(`src/wasm.rs has boundary ${rust}, and js/object/checks.js has ${js}.`);
}

/** The crate has its sources, the pages that it includes, and nothing that is only of use here. */
function checkCrateFiles() {
  const files = cargo("package", "--list", "--allow-dirty").trim().split("\n");
  const included = [...read("src/lib.rs").matchAll(/include_str!\("\.\.\/(.+)"\)/g)].map(
    ([, path]) => String(path),
  );
  for (const wanted of [
    "src/lib.rs",
    "src/wasm.rs",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    ...included,
  ]) {
    if (!files.includes(wanted)) throw new Error(`The crate's package lacks ${wanted}.`);
  }
  const isOurs =
    /^(src|docs)\/|^(README\.md|LICENSE-\w+|Cargo\.(toml|toml\.orig|lock)|\.cargo_vcs_info\.json)$/;
  const stray = files.filter((file) => !isOurs.test(file));
  if (stray.length > 0) throw new Error(`The crate's package has ${stray.join(", ")}.`);
}

/** The crate compiles with the Rust that Cargo.toml promises, natively and for a Worker. */
async function checkOldestRust() {
  const oldest = found("Cargo.toml", /^rust-version = "(.+)"$/m);
  if (!find("rustup")) {
    console.log(`Rust ${oldest} is not tried: there is no rustup to get it with.`);
    return;
  }
  const install = ["toolchain", "install", oldest, "--profile", "minimal", "--target", WASM];
  await run("rustup", ["--quiet", ...install, "--no-self-update"]);
  const folder = { CARGO_TARGET_DIR: join(root, "target/oldest") };
  for (const target of [[], ["--target", WASM]]) {
    await run("cargo", [`+${oldest}`, "check", "--quiet", "--lib", ...target], folder);
  }
  console.log(`Rust ${oldest} compiles the crate.`);
}

await main(import.meta.url, async () => {
  checkVersions();
  checkCrateFiles();
  await checkOldestRust();
  await run("cargo", ["publish", "--dry-run", "--allow-dirty", "--quiet"]);
  if (hasNpmPackage) await run("npm", ["publish", "--dry-run", "./js"]);
  else console.log("There is no js/package.json, so no npm package is tried.");
});
