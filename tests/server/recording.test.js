// What a room records in the real runtime, asleep and awake, a native test replays.

import { afterAll, beforeAll, expect, test } from "vitest";
import { native } from "../support/native.js";
import { connect } from "../support/socket.js";
import { bundle, makeFolder, remove, startWorkerd } from "../support/workerd.js";

/** @type {import("../support/workerd.js").Workerd} */
let server;
/** @type {string[]} */
const folders = [];

beforeAll(async () => {
  folders.push(bundle("tests/server/worker/wrangler.jsonc", ["unsafe_module"]), makeFolder());
  const [worker = "", storage = ""] = folders;
  server = await startWorkerd(worker, storage);
}, 300_000);

afterAll(async () => {
  await server?.kill();
  for (const folder of folders) remove(folder);
});

/**
 * @param {string} room
 * @param {string} name
 * @param {unknown} [argument]
 */
async function call(room, name, argument) {
  const body = argument === undefined ? "" : JSON.stringify(argument);
  const response = await fetch(`${server.url}/${room}/${name}`, { method: "POST", body });
  return await response.json();
}

/** @param {string} room @param {string} id */
const join = (room, id) =>
  connect(`${server.url}/${room}?options=${encodeURIComponent(JSON.stringify({ id }))}`, {}, String);

/** @param {string} room */
const evict = (room) => fetch(`${server.url}/${room}/evict`);

test("a recording replays frame by frame what was said, across sleep, with its times and chances", async () => {
  const room = "reminders/kitchen";
  const early = await join(room, "early");
  early.socket.send("before anything is recorded");
  await early.until(1);

  await call(room, "startRecording", {});
  const late = await join(room, "late");
  // An event's name is made by chance.
  late.socket.send("/remind 1 tea");
  await late.until(1);
  await evict(room);
  early.socket.send("/remind 3600 dinner");
  await early.until(2);
  await late.until(2);
  await evict(room);
  late.socket.close(1000, "bye");
  await late.closed;
  const state = await call(room, "getState");

  const recording = await call(room, "getRecording");
  const [replayed] = native(["replay"], recording);
  expect(replayed.state).toEqual(state);
  const told = [...late.frames.slice(0, 1), ...early.frames.slice(1)];
  expect(new Set(replayed.frames)).toEqual(new Set(told));
});
