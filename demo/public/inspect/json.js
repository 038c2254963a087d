// JSON as people like to read it.

import { isFolder, join } from "./changes.js";
import { make } from "./dom.js";

const LINES = 400;

/**
 * On one line, which may wrap.
 *
 * @param {unknown} value
 * @returns {HTMLElement}
 */
export function inline(value) {
  const line = make("code.json");
  put(line, value);
  return line;
}

/**
 * A text that may be JSON.
 *
 * @param {string} text
 */
export function inlineText(text) {
  const value = parse(text);
  return value === undefined ? make("code.json", text) : inline(value);
}

/**
 * @param {string} text
 * @returns {any} undefined if it is not JSON
 */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A line a value, those at some paths marked.
 *
 * @param {unknown} value
 * @param {Set<string>} marked
 */
export function block(value, marked) {
  const lines = [...linesOf(value, "", "", "", marked)];
  const shown = lines.slice(0, LINES);
  if (lines.length > LINES) shown.push(make("span.line", `… ${lines.length - LINES} more lines`));
  return make("pre.json", ...shown);
}

/**
 * @param {unknown} value
 * @param {string} path
 * @param {string} key with its colon
 * @param {string} comma what follows
 * @param {Set<string>} marked
 * @param {number} [depth]
 * @returns {Generator<HTMLElement>}
 */
function* linesOf(value, path, key, comma, marked, depth = 0) {
  /** @param {(line: HTMLElement) => void} fill */
  const line = (fill) => {
    const made = make("span.line");
    made.style.setProperty("--depth", `${depth}`);
    if (marked.has(path)) made.classList.add("changed");
    if (key) made.append(make("span.key", key), " ");
    fill(made);
    return made;
  };
  if (!isFolder(value) || Object.keys(value).length === 0) {
    yield line((made) => {
      put(made, value);
      made.append(comma);
    });
    return;
  }
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  yield line((made) => made.append(open));
  const entries = Object.entries(value);
  for (const [i, [name, part]] of entries.entries()) {
    const label = Array.isArray(value) ? "" : `${JSON.stringify(name)}:`;
    const next = i < entries.length - 1 ? "," : "";
    yield* linesOf(part, join(path, name), label, next, marked, depth + 1);
  }
  const end = make("span.line", `${close}${comma}`);
  end.style.setProperty("--depth", `${depth}`);
  yield end;
}

/**
 * @param {HTMLElement} into
 * @param {unknown} value
 */
function put(into, value) {
  if (Array.isArray(value)) {
    into.append("[");
    for (const [i, part] of value.entries()) {
      if (i > 0) into.append(", ");
      put(into, part);
    }
    into.append("]");
  } else if (isFolder(value)) {
    into.append("{");
    for (const [i, [name, part]] of Object.entries(value).entries()) {
      into.append(i > 0 ? ", " : " ", make("span.key", `${JSON.stringify(name)}:`), " ");
      put(into, part);
    }
    into.append(Object.keys(value).length > 0 ? " }" : "}");
  } else {
    into.append(make(`span.${value === null ? "null" : typeof value}`, JSON.stringify(value)));
  }
}
