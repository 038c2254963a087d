// Who one is, and at which table.

/** The table that the address names, if it names one. */
export function tableOfAddress() {
  const name = decodeURIComponent(location.hash.slice(1));
  return /^[\w-]{1,64}$/.test(name) ? name : "";
}

/** A name that nobody else is likely to think of. */
export const newTable = () => `table-${randomText(4)}`;

export const keptName = () => sessionStorage.getItem("name") ?? localStorage.getItem("name") ?? "";

/** @param {string} name */
export function keepName(name) {
  sessionStorage.setItem("name", name);
  localStorage.setItem("name", name);
}

/** The secret by which the room knows this tab again: another tab is another player. */
export function key() {
  const key = sessionStorage.getItem("key") ?? randomText(24);
  sessionStorage.setItem("key", key);
  return key;
}

/**
 * A person's name: an id is the name and a fingerprint of the key.
 *
 * @param {string} id
 */
export const nameOf = (id) => id.slice(0, id.lastIndexOf("#"));

/** @param {number} length */
function randomText(length) {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const chance = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(chance, (number) => letters[number % letters.length]).join("");
}
