// The chat page: the door, and behind it a room.

import { find } from "./dom.js";
import { enterRoom } from "./room.js";
import { keepName, keptName, roomOfAddress } from "./who.js";

let leave = () => {};

function start() {
  leave();
  leave = () => {};
  const [room, name] = [roomOfAddress(), keptName()];
  if (room && name) enter(room, name);
  else showDoor(room, name);
}

/**
 * @param {string} room
 * @param {string} name
 */
function enter(room, name) {
  find("door", HTMLElement).hidden = true;
  const exit = enterRoom(room, name, start);
  leave = exit;
}

/**
 * @param {string} room
 * @param {string} name
 */
function showDoor(room, name) {
  document.title = "Dormouse chat";
  const roomInput = find("door-room", HTMLInputElement);
  const nameInput = find("door-name", HTMLInputElement);
  if (room) roomInput.value = room;
  nameInput.value = name;
  find("door", HTMLElement).hidden = false;
  (name ? roomInput : nameInput).focus();
  find("door-form", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    keepName(nameInput.value.trim());
    // A new entry in the browser's own history: back leads to the door.
    history.pushState(null, "", `/#${roomInput.value}`);
    start();
  };
}

find("leave", HTMLElement).onclick = () => {
  const [room, name] = [roomOfAddress(), keptName()];
  history.pushState(null, "", "/");
  leave();
  leave = () => {};
  showDoor(room, name);
};
addEventListener("popstate", start);
addEventListener("hashchange", start);
start();
