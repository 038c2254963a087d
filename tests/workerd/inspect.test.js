// The Inspector's API: who may use it, and what it tells.

import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../demo/worker.js";
import { connect, settle } from "./client.js";

const TOKEN = "open sesame";
const ADDRESS = "https://rooms.example";

/**
 * @param {string} path below /inspect/api/
 * @param {{ env?: object, token?: string, origin?: string, body?: object }} [options]
 */
function ask(path, { env: extra = { INSPECT_TOKEN: TOKEN }, token, origin, body } = {}) {
  const headers = new Headers();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body) headers.set("Content-Type", "application/json");
  const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const request = new Request(`${origin ?? ADDRESS}/inspect/${path}`, { ...init, headers });
  return worker.fetch(request, { ...env, ...extra });
}

/** @param {string} path @param {object} [body] @returns {Promise<any>} */
async function tell(path, body) {
  const response = await ask(`api/${path}`, { token: TOKEN, body });
  expect(response.status).toBe(200);
  return response.json();
}

/** @type {{ fetch: (request: Request) => Promise<Response> }} */
const open = { fetch: (request) => worker.fetch(request, env) };

test("without a token nothing is there, whatever address is asked", async () => {
  for (const path of ["", "inspect.js", "api/rooms", "api/chat/a", "api/chat/a/send"]) {
    expect((await ask(path, { env: {} })).status).toBe(404);
    expect((await ask(path, { env: {}, origin: "http://localhost:8787" })).status).toBe(404);
    expect((await ask(path, { env: { INSPECT_TOKEN: "" } })).status).toBe(404);
  }
});

test("the page asks for the token, and the API wants it", async () => {
  expect((await ask("")).status).toBe(200);
  for (const token of [undefined, "open", "open sesame!", "x".repeat(10_000)]) {
    const refused = await ask("api/rooms", { token });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: { code: "unauthorized" } });
  }
  // Being at home does not replace it: whoever asks names the address.
  expect((await ask("api/rooms", { origin: "http://localhost:8787" })).status).toBe(401);
  expect((await ask("api/rooms", { token: TOKEN })).status).toBe(200);
});

test("pages of other origins cannot post, and what is not there is not found", async () => {
  const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "text/plain" };
  const request = new Request(`${ADDRESS}/inspect/api/chat/a/send`, {
    method: "POST",
    body: "{}",
    headers,
  });
  expect((await worker.fetch(request, { ...env, INSPECT_TOKEN: TOKEN })).status).toBe(415);
  const status = async (/** @type {string} */ path) =>
    (await ask(`api/${path}`, { token: TOKEN })).status;
  expect(await status("chat/a/send")).toBe(405);
  expect(await status("chat/a/toString")).toBe(404);
  expect(await status("nowhere/a")).toBe(404);
  expect(await status("chat/%E0")).toBe(404);
});

test("a room's state, connections and schedule are shown, and looking is no input", async () => {
  const ada = await connect(open, "/ws/chat/shown?userId=ada");
  ada.send({ _tag: "Say", text: "hello" });
  await ada.until(1);
  const before = await tell("chat/shown");
  expect(JSON.parse(before.state)).toMatchObject({ messageCount: 1 });
  expect(before.connections).toMatchObject({
    count: 1,
    first: [{ id: "ada", tags: ["user:ada"], state: { userId: "ada" } }],
  });
  expect((await tell("chat/shown")).counts).toEqual(before.counts);
  const { rooms } = await tell("rooms");
  expect(rooms).toContainEqual(
    expect.objectContaining({ room: "chat/shown", awake: true, connections: 1 }),
  );

  const cook = await connect(open, "/room/shown");
  cook.socket.send("/remind 60 tea");
  await cook.until(1);
  const { schedule, alarm } = await tell("reminders/shown");
  expect(schedule).toMatchObject({ pending: [{ payload: '"tea"', failures: 0 }], failed: [] });
  expect(alarm).toBe(schedule.pending[0].at);
});

