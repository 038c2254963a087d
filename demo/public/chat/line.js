// How the line to the room is, for people.

import { find } from "./dom.js";

/** A line that is back so soon is not worth a word. */
const PATIENCE_MS = 400;

/**
 * @param {import("../browser/room-client.js").RoomClient<any>} client
 * @param {() => void} comeBack
 * @returns {() => void} ends it
 */
export function watchLine(client, comeBack) {
  const banner = find("banner", HTMLElement);
  const words = find("banner-words", HTMLElement);
  const again = find("again", HTMLButtonElement);
  again.onclick = comeBack;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const show = () => {
    const { state, why } = client;
    banner.hidden = state === "open";
    banner.dataset.state = state;
    again.hidden = state !== "closed";
    words.textContent = {
      connecting: why ? `Connecting… (${why})` : "Connecting…",
      open: "",
      resuming: navigator.onLine
        ? "Reconnecting… What you write is kept, and goes out then."
        : "Reconnecting… You are offline: what you write is kept, and goes out then.",
      closed: `The room is closed to this page: ${why}.`,
    }[state];
  };
  const look = () => {
    clearTimeout(timer);
    if (client.state === "open" || client.state === "closed") show();
    else timer = setTimeout(show, PATIENCE_MS);
  };
  look();
  const end = client.on("state", look);
  addEventListener("online", look);
  return () => {
    end();
    removeEventListener("online", look);
    clearTimeout(timer);
    banner.hidden = true;
  };
}
