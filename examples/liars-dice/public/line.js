// How the line to the table is, for people.

import { find } from "./dom.js";

/** A line that is back so soon is not worth a word. */
const PATIENCE_MS = 400;

/**
 * @param {import("./browser/room-client.js").RoomClient<any>} client
 * @param {() => void} comeBack
 * @returns {() => void} ends it
 */
export function watchLine(client, comeBack) {
  const banner = find("banner", HTMLElement);
  const again = find("again", HTMLButtonElement);
  again.onclick = comeBack;
  let timer = 0;
  const show = () => {
    banner.hidden = client.state === "open";
    banner.dataset.state = client.state;
    again.hidden = client.state !== "closed";
    find("banner-words", HTMLElement).textContent = {
      connecting: client.why ? `Connecting… (${client.why})` : "Connecting…",
      open: "",
      resuming: "Reconnecting… Your place is kept for a moment.",
      closed: `The table is closed to this page: ${client.why}.`,
    }[client.state];
  };
  const look = () => {
    clearTimeout(timer);
    const isSettled = client.state === "open" || client.state === "closed";
    timer = setTimeout(show, isSettled ? 0 : PATIENCE_MS);
  };
  look();
  const end = client.on("state", look);
  return () => {
    end();
    clearTimeout(timer);
    banner.hidden = true;
  };
}
