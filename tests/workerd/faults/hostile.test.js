// What hostile visitors try on rooms, and what a recording of a room has in it.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { connect, upgrade } from "../client.js";
import { rooms } from "../worker.js";

const worker = /** @type {any} */ (exports).default;
const { ROOMS } = /** @type {any} */ (env);
const faulty = rooms(/** @type {any} */ (env)).room("faulty");
const relay = rooms(/** @type {any} */ (env)).room("relay");

let made = 0;

const newRoom = () => `hostile-${++made}`;

/**
 * @param {string} id
 * @param {string} options JSON
 */
const path = (id, options) => `/faulty/${id}?options=${encodeURIComponent(options)}`;

/** @param {number} depth */
const nested = (depth) => "[".repeat(depth) + "]".repeat(depth);

/** @param {number} count */
const tags = (count) => JSON.stringify(Array.from({ length: count }, (_, i) => `tag-${i}`));

test("nine tags of 256 bytes pass", async () => {
  const id = newRoom();
  const long = Array.from({ length: 9 }, (_, i) => `${i}`.padEnd(256, "x"));
  await connect(worker, path(id, JSON.stringify({ id: "ada", data: {}, tags: long })));
  expect(await faulty.getConnections(id, long[8])).toMatchObject([{ id: "ada", tags: long }]);
});

test.each([
  ["ten tags", `{"tags":${tags(10)}}`, "10 tags on a connection are over the limit of 9"],
  ["eleven tags", `{"tags":${tags(11)}}`, "11 tags on a connection are over the limit of 9"],
  ["a tag that is too long", `{"tags":["${"x".repeat(257)}"]}`, "a tag of 257 bytes"],
  ["the tag of another's id", String.raw`{"tags":["\u0001ada"]}`, "has a control character in it"],
  ["an id with a line break", String.raw`{"id":"a\nb"}`, "is not a connection id"],
  ["an id with a zero byte", String.raw`{"id":"ada\u0000"}`, "is not a connection id"],
  ["an empty id", '{"id":""}', "is not a connection id"],
  ["data that is nested too deep", `{"data":${nested(200)}}`, "recursion limit exceeded"],
  ["a field that is none", '{"admin":true}', "unknown field `admin`"],
  ["a prototype", '{"__proto__":{"id":"ada"}}', "unknown field `__proto__`"],
])("an upgrade with %s is refused with 400", async (_, options, reason) => {
  const id = newRoom();
  const ada = await connect(worker, path(id, '{"id":"ada","data":{}}'));
  const fields = JSON.stringify({ data: {} }).slice(1, -1);
  const rest = options.includes('"data"') ? "" : `${fields},`;
  const response = await upgrade(worker, path(id, `{${rest}${options.slice(1)}`));
  expect(response.status).toBe(400);
  const { error } = /** @type {any} */ (await response.json());
  expect(error.code).toBe("invalid_upgrade");
  expect(error.message).toContain(reason);
  expect(await faulty.getConnections(id)).toHaveLength(1);
  ada.send({ _tag: "Count" });
  expect(await ada.until(1)).toEqual([{ _tag: "Counted", count: 1 }]);
});

test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
  "a room that is talked into calling %s calls nothing",
  async (name) => {
    const id = newRoom();
    const here = await connect(worker, `/relay/${id}`);
    here.send({ _tag: "Call", function: name, argument: "x" });
    const none = `call: ${name} gave no answer: the Worker has no such function`;
    expect(await here.until(1)).toEqual([none]);
  },
);

test("a room that is talked into writing to what is no room writes to nobody", async () => {
  const here = await connect(worker, `/relay/${newRoom()}`);
  for (const room of ["../relay/x", "a/b", "", "a b", "x".repeat(129)]) {
    here.frames.length = 0;
    here.send({ _tag: "Hear", text: "psst", route: [room] });
    expect(await here.until(1)).toMatchObject([{ _tag: "Error", code: "invalid_room_id" }]);
  }
});

