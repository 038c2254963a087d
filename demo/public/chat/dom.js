// Finding and making elements.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 */
export function find(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 * @param {(Node | string)[]} children
 */
export function make(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * A colour of one's own; the style sheet sees to it that it can be read.
 *
 * @param {HTMLElement} target
 * @param {string} name
 */
export function tint(target, name) {
  let hue = 7;
  for (const letter of name) hue = (hue * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  target.style.setProperty("--hue", `${hue}`);
}

/** @param {string} name */
export const initial = (name) => [...name][0]?.toUpperCase() ?? "";
