// The server is killed in the middle of things, and started again on the same storage: what anybody
// was told of is there, and nothing is there by half.

import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../support/socket.js";
import { bundle, makeFolder, remove, startWorkerd } from "../support/workerd.js";

/** @typedef {import("../support/socket.js").Client} Client */

/** @type {string} */
let worker;
/** @type {string} */
let storage;
/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(() => {
  worker = bundle();
  storage = makeFolder();
});

afterAll(async () => {
  await server?.kill();
  for (const folder of [worker, storage]) remove(folder);
});

/**
 * Clients that say one thing after the other, some of them on their way at any time, until one has
 * heard so many of all of them; then the server is killed.
 *
 * @param {Client[]} clients
 * @param {object} talk
 * @param {number} talk.ahead how many of a client's are on their way at a time
 * @param {number} talk.most how many a client says at most
 * @param {number} talk.until how many are heard before the kill
 * @param {(client: number, i: number) => object} talk.say
 * @param {(frame: any) => string | undefined} talk.textOf
 */
async function talkUntilKilled(clients, { ahead, most, until, say, textOf }) {
  /** @type {string[]} */
  const sent = [];
  /** @type {string[][]} */
  const heard = clients.map(() => []);
  await new Promise((enough) => {
    clients.forEach((client, c) => {
      let said = 0;
      const next = () => {
        if (said === most) return;
        const frame = say(c, said++);
        sent.push(/** @type {string} */ (textOf(frame)));
        client.send(frame);
      };
      client.socket.on("message", (data) => {
        const text = textOf(JSON.parse(String(data)));
        if (text === undefined) return;
        heard[c]?.push(text);
        if (text.startsWith(`${c}:`)) next();
        if (heard[c]?.length === until) enough(undefined);
      });
      for (let i = 0; i < ahead; i++) next();
    });
  });
  await server.kill();
  // What had left the server before it died still arrives.
  await Promise.all(clients.map(({ closed }) => closed));
  return { sent, heard: longest(heard), all: heard };
}

/** @param {string[][]} lists */
const longest = (lists) => lists.reduce((one, other) => (other.length > one.length ? other : one));

test("the count that a room stores holds all that was answered, after each of three kills", async () => {
  let count = 0;
  for (let round = 0; round < 3; round++) {
    server = await startWorkerd(worker, storage);
    const room = `${server.url}/ws/chat/kill`;
    const clients = await Promise.all(
      Array.from({ length: 10 }, (_, c) => connect(`${room}?userId=user-${c}`)),
    );
    const { sent, heard, all } = await talkUntilKilled(clients, {
      ahead: 5,
      most: Number.POSITIVE_INFINITY,
      until: 2_000 + round * 37,
      say: (c, i) => ({ _tag: "Say", text: `${c}:${i}` }),
      textOf: ({ text }) => text,
    });
    expect(new Set(heard).size).toBe(heard.length);
    for (const list of all) expect(list).toEqual(heard.slice(0, list.length));

    server = await startWorkerd(worker, storage);
    const api = `${server.url}/api/chat/kill`;
    const { messageCount } = await (await fetch(`${api}/state`)).json();
    expect(messageCount - count).toBeGreaterThanOrEqual(heard.length);
    expect(messageCount - count).toBeLessThanOrEqual(sent.length);
    // Its sockets died with it.
    expect(await (await fetch(`${api}/connections`)).json()).toEqual([]);
    count = messageCount;
    await server.kill();
  }
});

test("the rows that anybody heard are all in the history, whole, in order and once", async () => {
  server = await startWorkerd(worker, storage);
  const path = "/rooms/kill/ws";
  const clients = await Promise.all(
    Array.from({ length: 10 }, () => connect(`${server.url}${path}`)),
  );
  for (const [c, { send, until }] of clients.entries()) {
    send({ type: "join", name: `user-${c}` });
    await until(2);
  }

  const filler = "x".repeat(4_000);
  const { sent, heard } = await talkUntilKilled(clients, {
    // Its rate limit lets ten a client pass at once, and its backlog tells a hundred.
    ahead: 2,
    most: 10,
    until: 50,
    say: (c, i) => ({ type: "chat", message: `${c}:${i} ${filler}` }),
    textOf: ({ type, message }) => (type === "chat" ? message : undefined),
  });
  expect(sent.length).toBeGreaterThan(heard.length);

  server = await startWorkerd(worker, storage);
  const late = await connect(`${server.url}${path}`);
  late.send({ type: "join", name: "late" });
  // After the rows: that it joined, and who is there.
  await expect.poll(() => late.frames.at(-1)?.type).toBe("users");
  const rows = late.frames.filter(({ type }) => type === "chat");
  const texts = rows.map(({ message }) => message);
  expect(texts.slice(0, heard.length)).toEqual(heard);
  // Those that were stored and not heard any more were said, and are as whole as the others.
  expect(new Set(texts).size).toBe(texts.length);
  for (const { message, from, timestamp } of rows) {
    expect(sent).toContain(message);
    expect(from).toBe(`user-${message[0]}`);
    expect(timestamp).toBeGreaterThan(0);
  }
  expect(rows.map(({ timestamp }) => timestamp)).toEqual(
    rows.map(({ timestamp }) => timestamp).sort((one, other) => one - other),
  );
  // Numbers go on where they were: a new row comes last.
  late.send({ type: "chat", message: "afterwards" });
  await expect.poll(() => late.frames.at(-1)?.message).toBe("afterwards");
  const last = await connect(`${server.url}${path}`);
  last.send({ type: "join", name: "last" });
  await expect.poll(() => last.frames.at(-1)?.type).toBe("users");
  const told = last.frames.filter(({ type }) => type === "chat").map(({ message }) => message);
  expect(told).toEqual([...texts, "afterwards"].slice(-100));
});
