// Where one writes.

import { find } from "./dom.js";

/**
 * @param {(text: string) => boolean} say whether it was taken
 * @param {() => void} typed
 */
export function startComposer(say, typed) {
  const form = find("compose", HTMLFormElement);
  const text = find("text", HTMLTextAreaElement);
  form.onsubmit = (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words || !say(words)) return;
    text.value = "";
    text.focus();
  };
  text.onkeydown = (event) => {
    // Enter that ends the choice of a character is not for us. Safari says so by the code alone: its
    // composing has ended by then.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  };
  text.oninput = () => {
    if (text.value.trim() && !text.value.startsWith("/")) typed();
  };
  // On a phone that would bring up the keyboard.
  if (matchMedia("(hover: hover)").matches) text.focus();
}
