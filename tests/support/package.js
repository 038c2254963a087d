// The npm package as a stranger gets it, and folders outside the checkout for what is made with it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment, root } from "../../scripts/run.js";

/** A folder with nothing above it that a program would look into. */
export function emptyFolder() {
  return mkdtempSync(join(tmpdir(), "dormouse-project-"));
}

/** @param {string} folder */
export function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Packs js/ into a folder.
 *
 * @param {string} folder
 * @returns {string} the tarball
 */
export function pack(folder) {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: join(root, "js"),
    env: environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error("npm packed nothing");
  return join(folder, tarball);
}

/**
 * Installs a tarball in a project.
 *
 * @param {string} project
 * @param {string} tarball
 */
export function install(project, tarball) {
  execFileSync(
    "npm",
    ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund", tarball],
    { cwd: project, env: environment, stdio: ["ignore", "ignore", "inherit"] },
  );
}
