// The Inspector: what is asked of the Worker, when, and what is done with the answers.

import { get, getBlob, keepToken, pathOf, post, Refused } from "./api.js";
import { card } from "./card.js";
import { find, write } from "./dom.js";
import { showFacts, tick } from "./facts.js";
import { parse } from "./json.js";
import { showRooms } from "./rooms.js";
import { setClock, span } from "./time.js";

/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./types.js").Inspection} Inspection */
/** @typedef {import("./types.js").Seen} Seen */

const LOOK_EVERY = 500;
const LIST_EVERY = 1_000;
const CARDS = 200;
const ROOM = /^[^/]+\/.+$/;

/** Whether the room is asked, and if not, why not. */
/** @type {"looking" | "paused" | "asleep"} */
let mode = "looking";
let room = new URLSearchParams(location.search).get("room") ?? "";
/** The last batch that was shown. */
let since = 0;
let isRecorded = false;
/** @type {Promise<void>} the look that is on its way */
let looking = Promise.resolve();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let lookTimer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let listTimer;

const stream = find("stream", HTMLElement);
const status = find("status", HTMLElement);
const json = find("json", HTMLTextAreaElement);
const path = () => pathOf(room);

if (!ROOM.test(room)) room = "";
document.body.dataset.room = room ? "one" : "none";
if (room) {
  document.title = `${room} · Inspector`;
  write(find("title", HTMLElement), room);
  json.value = sessionStorage.getItem(draftKey()) ?? "";
}

/** The rooms there are. It wakes none of them. */
async function list() {
  clearTimeout(listTimer);
  if (document.hidden) return;
  const watching = mode !== "looking" && room ? `?watching=${encodeURIComponent(room)}` : "";
  try {
    /** @type {{ at: number, rooms: Seen[], can: { hibernate: boolean } }} */
    const { at, rooms, can } = await get(`rooms${watching}`);
    setClock(at);
    enter();
    find("hibernate", HTMLButtonElement).hidden = !can.hibernate;
    showRooms(rooms, room);
    const seen = rooms.find((other) => other.room === room);
    if (mode === "asleep" && seen?.awake) {
      setMode("looking");
      say("It woke. You look at it again.");
    }
  } catch (error) {
    if (refuse(error)) return;
  }
  listTimer = setTimeout(list, LIST_EVERY);
}

/** Looks at the room, now and again. */
function look() {
  clearTimeout(lookTimer);
  if (!room || mode !== "looking" || document.hidden) return;
  looking = lookOnce().then((goesOn) => {
    if (goesOn) lookTimer = setTimeout(look, LOOK_EVERY);
  });
}

/** @returns {Promise<boolean>} whether to look again */
async function lookOnce() {
  try {
    /** @type {Inspection} */
    const inspection = await get(`${path()}?since=${since}`);
    setClock(inspection.at);
    showFacts(inspection);
    showStream(inspection.trace.batches);
    showSpent(inspection.trace.spent);
    isRecorded = inspection.isRecorded;
    showRecording();
    find("content", HTMLElement).hidden = false;
    return true;
  } catch (error) {
    return !refuse(error);
  }
}

/**
 * @param {unknown} error
 * @returns {boolean} whether asking again is of no use
 */
function refuse(error) {
  if (!(error instanceof Refused)) {
    say("The Worker cannot be reached. Trying again.", "bad");
    return false;
  }
  if (error.status === 401) {
    find("app", HTMLElement).hidden = true;
    const door = find("door", HTMLElement);
    if (door.hidden) {
      door.hidden = false;
      find("token", HTMLInputElement).focus();
    } else write(find("door-status", HTMLElement), "That is not the token.");
    return true;
  }
  say(`Refused: ${error.message}`, "bad");
  return true;
}

/** The Worker answers us. */
function enter() {
  const app = find("app", HTMLElement);
  if (!app.hidden) return;
  find("door", HTMLElement).hidden = true;
  app.hidden = false;
  look();
}

/** @param {Batch[]} batches */
function showStream(batches) {
  for (const batch of batches) {
    since = batch.seq;
    stream.prepend(card(batch));
  }
  while (stream.childElementCount > CARDS) stream.lastElementChild?.remove();
  showEmpty();
}

function showEmpty() {
  find("stream-none", HTMLElement).hidden = stream.childElementCount > 0;
}

