// Which room, and under which name.

const NAME = "dormouse-name";

/** The room that the address names: `/#lounge` or `/?room=lounge`. */
export function roomOfAddress() {
  const room = new URLSearchParams(location.search).get("room") ?? location.hash.slice(1);
  return /^[A-Za-z0-9_-]{1,64}$/.test(room) ? room : "";
}

/** @param {string} room */
export const linkTo = (room) => new URL(`/#${room}`, location.href).href;

/** Where a browser keeps nothing for a page, the page does for as long as it is there. */
let name = "";

/** The name of this tab, or else the one that was chosen last. */
export function keptName() {
  try {
    return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? name;
  } catch {
    return name;
  }
}

/** @param {string} chosen */
export function keepName(chosen) {
  name = chosen;
  try {
    // Two tabs may have two names, each its own also after a reload.
    sessionStorage.setItem(NAME, name);
    localStorage.setItem(NAME, name);
  } catch {
    // It is asked for again after a reload.
  }
}
