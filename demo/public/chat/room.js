// A visit to a room: its parts, and how they speak to one another.

import { startComposer } from "./composer.js";
import { find } from "./dom.js";
import { watchLine } from "./line.js";
import { showWait } from "./pace.js";
import { People } from "./people.js";
import { HOW, joinReminders, reminderOf } from "./reminders.js";
import { Talk } from "./talk.js";
import { note, Timeline } from "./timeline.js";
import { Unread } from "./unread.js";
import { Unsent } from "./unsent.js";
import { linkTo } from "./who.js";

/**
 * @param {string} room
 * @param {string} name
 * @param {() => void} comeBack enters anew
 * @returns {() => void} leaves
 */
export function enterRoom(room, name, comeBack) {
  find("title", HTMLElement).textContent = room;
  find("room", HTMLElement).hidden = false;

  const visit = new AbortController();
  const timeline = new Timeline(
    name,
    () => talk.readOlder(),
    () => unread.look(),
    visit.signal,
  );
  const toEnd = () => timeline.toEnd();
  const unread = new Unread(`${room} · Dormouse`, () => timeline.isAtEnd(), toEnd, visit.signal);
  const unsent = new Unsent();
  unsent.clear();

  /**
   * Puts something at the end, and follows if it was in view.
   *
   * @param {() => HTMLElement} put
   * @param {{ follows: boolean, isNews: boolean }} how
   */
  const end = (put, { follows, isNews }) => {
    const [wasAtEnd, isSeen] = [timeline.isAtEnd(), unread.isSeen()];
    const line = put();
    if (isNews && !(isSeen && follows)) unread.add(line);
    const isHidden = document.visibilityState === "hidden";
    if (!wasAtEnd || !follows) timeline.stay();
    else if (isHidden && unread.line.isConnected) timeline.toEndBelow(unread.line);
    else timeline.toEnd();
    unread.look();
    return line;
  };

  /**
   * @param {string} words
   * @param {string} [kind]
   */
  const tell = (words, kind = "") => {
    const put = () => {
      const line = note(words, kind);
      timeline.note(line);
      return line;
    };
    end(put, { follows: true, isNews: kind === "reminder" });
  };

  const talk = new Talk(room, name, {
    filled: (entries) => timeline.fill(entries),
    said(entry, { own, isOld }) {
      const isOwn = entry.from === name;
      if (!isOwn) people.stopTyping(entry.from);
      // What was missed is filled in where it belongs, and nobody is carried off.
      end(() => timeline.append(entry), {
        follows: !isOld || isOwn,
        isNews: !isOwn,
      });
      if (own) unsent.heard(own);
    },
    known: (own) => unsent.heard(own),
    older: (entries) => timeline.prepend(entries),
    cleared: () => timeline.clear(),
    tooFast: showWait,
    restored: (said) => unsent.show(said, () => unsent.say(said.own.message, talk)),
  });
  const people = new People(room, name, tell);
  const reminders = joinReminders(room, tell);
  const stopWatching = watchLine(talk.client, comeBack);

  startComposer(
    (text) => {
      if (/^\/remind\b/.test(text)) {
        const line = reminderOf(text);
        if (line && reminders.state !== "open")
          tell("That reminder goes out as soon as there is a line.");
        if (line) reminders.send(line).catch(() => tell("That reminder was not taken."));
        else tell(HOW);
        return line !== undefined;
      }
      unread.clear();
      unsent.say(text, talk);
      timeline.toEnd();
      return true;
    },
    () => people.typed(),
  );
  find("share", HTMLElement).onclick = () => share(room, tell);

  return () => {
    stopWatching();
    visit.abort();
    for (const part of [talk, people]) part.leave();
    reminders.close();
    find("room", HTMLElement).hidden = true;
  };
}

/**
 * @param {string} room
 * @param {(words: string) => void} tell
 */
async function share(room, tell) {
  try {
    await navigator.clipboard.writeText(linkTo(room));
    tell("The link to this room is copied.");
  } catch {
    tell(`The link to this room: ${linkTo(room)}`);
  }
}