test("a trace has a message's input and its effects in the order of their performance", async () => {
  await tell("chat/traced");
  const ada = await connect(open, "/ws/chat/traced?userId=ada");
  const bob = await connect(open, "/ws/chat/traced?userId=bob");
  ada.send({ _tag: "Say", text: "hello" });
  await bob.until(1);
  const { batches } = (await tell("chat/traced")).trace;
  const [first, , said] = batches.slice(-3);
  expect(first.effects.map((/** @type {any} */ { effect }) => effect)).toEqual([
    "state",
    "accept",
    "broadcast",
    "attach",
  ]);
  expect(first.names).toEqual({ 1: "ada" });
  expect(said).toMatchObject({
    fate: "done",
    inputs: [["text", 1, '{"_tag":"Say","text":"hello"}']],
    names: { 1: "ada" },
    reach: [2],
    left: 0,
  });
  expect(JSON.parse(said.before).messageCount).toBe(0);
  const [save, broadcast, ...others] = said.effects;
  expect(others).toEqual([]);
  expect(JSON.parse(save.json).messageCount).toBe(1);
  expect(broadcast).toMatchObject({ effect: "broadcast", tag: null, except: [] });
  expect(JSON.parse(broadcast.frame)).toMatchObject({ _tag: "Message", text: "hello" });
  // And no batch is told twice.
  expect((await tell(`chat/traced?since=${said.seq}`)).trace.batches).toEqual([]);
});

test("a trace outlives the room's sleep, and shows what woke it", async () => {
  await tell("chat/sleeper");
  const ada = await connect(open, "/ws/chat/sleeper?userId=ada");
  await settle();
  const since = (await tell("chat/sleeper")).trace.batches.at(-1).seq;
  await evictDurableObject(env.ROOMS.getByName("chat/sleeper"));
  await tell("rooms?watching=chat/sleeper");
  ada.send({ _tag: "Say", text: "good morning" });
  await ada.until(1);
  const { batches } = (await tell(`chat/sleeper?since=${since}`)).trace;
  const inputs = batches.flatMap((/** @type {any} */ batch) => batch.inputs);
  expect(inputs.map((/** @type {any} */ [name]) => name).sort()).toEqual(["alarmStands", "text"]);
});

test("what is large is cut short, and of many batches the last are kept", async () => {
  await tell("chat/large");
  const ada = await connect(open, "/ws/chat/large?userId=ada");
  const text = "x".repeat(10_000);
  await tell("chat/large/broadcast", { message: { _tag: "Typing", userId: text } });
  await ada.until(1);
  const { batches } = (await tell("chat/large")).trace;
  expect(batches.at(-1).inputs[0][1].length).toBeLessThan(5_000);
  expect(batches.at(-1).inputs[0][1]).toMatch(/… \(10\d\d\d characters\)$/);
  for (let i = 0; i < 220; i++) await tell("chat/large/send", { message: { _tag: "Typing" } });
  const { trace } = await tell("chat/large");
  expect(trace.batches.length).toBe(200);
});

test("a traced room behaves as one that is not", async () => {
  /** @param {string} id @param {boolean} traced */
  const live = async (id, traced) => {
    const look = async () => traced && (await tell(`chat/${id}`));
    await look();
    const ada = await connect(open, `/ws/chat/${id}?userId=ada`);
    const bob = await connect(open, `/ws/chat/${id}?userId=bob`);
    ada.send({ _tag: "Say", text: "one 🐭" });
    ada.send({ _tag: "Typing" });
    ada.send({ _tag: "Nonsense" });
    ada.socket.send(new Uint8Array([1, 2, 3]));
    await bob.until(2);
    await look();
    await evictDurableObject(env.ROOMS.getByName(`chat/${id}`));
    bob.send({ _tag: "Say", text: "two" });
    await bob.until(3);
    await look();
    bob.socket.close(4000, "bye");
    await bob.closed;
    await ada.until(6);
    await settle();
    const json = JSON.stringify([ada.frames, bob.frames]);
    return json.replaceAll(/1[67]\d{11}/g, "0");
  };
  expect(await live("watched", true)).toBe(await live("unwatched", false));
});

test("the actions act", async () => {
  const ada = await connect(open, "/ws/chat/acting?userId=ada");
  await tell("chat/acting/send", { message: { _tag: "Say", text: "hi" } });
  expect(await ada.until(1)).toMatchObject([{ text: "hi", userId: "system" }]);
  await tell("chat/acting/record", {});
  expect((await tell("chat/acting")).isRecorded).toBe(true);
  await tell("chat/acting/send", { message: { _tag: "Say", text: "again" } });
  const recording = await ask("api/chat/acting/recording", { token: TOKEN });
  expect(recording.headers.get("Content-Disposition")).toContain("chat-acting.jsonl");
  const lines = await recording.text();
  expect(lines).toContain("again");
  expect(lines).not.toContain(TOKEN);
  await tell("chat/acting/unrecord", {});
  expect((await tell("chat/acting")).isRecorded).toBe(false);
  const refused = await ask("api/chat/acting/send", { token: TOKEN, body: { message: { x: 1 } } });
  expect(refused.status).toBe(400);
});
