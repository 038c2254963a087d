// Votes go up, counts come down. The room decides everything.

import { RoomClient } from "./dormouse/room-client.js";

const room = new RoomClient("/lunch/today", { key: "lunch" });
const buttons = [...document.querySelectorAll("#dishes button")];
const status = document.querySelector("#status");

room.on("state", (state) => {
  status.textContent = state;
});

room.on("message", (message) => {
  if (message._tag === "Votes") showVotes(message.votes);
  if (message._tag === "Error") status.textContent = message.message;
});

for (const button of buttons) {
  button.addEventListener("click", async () => {
    try {
      await room.send({ _tag: "Vote", dish: button.value });
      for (const other of buttons) other.ariaPressed = String(other === button);
    } catch (error) {
      status.textContent = error.message;
    }
  });
}

function showVotes(votes) {
  for (const button of buttons) {
    button.querySelector("span").textContent = votes[button.value] ?? 0;
  }
}
