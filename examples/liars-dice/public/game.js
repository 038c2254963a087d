// A visit to a table: what the room says, put on the page.

import { RoomClient } from "./browser/room-client.js";
import { clock } from "./clock.js";
import { find } from "./dom.js";
import { watchLine } from "./line.js";
import { startMoves } from "./moves.js";
import { startNews } from "./news.js";
import { showHand, showMiddle, showSeats, showShown } from "./table.js";
import { key, nameOf } from "./who.js";

/** @typedef {import("../types/rooms.d.ts").Rooms["liars-dice"]} Room */
/** @typedef {import("../types/rooms.d.ts").LiarsDice.Message} Event */
/** @typedef {import("../types/rooms.d.ts").LiarsDice.Broadcast} Broadcast */

/**
 * What the room says under a tag.
 *
 * @template {Broadcast["_tag"]} Tag
 * @typedef {Extract<Broadcast, { _tag: Tag }>} Frame
 */

/**
 * What this page knows.
 *
 * @typedef {object} Known
 * @property {string} me
 * @property {number[]} dice the own ones
 * @property {import("../types/rooms.d.ts").LiarsDice.View} table
 * @property {ReadonlySet<string>} here
 * @property {string} winner who has won the last game, in words
 */

/**
 * @param {string} table
 * @param {string} name
 * @param {boolean} watches
 * @param {{ comeBack: () => void, sit: () => void }} doors to enter anew: as before, or to play
 * @returns {() => void} leaves
 */
export function enter(table, name, watches, { comeBack, sit }) {
  const query = new URLSearchParams({ name, key: key(), ...(watches && { watch: "" }) });
  /** @type {RoomClient<Room>} */
  const client = new RoomClient(`/tables/${table}?${query}`);
  /** @type {Known} */
  const known = {
    me: "",
    dice: [],
    table: { seats: [], turn: null, until: null, bid: null, now: 0 },
    here: new Set(),
    winner: "",
  };
  const foul = find("foul", HTMLElement);
  /** @param {Event} event */
  const send = (event) => {
    foul.textContent = "";
    // What the room refused it also says, as a message.
    return client.send(event).catch(() => {});
  };
  const news = startNews(known, send);
  const moves = startMoves(known, send, sit);
  const stopWatching = watchLine(client, comeBack);

  const show = () => {
    showSeats(known);
    showMiddle(known);
    showHand(known);
    moves.show();
    news.showWatching();
    const isMine = known.table.turn !== null && known.table.turn === known.me;
    document.title = `${isMine ? "Your turn · " : ""}${table} · Liar's dice`;
  };

  /** @param {Broadcast | import("./browser/room-client.js").ErrorFrame} message */
  const hear = (message) => {
    switch (message._tag) {
      case "Table":
        known.table = message;
        clock.set(message);
        break;
      case "Yours":
        known.me = message.id;
        known.dice = message.dice;
        break;
      case "Shown":
        showShown(message, known.me);
        news.shown(message);
        break;
      case "Bid":
        news.bid(message);
        break;
      case "Over":
        known.winner = news.over(message);
        break;
      case "Said":
        return news.said(message);
      case "Error":
        foul.textContent = `${message.message}.`;
    }
    show();
  };
  client.on("message", hear);
  client.on("presence", (here, { came, went }) => {
    known.here = here;
    if (came) news.note(`${nameOf(came)} is here.`);
    if (went) news.note(`${nameOf(went)} has left.`);
    show();
  });
  client.on("reset", () => send({ _tag: "Look" }));

  find("title", HTMLElement).textContent = table;
  find("game", HTMLElement).hidden = false;
  find("shown", HTMLElement).hidden = true;
  foul.textContent = "";
  find("share", HTMLElement).onclick = () => share(news.note);
  show();

  return () => {
    stopWatching();
    clock.stop();
    client.close();
    find("game", HTMLElement).hidden = true;
    document.title = "Liar's dice";
  };
}

/** @param {(words: string) => void} note */
async function share(note) {
  try {
    await navigator.clipboard.writeText(location.href);
    note("The link to this table is copied.");
  } catch {
    note(`The link to this table: ${location.href}`);
  }
}