/** @param {import("./types.js").Spent} spent */
function showSpent({ batches, rust, whole }) {
  // The clock has steps of a millisecond: only of many does it tell the mean.
  const words =
    batches < 50
      ? ""
      : `${span1(whole / batches)} a batch on average, ${span1(rust / batches)} of it in Rust`;
  write(find("spent", HTMLElement), words);
}

/** @param {number} ms */
const span1 = (ms) => (ms < 10 ? `${ms.toFixed(2)} ms` : span(ms));

function showRecording() {
  write(find("record", HTMLElement), isRecorded ? "Stop recording" : "Start recording");
  find("download", HTMLElement).hidden = !isRecorded;
  find("recording", HTMLElement).hidden = !isRecorded;
}

/** @param {typeof mode} next */
function setMode(next) {
  mode = next;
  document.body.dataset.mode = next;
  const words = {
    looking: "You are looking at this room, which keeps it awake.",
    paused: "Paused: nobody asks the room, so it can fall asleep. What it does is still noted.",
    asleep: "It sleeps. The next thing that happens to it wakes it, and is shown here.",
  };
  write(find("mode", HTMLElement), words[next]);
  write(find("pause", HTMLElement), next === "looking" ? "Pause" : "Resume");
  clearTimeout(lookTimer);
  if (next === "looking") look();
  else void list();
}

/**
 * @param {string} words
 * @param {"good" | "bad"} [how]
 */
function say(words, how = "good") {
  status.dataset.how = how;
  write(status, words);
}

/**
 * Does something, and says how it went.
 *
 * @param {() => Promise<string>} action
 */
async function act(action) {
  try {
    say(await action());
    if (mode === "looking") {
      await looking;
      look();
    }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}

/**
 * @param {string} id
 * @param {() => Promise<string>} action
 */
function on(id, action) {
  find(id, HTMLElement).addEventListener("click", () => act(action));
}

function draftKey() {
  return `dormouse-inspect-draft-${room.split("/")[0]}`;
}

/** The JSON that was typed. */
function typed() {
  const value = parse(json.value);
  json.setAttribute("aria-invalid", `${value === undefined}`);
  if (value === undefined) {
    json.focus();
    throw new Error('That is not JSON. A plain text needs quotes: "hello".');
  }
  sessionStorage.setItem(draftKey(), json.value);
  return value;
}

on("send", async () => {
  await post(`${path()}/send`, { message: typed() });
  return "The room was given the event.";
});

on("broadcast", async () => {
  await post(`${path()}/broadcast`, { message: typed() });
  return "Everyone here was sent the message.";
});

on("fire", async () => {
  await post(`${path()}/alarm`, {});
  return "The alarm went off. What was due is done.";
});

on("hibernate", async () => {
  // A look that is on its way would wake it again.
  clearTimeout(lookTimer);
  await looking;
  clearTimeout(lookTimer);
  await post(`${path()}/hibernate`, {});
  setMode("asleep");
  return "It was put to sleep. Its sockets stay open.";
});

on("record", async () => {
  await post(`${path()}/${isRecorded ? "unrecord" : "record"}`, {});
  return isRecorded ? "The recording is dropped." : "What happens from now on is recorded.";
});

on("download", async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await getBlob(`${path()}/recording`));
  link.download = `${room.replaceAll(/[^\w-]/g, "-")}.jsonl`;
  link.click();
  URL.revokeObjectURL(link.href);
  return "The recording is downloaded, for a test to replay.";
});

find("pause", HTMLElement).addEventListener("click", () => {
  setMode(mode === "looking" ? "paused" : "looking");
});

find("clear", HTMLElement).addEventListener("click", () => {
  stream.replaceChildren();
  showEmpty();
});

find("open", HTMLFormElement).addEventListener("submit", (event) => {
  const field = find("name", HTMLInputElement);
  field.value = field.value.trim();
  if (ROOM.test(field.value)) return;
  event.preventDefault();
  field.setCustomValidity("A room is its type, a slash and its id, as chat/lounge.");
  field.reportValidity();
});

find("name", HTMLInputElement).addEventListener("input", ({ target }) => {
  if (target instanceof HTMLInputElement) target.setCustomValidity("");
});

find("door-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(find("token", HTMLInputElement).value);
  void list();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  void list();
  look();
});

// Who starts the Worker at home gets an address with the token behind it, which stays in the browser.
if (location.hash.length > 1) {
  keepToken(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
}

setInterval(tick, 100);
void list();
