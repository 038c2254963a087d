// What differs between two values of JSON.

/**
 * @typedef {object} Change
 * @property {string} path where, as `users.ada.score`; empty for the value itself
 * @property {unknown} before undefined if it was not there
 * @property {unknown} after undefined if it is gone
 */

/**
 * @param {unknown} before
 * @param {unknown} after
 * @param {string} [path]
 * @returns {Change[]}
 */
export function changes(before, after, path = "") {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (!isFolder(before) || !isFolder(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [{ path, before, after }];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changes(before[key], after[key], join(path, key)));
}

/**
 * @param {string} path
 * @param {string} key
 */
export const join = (path, key) => (path === "" ? key : `${path}.${key}`);

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>} an array's places are its keys
 */
export const isFolder = (value) => typeof value === "object" && value !== null;
