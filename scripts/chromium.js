// Finds the Chromium that the browser tests drive. playwright-core brings none of its own.

import { find, isExecutable, run } from "./run.js";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_PROGRAMS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/**
 * @returns {Promise<string | undefined>} the program's path
 */
export async function chromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const found = installed();
  if (found) return found;
  // Only where nobody has to be asked for a password: in a container, on a CI machine.
  if (process.getuid?.() !== 0 || !find("apt-get")) return undefined;
  console.log("setup: installing Chromium with apt-get");
  const quietly = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["-qq", "install", "-y", "--no-install-recommends", "chromium"];
  try {
    await run("apt-get", ["-qq", "update"], quietly);
    await run("apt-get", install, quietly);
  } catch (error) {
    // A machine whose package sources cannot be reached can still run everything else.
    console.error(String(error));
  }
  return installed();
}

function installed() {
  return PROGRAMS.map(find).find(Boolean) ?? MAC_PROGRAMS.find(isExecutable);
}
