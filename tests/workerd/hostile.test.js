// What a hostile visitor tries on the Worker as it is deployed.

import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { connect, upgrade } from "./client.js";

const worker = exports.default;

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
const get = (path, init) => worker.fetch(new Request(`https://rooms.example${path}`, init));

let made = 0;

const newRoom = () => `hostile-${++made}`;

test.each(["__proto__", "constructor", "toString"])(
  "a user, a room and a tag may be called %s, which means nothing",
  async (name) => {
    const ada = await connect(worker, `/ws/chat/${name}?userId=${name}`);
    ada.send({ _tag: "Say", text: name });
    expect(await ada.until(1)).toMatchObject([{ _tag: "Message", text: name, userId: name }]);
    const connections = await get(`/api/chat/${name}/connections?tag=user:${name}`);
    expect(await connections.json()).toMatchObject([{ id: name, tags: [`user:${name}`] }]);
    // As a room's type it is none.
    const object = /** @type {any} */ (env.ROOMS.getByName(`${name}/x`));
    expect(await object.getState()).toMatchObject({ error: { _tag: "RoomNotFound" } });
  },
);

test("what a body says of its kind and its prototype is not believed", async () => {
  const id = newRoom();
  const ada = await connect(worker, `/ws/chat/${id}?userId=ada`);
  /** @param {string} body */
  const say = (body) => get(`/api/chat/${id}/say`, { method: "POST", body });
  expect((await say('{"_tag":"Typing","text":"hello"}')).status).toBe(200);
  expect(await ada.until(1)).toMatchObject([{ _tag: "Message", text: "hello", userId: "system" }]);
  for (const body of [
    '{"text":"x","__proto__":{"admin":true}}',
    '{"text":"x","constructor":{"prototype":{"admin":true}}}',
    '{"text":"x","userId":"ada"}',
  ]) {
    expect((await say(body)).status, body).toBe(400);
  }
  expect(/** @type {any} */ ({}).admin).toBeUndefined();
  expect(ada.frames).toHaveLength(1);
});

test("a visitor's request that is passed on to the object as it came makes no connection", async () => {
  const id = newRoom();
  const object = env.ROOMS.getByName(`chat/${id}`);
  const headers = { Upgrade: "websocket", "dormouse-upgrade": encodeURIComponent('{"id":"root"}') };
  for (const path of ["", `ws/chat/${id}`, "upgrade", "dormouse.internal/upgrade"]) {
    const response = await object.fetch(`https://rooms.example/${path}`, { headers });
    expect(response.status, path).toBe(404);
  }
  const bare = await object.fetch("https://dormouse.internal/upgrade", {
    headers: { Upgrade: "websocket" },
  });
  expect(bare.status).toBe(404);
  expect(await (await get(`/api/chat/${id}/connections`)).json()).toEqual([]);
});

test("recordings, wakes, letters and alarms have no address", async () => {
  const id = newRoom();
  const object = env.ROOMS.getByName(`chat/${id}`);
  const functions = ["startRecording", "getRecording", "stopRecording", "getWakes", "getCounts"];
  for (const name of [...functions, "receive", "send", "broadcast", "fireAlarm"]) {
    for (const path of [`/api/chat/${id}/${name}`, `/ws/chat/${id}/${name}`, `/${name}`]) {
      for (const method of ["GET", "POST"]) {
        expect((await get(path, { method })).status, path).toBe(404);
        const passedOn = await object.fetch(`https://rooms.example${path}`, { method });
        expect(passedOn.status, path).toBe(404);
      }
    }
  }
});

test("an origin that looks like the Worker's own is another", async () => {
  for (const origin of [
    "http://rooms.example",
    "https://rooms.example:8443",
    "https://rooms.example.evil.example",
    "https://rooms.example@evil.example",
  ]) {
    const refused = await upgrade(worker, `/ws/chat/${newRoom()}`, { Origin: origin });
    expect(refused.status, origin).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: "origin_refused" } });
  }
});
