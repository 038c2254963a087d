// Making and finding elements.

/**
 * Makes an element; `li.batch.late` is one with two classes.
 *
 * @param {string} what
 * @param {...(Node | string)} children
 */
export function make(what, ...children) {
  const [name = "", ...classes] = what.split(".");
  const made = document.createElement(name);
  made.classList.add(...classes);
  made.append(...children);
  return made;
}

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
 * Sets a text, unless it stands there already: screen readers and selections are left in peace.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