test("a key may be called anything, and reaches nothing but its own value", async () => {
  const id = newRoom();
  const here = await connect(worker, `/relay/${id}`);
  const keys = [
    "__proto__",
    "'; DROP TABLE room_values; --",
    "../state",
    "%",
    "_x",
    "\u0001last-letter",
  ];
  for (const key of keys) here.send({ _tag: "Note", key, text: "mine" });
  await evictDurableObject(ROOMS.getByName(`relay/${id}`));
  for (const key of keys) here.send({ _tag: "Notes", prefix: key, limit: 10, backwards: false });
  expect(await here.until(keys.length)).toEqual(keys.map((key) => `${key}=mine`));
  expect(await relay.getState(id)).toBeNull();
});

test("an answer of a function that is nested too deep costs nobody a socket", async () => {
  const id = newRoom();
  const here = await connect(worker, `/relay/${id}`);
  here.send({ _tag: "Call", function: "nested", argument: "126" });
  expect(await here.until(1)).toEqual([`call: ${nested(126)}`]);
  here.send({ _tag: "Call", function: "nested", argument: "1000" });
  here.send({ _tag: "Greet" });
  await expect.poll(() => here.frames).toContain("good evening");
  expect(await relay.getCount(id)).toBe(1);
});

test("a recording is bounded, and has the Worker's variables in it only if asked", async () => {
  const id = newRoom();
  const here = await connect(worker, `/relay/${id}`);
  for (let i = 0; i < 1_100; i++) {
    here.send({ _tag: "Note", key: `${i}`.padStart(4, "0"), text: "x".repeat(1_000) });
  }
  here.send({ _tag: "Greet" });
  await here.until(1);
  await relay.startRecording(id);
  expect(await relay.getRecording(id)).not.toContain("good evening");
  await relay.startRecording(id, { inputs: 10_000, config: true });
  const [line = ""] = (await relay.getRecording(id)).split("\n");
  const first = JSON.parse(line);
  expect(first.values).toHaveLength(1_000);
  expect(first.sockets).toHaveLength(1);
  expect(JSON.parse(first.config).GREETING).toBe("good evening");
  // By its size too: two parts of some four million characters are kept at most. One call after the
  // other, as a batch is a row.
  for (let i = 0; i < 300; i++) {
    await relay.send(id, { _tag: "Note", key: "large", text: "x".repeat(50_000) });
  }
  const size = (await relay.getRecording(id)).length;
  expect(size).toBeGreaterThan(4_000_000);
  expect(size).toBeLessThan(13_000_000);
});

test("a recording begins with the state, however much else there is, and takes one of any size", async () => {
  const id = newRoom();
  const ada = await connect(worker, path(id, '{"id":"ada","data":{}}'));
  ada.send({ _tag: "Count" });
  await ada.until(1);
  const state = JSON.stringify({ count: 7, closes: 0, handled: [], pad: '"🐭€'.repeat(200_000) });
  await runInDurableObject(ROOMS.getByName(`faulty/${id}`), (_, ctx) => {
    ctx.storage.sql.exec("UPDATE room_values SET json = ? WHERE key = 'state'", state);
    for (let i = 0; i < 1_100; i++) {
      ctx.storage.sql.exec("INSERT INTO room_values VALUES (?, '1')", `kind/${i}`);
    }
  });
  await faulty.startRecording(id);
  await evictDurableObject(ROOMS.getByName(`faulty/${id}`));
  ada.send({ _tag: "Count" });
  await ada.until(2);
  const lines = (await faulty.getRecording(id))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0].values[0]).toEqual(["state", state]);
  expect(lines.at(-1).inputs.at(-1)[0]).toBe("text");
});

test("a recording that cannot be written ends, and the room goes on", async () => {
  const id = newRoom();
  const ada = await connect(worker, path(id, '{"id":"ada","data":{}}'));
  await faulty.startRecording(id);
  await runInDurableObject(ROOMS.getByName(`faulty/${id}`), (_, ctx) => {
    ctx.storage.sql.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON room_recording BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
  });
  ada.send({ _tag: "Count" });
  ada.send({ _tag: "Count" });
  expect((await ada.until(2)).map(({ count }) => count)).toEqual([1, 2]);
});
