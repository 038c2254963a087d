// Whether the licences of all that is depended on are known, and allowed where they are.

/** Of what is linked into a Worker: nothing that asks more than to be named. */
const LINKED = ["MIT", "Apache-2.0", "Unicode-3.0"];

/** Of what only builds, tests and measures. */
const TOOLS = [
  ...LINKED,
  ...["0BSD", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause"],
  ...["CC-BY-4.0", "CC0-1.0", "ISC", "LGPL-3.0-or-later", "MIT-0", "MPL-2.0", "NCSA", "Unlicense"],
];

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string | null | undefined} license an SPDX expression
 * @property {boolean} isLinked whether it gets into a Worker
 */

/**
 * What is wrong with the licences, a line each.
 *
 * @param {Package[]} packages
 */
export function licenceProblems(packages) {
  return packages
    .filter(({ license, isLinked }) => !isAllowed(license ?? "", isLinked ? LINKED : TOOLS))
    .map(({ name, license, isLinked }) => {
      const where = isLinked ? "gets into a Worker" : "is a tool";
      return `${name} ${where}, and its licence "${license ?? "none"}" is not allowed there.`;
    });
}

/**
 * Whether a choice of an SPDX expression is among those allowed. Cargo's old form has a slash for "or".
 *
 * @param {string} expression
 * @param {string[]} allowed
 * @returns {boolean}
 */
export function isAllowed(expression, allowed) {
  let text = expression.replaceAll("/", " OR ").trim();
  // From the inside out: what stands in brackets is replaced by one that is allowed, or by none.
  for (let inner = /\(([^()]*)\)/.exec(text); inner; inner = /\(([^()]*)\)/.exec(text)) {
    const verdict = isAllowed(inner[1] ?? "", allowed) ? (allowed[0] ?? "") : "-";
    text = text.replace(inner[0], verdict);
  }
  return text
    .split(/\s+OR\s+/)
    .some((choice) => choice.split(/\s+AND\s+/).every((one) => allowed.includes(one.trim())));
}
