// Makes a life that breaks a rule as short as it can be.

/** @typedef {import("./life.js").Step} Step */

/**
 * @param {Step[]} steps
 * @param {(steps: Step[]) => Promise<boolean>} isBroken
 * @returns {Promise<Step[]>} none of which can be left out
 */
export async function shrink(steps, isBroken) {
  // The first makes the world.
  for (let size = Math.ceil(steps.length / 2); size >= 1; ) {
    let isShorter = false;
    for (let at = 1; at < steps.length; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await isBroken(fewer)) [steps, isShorter] = [fewer, true];
      else at += size;
    }
    if (!isShorter || size > 1) size = size === 1 ? (isShorter ? 1 : 0) : Math.ceil(size / 2);
  }
  return steps;
}

/** @param {number} seed @param {Step[]} steps */
export const print = (seed, steps) =>
  `await live(${seed}, [\n${steps.map((step) => `  ${JSON.stringify(step)},`).join("\n")}\n]);`;
