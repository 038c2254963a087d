// The code blocks of a page.

/**
 * @typedef {object} Block
 * @property {string} section the heading that it is under, without its number
 * @property {string} language what stands after the fence
 * @property {string | undefined} file the file that the line before the block names, and nothing else
 * @property {string} text
 * @property {number} line where it begins, from 1
 */

/**
 * @param {string} page
 * @returns {Block[]}
 */
export function blocksOf(page) {
  /** @type {Block[]} */
  const blocks = [];
  let section = "";
  let file;
  /** @type {Block | undefined} */
  let open;
  // A block in a list is indented, each line by as much.
  let indent = 0;
  for (const [index, indented] of page.split("\n").entries()) {
    if (!open) indent = /^ *(?=```)/.exec(indented)?.[0].length ?? 0;
    const line = indented.slice(indent);
    if (open) {
      if (line === "```") open = undefined;
      else open.text += `${line}\n`;
      continue;
    }
    if (line.startsWith("```")) {
      open = { section, language: line.slice(3), file, text: "", line: index + 1 };
      blocks.push(open);
      file = undefined;
    } else if (line.startsWith("#")) {
      section = line.replace(/^#+ (\d+\. )?/, "");
      file = undefined;
    } else if (line !== "") {
      file = /^`([\w./-]+)`$/.exec(line)?.[1];
    }
  }
  return blocks;
}
