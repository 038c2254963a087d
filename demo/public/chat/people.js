// Who is here, and who is typing: the chat room of the same id.

import { RoomClient } from "../browser/room-client.js";
import { find, initial, make, tint } from "./dom.js";

const TYPING_SENT_EVERY_MS = 2_000;
const TYPING_SHOWN_MS = 3_500;

/** @typedef {import("../../../types/rooms.d.ts").Rooms} Rooms */

export class People {
  #name;
  #list = find("people", HTMLElement);
  #count = find("people-count", HTMLElement);
  #line = find("typing", HTMLElement);
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typists = new Map();
  #typedAt = 0;

  /**
   * @param {string} room
   * @param {string} name
   * @param {(words: string) => void} tell what everyone is to know
   */
  constructor(room, name, tell) {
    this.#name = name;
    /** @type {RoomClient<Rooms["chat"]>} */
    this.client = new RoomClient(`/ws/chat/${room}?userId=${encodeURIComponent(name)}`, {
      key: `people/${room}/${name}`,
    });
    this.client.on("presence", (here, { came, went }) => {
      if (came) tell(`${came} came`);
      if (went) {
        tell(`${went} left`);
        this.stopTyping(went);
      }
      this.#show(here);
    });
    this.client.on("message", (broadcast) => {
      if (broadcast._tag === "Typing") this.#startTyping(broadcast.userId);
      // What the room's API says.
      if (broadcast._tag === "Message") tell(`${broadcast.userId}: ${broadcast.text}`);
    });
    this.#show(new Set([name]));
  }

  /** We are writing. Of no interest later, so it is not sent later. */
  typed() {
    if (this.client.state !== "open" || Date.now() - this.#typedAt < TYPING_SENT_EVERY_MS) return;
    this.#typedAt = Date.now();
    this.client.send({ _tag: "Typing" }).catch(() => {});
  }

  /** @param {string} name */
  stopTyping(name) {
    clearTimeout(this.#typists.get(name));
    if (this.#typists.delete(name)) this.#showTyping();
  }

  leave() {
    for (const name of [...this.#typists.keys()]) this.stopTyping(name);
    this.client.close();
  }

  /** @param {string} name */
  #startTyping(name) {
    // A second tab of ours.
    if (name === this.#name) return;
    clearTimeout(this.#typists.get(name));
    this.#typists.set(
      name,
      setTimeout(() => this.stopTyping(name), TYPING_SHOWN_MS),
    );
    this.#showTyping();
  }

  #showTyping() {
    const names = [...this.#typists.keys()];
    const who = names.length > 2 ? "Several people" : names.join(" and ");
    const words = who && `${who} ${names.length > 1 ? "are" : "is"} typing`;
    // An unchanged line is left alone, or a screen reader would read it out again.
    if (this.#line.textContent !== words) this.#line.textContent = words;
  }

  /** @param {ReadonlySet<string>} here */
  #show(here) {
    const others = [...here].filter((name) => name !== this.#name).sort();
    const names = [this.#name, ...others];
    this.#count.textContent = `${names.length}`;
    this.#list.replaceChildren(
      ...names.map((name) => {
        const face = make("span", "face", initial(name));
        face.ariaHidden = "true";
        const item = make("li", "", face, make("span", "", name));
        if (name === this.#name) item.append(make("small", "", "you"));
        tint(item, name);
        return item;
      }),
    );
  }
}
