// A client that does not read what it is sent is nobody else's trouble.

import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, sleep } from "../support/socket.js";
import { serve } from "../support/workerd.js";

/** More than the buffers of a TCP connection take, on both of its ends. */
const FRAMES = 800;
const TEXT = "x".repeat(32_000);

/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(async () => {
  server = await serve();
});

afterAll(async () => {
  await server?.kill();
});

/** @param {any[]} frames */
const numbers = (frames) =>
  frames.filter(({ _tag }) => _tag === "Message").map(({ text }) => Number.parseInt(text, 10));

const all = Array.from({ length: FRAMES }, (_, i) => i);

/** Three clients, of whom one reads nothing. @param {string} room */
async function join(room) {
  const url = `${server.url}/ws/chat/${room}`;
  const stuck = await connect(`${url}?userId=stuck`);
  const ada = await connect(`${url}?userId=ada`);
  const bob = await connect(`${url}?userId=bob`);
  await stuck.until(2);
  stuck.socket.pause();
  return { stuck, ada, bob, url };
}

/** @typedef {import("../support/socket.js").Client} Client */

/**
 * One message after the other, each when its sender has heard the one before.
 *
 * @param {Client} sender
 */
async function talk({ send, frames, until }) {
  const before = frames.length;
  let slowest = 0;
  for (const i of all) {
    const start = performance.now();
    send({ _tag: "Say", text: `${i} ${TEXT}` });
    await until(before + i + 1);
    slowest = Math.max(slowest, performance.now() - start);
  }
  return slowest;
}

test("others hear everything at once while one reads nothing, and it hears all when it reads again", async () => {
  const { stuck, ada, bob, url } = await join("stuck");
  const slowest = await talk(ada);
  expect(slowest).toBeLessThan(1_000);
  await bob.until(FRAMES);
  expect(numbers(bob.frames)).toEqual(all);

  // It was stuck indeed: nothing has come, and nothing can be on its way but what buffers hold.
  expect(numbers(stuck.frames)).toEqual([]);
  const room = url.replace("/ws/", "/api/");
  expect((await (await fetch(`${room}/connections`)).json()).length).toBe(3);

  stuck.socket.resume();
  await stuck.until(2 + FRAMES);
  expect(numbers(stuck.frames)).toEqual(all);
});

test("one that reads nothing and is then cut is told of as gone, once", async () => {
  const { stuck, ada, bob } = await join("cut");
  await talk(ada);
  await bob.until(FRAMES);
  stuck.socket.terminate();
  expect((await bob.until(FRAMES + 1)).at(-1)).toEqual({ _tag: "UserLeft", userId: "stuck" });
  ada.send({ _tag: "Say", text: "0" });
  await bob.until(FRAMES + 2);
  await sleep(200);
  expect(bob.frames).toHaveLength(FRAMES + 2);
});
