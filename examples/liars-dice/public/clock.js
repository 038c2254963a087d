// The seconds that a turn has left.

import { find } from "./dom.js";

const element = find("clock", HTMLElement);
const left = find("clock-left", HTMLElement);

/** How far the room's clock is ahead of ours: at least so far, as every message was on its way. */
let ahead = -Infinity;
let until = 0;
let whole = 1;
/** @type {string | null} */
let turn = null;
let timer = 0;

function tick() {
  const rest = Math.max(0, until - (Date.now() + ahead));
  element.style.setProperty("--left", `${Math.min(1, rest / whole)}`);
  element.dataset.hurry = `${rest < 8_000}`;
  left.textContent = `${Math.ceil(rest / 1_000)} s`;
}

export const clock = {
  /** @param {import("../types/rooms.d.ts").LiarsDice.View} table */
  set(table) {
    ahead = Math.max(ahead, table.now - Date.now());
    clearInterval(timer);
    element.hidden = table.until === null;
    if (table.until === null) return;
    if (until !== table.until || turn !== table.turn) whole = Math.max(1, table.until - table.now);
    until = table.until;
    turn = table.turn;
    tick();
    timer = setInterval(tick, 250);
  },
  stop() {
    clearInterval(timer);
    element.hidden = true;
  },
};
