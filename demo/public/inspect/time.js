// Times and spans in words.

/** How far the server's clock is ahead of ours, in milliseconds. */
let ahead = 0;

/** @param {number} at what the server's clock says now */
export function setClock(at) {
  ahead = at - Date.now();
}

export const now = () => Date.now() + ahead;

/** @param {number} at */
export function timeOfDay(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour12: false });
  return date.toDateString() === new Date().toDateString()
    ? time
    : `${date.toLocaleDateString([], { dateStyle: "medium" })}, ${time}`;
}

/** @param {number} at */
export function preciseTime(at) {
  return `${timeOfDay(at)}.${String(at % 1000).padStart(3, "0")}`;
}

/** @param {number} ms */
export function span(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/**
 * How long it is until a time, or since.
 *
 * @param {number} at
 */
export function countdown(at) {
  const ms = at - now();
  if (ms <= 0) return ms > -1000 ? "now" : `${span(-ms)} ago`;
  return ms < 60_000 ? `in ${(ms / 1000).toFixed(1)} s` : `in ${span(ms)}`;
}
