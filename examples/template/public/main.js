// @ts-check
// Votes go up, counts come down. The room decides everything.

import { RoomClient } from "./dormouse/room-client.js";

/** @typedef {import("../types/rooms.d.ts").Lunch.Dish} Dish */

/** @type {RoomClient<import("../types/rooms.d.ts").Rooms["lunch"]>} */
const room = new RoomClient("/lunch/today", { key: "lunch" });
const buttons = document.querySelectorAll("button");

room.on("state", show);

room.on("message", (message) => {
  if (message._tag !== "Votes") return;
  for (const button of buttons) {
    const votes = message.votes[dishOf(button)] ?? 0;
    button.querySelector("span")?.replaceChildren(`${votes}`);
  }
});

for (const button of buttons) {
  button.addEventListener("click", () => {
    room.send({ _tag: "Vote", dish: dishOf(button) }).then(
      () => press(button),
      (error) => show(error.message),
    );
  });
}

/** @param {HTMLButtonElement} pressed */
function press(pressed) {
  for (const button of buttons) button.ariaPressed = String(button === pressed);
}

/** @param {string} words */
function show(words) {
  document.querySelector("#status")?.replaceChildren(words);
}

/** @param {HTMLButtonElement} button */
function dishOf(button) {
  return /** @type {Dish} */ (button.value);
}
