// When one can speak again.

import { find } from "./dom.js";

/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/** @param {number} seconds */
export function showWait(seconds) {
  const line = find("wait", HTMLElement);
  const words = find("wait-words", HTMLElement);
  const left = find("wait-left", HTMLElement);
  const until = Date.now() + seconds * 1_000;
  clearInterval(timer);
  line.hidden = false;
  // Read out once; the seconds go by for the eye alone.
  words.textContent = `That was a little fast. You can speak again in ${seconds} s.`;
  const tick = () => {
    const rest = Math.max(0, until - Date.now());
    left.style.setProperty("--left", `${rest / (seconds * 1_000)}`);
    if (rest > 0) return;
    clearInterval(timer);
    words.textContent = "You can speak again.";
    timer = setTimeout(() => {
      line.hidden = true;
    }, 2_000);
  };
  tick();
  timer = setInterval(tick, 100);
}
