// The list of rooms that were awake.

import { find, make } from "./dom.js";

/** @typedef {import("./types.js").Seen} Seen */

let shown = "";

/**
 * @param {Seen[]} rooms
 * @param {string} current
 */
export function showRooms(rooms, current) {
  const list = rooms.toSorted((one, other) => (one.room < other.room ? -1 : 1));
  const facts = list.map(({ room, awake, connections }) => [room, awake, connections]);
  const json = JSON.stringify([facts, current]);
  if (json === shown) return;
  shown = json;
  const focused = document.activeElement?.getAttribute("href");
  find("rooms", HTMLElement).replaceChildren(...list.map((room) => item(room, current)));
  find("rooms-none", HTMLElement).hidden = list.length > 0;
  // The list is made anew under the reader's hands.
  for (const link of document.querySelectorAll("#rooms a")) {
    if (link instanceof HTMLElement && link.getAttribute("href") === focused) link.focus();
  }
}

/**
 * @param {Seen} seen
 * @param {string} current
 */
function item({ room, awake, connections }, current) {
  const link = document.createElement("a");
  link.href = `?room=${encodeURIComponent(room)}`;
  if (room === current) link.setAttribute("aria-current", "page");
  const slash = room.indexOf("/") + 1;
  const name = make("span.name", make("span.type", room.slice(0, slash)), room.slice(slash));
  const here = connections === null ? "" : `${connections} connected`;
  const state = [awake ? "awake" : "asleep", here].filter(Boolean).join(", ");
  link.append(make(`span.dot.${awake ? "awake" : "asleep"}`), name, make("small", state));
  return make("li", link);
}
