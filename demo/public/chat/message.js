// What a message looks like, and the day that it begins.

import { initial, make, tint } from "./dom.js";

/** @typedef {import("./pages.js").Entry} Entry */

/** Messages of one person within so long stand together. */
const TOGETHER_MS = 5 * 60_000;

const clock = new Intl.DateTimeFormat([], { hour: "numeric", minute: "2-digit" });
const fullDay = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });
const olderDay = new Intl.DateTimeFormat([], { day: "numeric", month: "long", year: "numeric" });

/**
 * @param {Entry} entry
 * @param {boolean} isOwn
 */
export function messageElement({ from, message, timestamp }, isOwn) {
  const when = new Date(timestamp);
  const time = make("time", "", clock.format(when));
  time.dateTime = when.toISOString();
  time.title = when.toLocaleString();
  const words = make("p", "", message);
  words.dir = "auto";
  const face = make("span", "face", initial(from));
  face.ariaHidden = "true";
  const bubble = make("div", "bubble", make("b", "", from), words, make("span", "meta", time));
  const line = make("div", isOwn ? "message own" : "message", face, bubble);
  line.dataset.from = from;
  line.dataset.at = `${timestamp}`;
  tint(line, from);
  // The room has said it.
  if (isOwn) delivered(line);
  return line;
}

/** @param {HTMLElement} line one's own */
export function delivered(line) {
  line.classList.add("delivered");
  const mark = make("span", "mark", "✓");
  mark.role = "img";
  mark.ariaLabel = "delivered";
  mark.title = "Delivered";
  line.querySelector(".meta")?.append(mark);
}

/**
 * Whether a message goes on from the one before it.
 *
 * @param {Element | null} previous
 * @param {HTMLElement} line
 */
export function join(previous, line) {
  const goesOn =
    previous instanceof HTMLElement &&
    previous.dataset.from === line.dataset.from &&
    Number(line.dataset.at) - Number(previous.dataset.at) < TOGETHER_MS;
  line.classList.toggle("next", goesOn);
}

/** @param {number} timestamp */
export const dayOf = (timestamp) => new Date(timestamp).toDateString();

/** @param {number} timestamp */
export function dayElement(timestamp) {
  const day = make("h2", "day", make("span", "", nameOfDay(new Date(timestamp))));
  day.dataset.day = dayOf(timestamp);
  return day;
}

/** @param {Date} day */
function nameOfDay(day) {
  const today = new Date();
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Today";
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  return (day.getFullYear() === today.getFullYear() ? fullDay : olderDay).format(day);
}
