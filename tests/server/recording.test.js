// What a room records in the real runtime, asleep and awake, a native test replays.

import { afterAll, beforeAll, expect, test } from "vitest";
import { native } from "../support/native.js";
import { connect } from "../support/socket.js";
import { serveRooms } from "../support/workerd.js";

/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(async () => {
  server = await serveRooms();
}, 300_000);

afterAll(async () => {
  await server?.kill();
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
  connect(
    `${server.url}/${room}?options=${encodeURIComponent(JSON.stringify({ id }))}`,
    {},
    String,
  );

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

test("nothing is recorded unless that is asked for, and nothing any more when it is stopped", async () => {
  const room = "chat/off";
  const ada = await join(room, "ada");
  ada.socket.send('{"_tag":"Say","text":"hello"}');
  await ada.until(1);
  expect(await call(room, "getRecording")).toBe("");
  await call(room, "startRecording", {});
  expect(await call(room, "getRecording")).not.toBe("");
  await call(room, "stopRecording");
  await evict(room);
  ada.socket.send('{"_tag":"Say","text":"hello again"}');
  await ada.until(2);
  expect(await call(room, "getRecording")).toBe("");
});

test("a recording is bounded: it keeps the last inputs, and begins with what the room was like then", async () => {
  const room = "chat/long";
  const ada = await join(room, "ada");
  await call(room, "startRecording", { inputs: 10 });
  for (let i = 1; i <= 55; i++) {
    ada.socket.send(JSON.stringify({ _tag: "Say", text: `${i}` }));
    await ada.until(i);
    if (i % 20 === 0) await evict(room);
  }
  const state = await call(room, "getState");
  const recording = await call(room, "getRecording");
  const said = recording.match(/"text\\":/g).length;
  expect(said).toBeGreaterThanOrEqual(10);
  expect(said).toBeLessThanOrEqual(20);
  const [replayed] = native(["replay"], recording);
  expect(replayed.state).toEqual(state);
  expect(replayed.frames).toEqual(ada.frames.slice(-said));
});

test("a recording over its limit is refused, with the limit and the value", async () => {
  const body = JSON.stringify({ inputs: 10_001 });
  const response = await fetch(`${server.url}/chat/over/startRecording`, { method: "POST", body });
  expect(response.status).toBe(400);
  expect((await response.json()).error).toEqual({
    code: "invalid_argument",
    message: "inputs is a whole number from 1 to 10000, and not 10001",
  });
});
