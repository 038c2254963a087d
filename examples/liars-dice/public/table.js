// The table: who sits there, what was bid, what was shown, and the own dice.

import { die } from "./dice.js";
import { find, make } from "./dom.js";
import { nameOf } from "./who.js";

/** @typedef {import("./game.js").Known} Known */

/** @param {Known} known */
export function showSeats({ me, table, here }) {
  const places = table.seats.map(([id, dice]) => {
    const isAway = !here.has(id);
    const left = table.turn === null ? "" : `${dice} ${dice === 1 ? "die" : "dice"}`;
    const words = [id === me ? "you" : "", isAway ? "away" : "", left].filter(Boolean);
    const cup = make("span", "cup", ...Array.from({ length: dice }, () => die(0)));
    const name = make("span", "name", nameOf(id));
    const place = make("li", "seat", name, make("small", "", words.join(" · ")), cup);
    if (id === me) place.classList.add("me");
    if (isAway) place.classList.add("away");
    if (table.turn !== null && dice === 0) place.classList.add("out");
    if (id === table.turn) place.setAttribute("aria-current", "true");
    return place;
  });
  find("seats", HTMLElement).replaceChildren(...places);
}

/** @param {Known} known */
export function showMiddle({ me, table, winner }) {
  const bid = find("bid", HTMLElement);
  const turn = find("turn", HTMLElement);
  if (table.bid) {
    const [id, { count, face }] = table.bid;
    const whose = make("small", "", id === me ? "You say" : `${nameOf(id)} says`);
    bid.replaceChildren(whose, make("span", "figure", `${count} ×`, die(face, "large")));
  } else if (table.turn) {
    bid.replaceChildren(make("small", "", "No bid yet"));
  } else {
    bid.replaceChildren(
      winner ? make("span", "figure", winner) : make("small", "", "No game runs"),
    );
  }
  const words =
    table.turn === null ? "" : table.turn === me ? "Your turn" : `${nameOf(table.turn)}'s turn`;
  // Set only when it is another one: it is read out.
  if (turn.textContent !== words) turn.textContent = words;
}

/** @param {Known} known */
export function showHand({ me, dice, table }) {
  const hand = find("hand", HTMLElement);
  const plays = table.seats.some(([id]) => id === me);
  const isShown = hand.dataset.dice === dice.join(" ");
  hand.hidden = !plays || dice.length === 0;
  if (isShown) return;
  hand.dataset.dice = dice.join(" ");
  hand.replaceChildren(...dice.toSorted().map((face) => die(face, "own")));
}

/**
 * @param {import("./game.js").Frame<"Shown">} shown
 * @param {string} me
 */
export function showShown({ by, bidder, bid, count, loser, hands }, me) {
  const who = (/** @type {string} */ id) => (id === me ? "you" : nameOf(id));
  const words = `${capital(who(by))} called ${whose(bidder, me)} ${bid.count} × ${bid.face}. There `;
  const are = count === 1 ? "is 1" : `are ${count}`;
  const loses = loser === me ? "You lose" : `${nameOf(loser)} loses`;
  find("shown-words", HTMLElement).textContent = `${words}${are}. ${loses} a die.`;
  const rows = hands
    .filter(({ dice }) => dice.length > 0)
    .map(({ id, dice }) => {
      const faces = dice.toSorted().map((face) => die(face, face === bid.face ? "hit" : "miss"));
      const row = make(
        "li",
        "",
        make("span", "name", capital(who(id))),
        make("span", "cup", ...faces),
      );
      if (id === loser) row.classList.add("loser");
      return row;
    });
  find("shown-hands", HTMLElement).replaceChildren(...rows);
  find("shown", HTMLElement).hidden = false;
}

/** @param {string} id @param {string} me */
const whose = (id, me) => (id === me ? "your" : `${nameOf(id)}'s`);

/** @param {string} text */
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
