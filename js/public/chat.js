// The chat page. Room and name are in the address, so a reload comes back and a link can be shared.

import { keepConnected } from "./connection.js";

/**
 * @typedef {{ _tag: "Message", text: string, userId: string, ts: number }} Message
 * @typedef {{ _tag: "UserJoined", userId: string }
 *   | { _tag: "UserLeft", userId: string }
 *   | Message
 *   | { _tag: "Typing", userId?: string }
 *   | { _tag: "Error", code: string, message: string }} Broadcast
 * @typedef {{ _tag: "Say", text: string } | { _tag: "Typing" }} Event
 * @typedef {{ createdAt: number, messageCount: number } | null} RoomState
 * @typedef {{ state: { userId: string } | null }[]} Connections
 */

const TYPING_SENT_EVERY_MS = 2_000;
const TYPING_SHOWN_MS = 3_000;
const LINES_KEPT = 500;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

const address = new URLSearchParams(location.search);
const roomId = address.get("room") ?? "";
const me = address.get("name") ?? "";

const log = find("log", HTMLElement);
const text = find("text", HTMLInputElement);
/** How many connections each user has: a second tab that closes is not a user who leaves. */
let people = new Map([[me, 1]]);
let peopleChanges = 0;
/** @type {Map<string, ReturnType<typeof setTimeout>>} */
const typists = new Map();
let typingSentAt = 0;
let visits = 0;

if (ID.test(roomId) && ID.test(me)) enterRoom();
else showDoor();

function showDoor() {
  const room = find("door-room", HTMLInputElement);
  const name = find("door-name", HTMLInputElement);
  if (roomId) room.value = roomId;
  name.value = me;
  find("door", HTMLElement).hidden = false;
  const wrong = [room, name].find((input) => input.value && !input.checkValidity());
  if (wrong) wrong.reportValidity();
  else name.focus();
}

function enterRoom() {
  document.title = `${roomId} · Dormouse`;
  find("title", HTMLElement).textContent = roomId;
  find("leave", HTMLAnchorElement).href = `?room=${roomId}`;
  find("room", HTMLElement).hidden = false;
  text.focus();

  const server = location.origin.replace(/^http/, "ws");
  const { connect, send } = keepConnected(`${server}/ws/chat/${roomId}?userId=${me}`, {
    onStatus: showStatus,
    onFrame: (frame) => show(JSON.parse(frame)),
    whyRefused,
  });
  /** @param {Event} event */
  const sendEvent = (event) => send(JSON.stringify(event));

  find("reconnect", HTMLElement).addEventListener("click", connect);
  find("share", HTMLElement).addEventListener("click", share);
  find("compose", HTMLElement).addEventListener("submit", (event) => {
    event.preventDefault();
    // Without a connection the text stays where it is.
    if (!text.value.trim() || !sendEvent({ _tag: "Say", text: text.value })) return;
    text.value = "";
    find("scroll", HTMLElement).scrollTop = 0;
  });
  text.addEventListener("input", () => {
    if (!text.value || Date.now() - typingSentAt < TYPING_SENT_EVERY_MS) return;
    if (sendEvent({ _tag: "Typing" })) typingSentAt = Date.now();
  });
}

/** @param {Broadcast} broadcast */
function show(broadcast) {
  switch (broadcast._tag) {
    case "UserJoined":
      note(`${broadcast.userId} joined`);
      return countPerson(broadcast.userId, 1);
    case "UserLeft":
      note(`${broadcast.userId} left`);
      stopTyping(broadcast.userId);
      return countPerson(broadcast.userId, -1);
    case "Message":
      stopTyping(broadcast.userId);
      return showMessage(broadcast);
    case "Typing":
      return startTyping(broadcast.userId ?? "Someone");
    case "Error":
      return note(`The room answered: ${broadcast.message} (${broadcast.code})`);
  }
}

