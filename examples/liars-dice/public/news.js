// What happens at the table, in words, and what is said there.

import { find, make } from "./dom.js";
import { nameOf } from "./who.js";

/** How many lines are kept. */
const LINES = 100;

/**
 * @param {import("./game.js").Known} known
 * @param {(event: import("./game.js").Event) => void} send
 */
export function startNews(known, send) {
  const news = find("news", HTMLElement);
  const text = find("text", HTMLInputElement);
  news.replaceChildren();

  /** @param {HTMLElement} line */
  const add = (line) => {
    const isAtEnd = news.scrollTop + news.clientHeight >= news.scrollHeight - 8;
    news.append(line);
    while (news.children.length > LINES) news.firstChild?.remove();
    if (isAtEnd) news.scrollTop = news.scrollHeight;
  };
  /** @param {string} words */
  const note = (words) => add(make("p", "note", words));
  const isMe = (/** @type {string} */ id) => id === known.me;
  const slowly = (/** @type {boolean} */ late) => (late ? " (time was up)" : "");

  find("say", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (words) send({ _tag: "Say", text: words });
    text.value = "";
  };

  return {
    note,
    /** @param {import("./game.js").Frame<"Bid">} bid */
    bid({ by, bid: { count, face }, late }) {
      note(`${isMe(by) ? "You bid" : `${nameOf(by)} bids`} ${count} × ${face}${slowly(late)}.`);
    },
    /** @param {import("./game.js").Frame<"Shown">} shown */
    shown({ by, late, bid, count, loser }) {
      const called = `${isMe(by) ? "You call" : `${nameOf(by)} calls`}${slowly(late)}`;
      const loses = isMe(loser) ? "You lose" : `${nameOf(loser)} loses`;
      note(`${called}: ${count} × ${bid.face} on the table. ${loses} a die.`);
    },
    /** @param {import("./game.js").Frame<"Over">} over */
    over({ winner }) {
      const wins =
        winner === null ? "Nobody wins" : isMe(winner) ? "You win" : `${nameOf(winner)} wins`;
      add(make("p", "over", `${wins}!`));
      return `${wins}!`;
    },
    /** @param {import("./game.js").Frame<"Said">} said */
    said({ by, text }) {
      add(make("p", "", make("b", "", isMe(by) ? "You" : nameOf(by)), ` ${text}`));
    },
    showWatching() {
      const seated = new Set(known.table.seats.map(([id]) => id));
      const names = [...known.here].filter((id) => !seated.has(id)).map(nameOf);
      find("watching", HTMLElement).textContent =
        names.length > 0 ? `Watching: ${names.join(", ")}` : "";
      const hears = seated.has(known.me) ? "players" : "spectators";
      text.placeholder = `To the ${hears}`;
      find("text-label", HTMLElement).textContent = `Say something to the ${hears}`;
    },
  };
}