/** @param {Message} message */
function showMessage({ text, userId, ts }) {
  const when = new Date(ts);
  const time = make("time", when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = when.toISOString();
  const body = make("p", text);
  body.dir = "auto";
  const line = make("div", make("b", userId), body, time);
  const previous = log.lastElementChild;
  const sameSpeaker = previous instanceof HTMLElement && previous.dataset.userId === userId;
  line.className = `message ${userId === me ? "own" : ""} ${sameSpeaker ? "next" : ""}`;
  line.dataset.userId = userId;
  tint(line, userId);
  append(line);
}

/** @param {string} words */
function note(words) {
  const line = make("p", words);
  line.className = "note";
  append(line);
}

/** @param {HTMLElement} line */
function append(line) {
  log.append(line);
  while (log.childElementCount > LINES_KEPT) log.firstElementChild?.remove();
}

/** @param {import("./connection.js").Status} status */
function showStatus(status) {
  const closed = status.phase === "closed";
  find("connection", HTMLElement).dataset.phase = status.phase;
  find("reconnect", HTMLElement).hidden = !closed;
  find("send", HTMLButtonElement).disabled = status.phase !== "open";
  find("status", HTMLElement).textContent = closed
    ? `${status.why}.${status.retryMs === null ? "" : ` Trying again in ${Math.ceil(status.retryMs / 1000)} s.`}`
    : { connecting: "Connecting…", open: "Connected" }[status.phase];
  if (status.phase === "open") arrive();
  else for (const userId of typists.keys()) stopTyping(userId);
}

async function arrive() {
  visits += 1;
  if (visits > 1) note("You are back. What was said meanwhile is not shown.");
  else {
    /** @type {RoomState | undefined} */
    const state = await ask("state");
    if (state) {
      const since = new Date(state.createdAt).toLocaleString([], {
        dateStyle: "medium",
        timeStyle: "short",
      });
      note(`Open since ${since}, ${state.messageCount} said so far. Only what comes now is shown.`);
    }
  }
  await countPeople();
}

/** Joins and leaves that cross the answer leave it in doubt: then ask again, but not for ever. */
async function countPeople() {
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = peopleChanges;
    /** @type {Connections | undefined} */
    const connections = await ask("connections");
    if (!connections) return;
    people = new Map([[me, 0]]);
    for (const { state } of connections) {
      if (state) people.set(state.userId, (people.get(state.userId) ?? 0) + 1);
    }
    showPeople();
    if (peopleChanges === before) return;
  }
}

/**
 * @param {string} userId
 * @param {1 | -1} change
 */
function countPerson(userId, change) {
  peopleChanges += 1;
  people.set(userId, (people.get(userId) ?? 0) + change);
  showPeople();
}

function showPeople() {
  const names = [...people.keys()].filter((id) => id === me || (people.get(id) ?? 0) > 0).sort();
  find("people-count", HTMLElement).textContent = `${names.length}`;
  find("people", HTMLElement).replaceChildren(
    ...names.map((userId) => {
      const item = make("li", userId, userId === me ? " (you)" : "");
      tint(item, userId);
      return item;
    }),
  );
}

/** @param {string} userId */
function startTyping(userId) {
  clearTimeout(typists.get(userId));
  typists.set(userId, setTimeout(stopTyping, TYPING_SHOWN_MS, userId));
  showTyping();
}

/** @param {string} userId */
function stopTyping(userId) {
  clearTimeout(typists.get(userId));
  if (typists.delete(userId)) showTyping();
}

function showTyping() {
  const names = [...typists.keys()];
  const who = names.length > 2 ? "Several people" : names.join(" and ");
  const words = who && `${who} ${names.length > 1 ? "are" : "is"} typing…`;
  const line = find("typing", HTMLElement);
  // An unchanged line is left alone, or a screen reader would read it out again.
  if (line.textContent !== words) line.textContent = words;
}

/** The upgrade's answer is hidden from a page, but the room's API stands behind the same door. */
async function whyRefused() {
  try {
    const response = await fetch(`/api/chat/${roomId}/state`);
    if (response.ok)
      return { why: "The room did not let you in, perhaps for your name", final: true };
    return { why: `The server answered ${response.status}`, final: response.status < 500 };
  } catch {
    return { why: "The server cannot be reached", final: false };
  }
}

/**
 * Nothing, if there is no good answer: the conversation goes on without.
 * @param {"state" | "connections"} what
 */
async function ask(what) {
  try {
    const response = await fetch(`/api/chat/${roomId}/${what}`);
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

async function share() {
  const link = new URL(`?room=${roomId}`, location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    note("The link to this room is copied.");
  } catch {
    note(`The link to this room: ${link}`);
  }
}

/**
 * A colour of one's own; the style sheet sees to it that it can be read.
 * @param {HTMLElement} target
 * @param {string} userId
 */
function tint(target, userId) {
  let hue = 7;
  for (const letter of userId) hue = (hue * 31 + letter.charCodeAt(0)) % 360;
  target.style.setProperty("--hue", `${hue}`);
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {(Node | string)[]} children
 */
function make(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 */
function find(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return found;
}
