// Closes of every kind, over TCP: each is answered within a second, and handled once.

import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer } from "../support/server.js";
import { connect, sleep } from "../support/socket.js";

/** @type {import("../support/server.js").Server} */
let server;

beforeAll(async () => {
  server = await startServer({ config: "tests/workerd/wrangler.jsonc" });
});

afterAll(() => server?.stop());

let made = 0;

/** Two clients in a room of their own: one that stays, one that will go. */
async function pair() {
  const room = `${server.url}/faulty/room-${++made}`;
  /** @param {string} id */
  const join = (id) =>
    connect(`${room}?options=${encodeURIComponent(JSON.stringify({ id, data: {} }))}`);
  const stays = await join("stays");
  const goes = await join("goes");
  const closes = async () => (await (await fetch(`${room}/state`)).json()).closes;
  return { stays, goes, closes };
}

/** @typedef {import("../support/socket.js").Client} Client */

/** @type {[string, (client: Client) => void, { code: number, reason: string } | null, object][]} */
const kinds = [
  [
    "with 1000",
    ({ socket }) => socket.close(1000),
    { code: 1000, reason: "" },
    { code: 1000, wasClean: true },
  ],
  [
    "with 4001 and a reason",
    ({ socket }) => socket.close(4001, "enough"),
    { code: 4001, reason: "enough" },
    { code: 4001, wasClean: true },
  ],
  [
    "without a code",
    ({ socket }) => socket.close(),
    { code: 1000, reason: "" },
    { code: 1005, wasClean: true },
  ],
  ["by a cut line", ({ socket }) => socket.terminate(), null, { code: 1006, wasClean: false }],
  [
    "by the room",
    ({ send }) => send({ _tag: "Close", code: 4009, reason: "out" }),
    { code: 4009, reason: "out" },
    { code: 4009, wasClean: true },
  ],
  [
    "for a frame that is too large",
    ({ socket }) => socket.send(Buffer.alloc(3 * 1024 * 1024)),
    { code: 1009, reason: "a frame of 3145728 bytes is over the limit of 65536: send it in parts" },
    { code: 1009, wasClean: true },
  ],
];

/**
 * @param {Awaited<ReturnType<typeof pair>>} clients
 * @param {(typeof kinds)[0]} kind
 */
async function expectOneClose({ stays, goes, closes }, [_, leave, answer, told]) {
  const start = Date.now();
  leave(goes);
  const closed = await goes.closed;
  if (answer) expect(closed).toEqual(answer);
  expect(await stays.until(1)).toEqual([{ _tag: "Closed", id: "goes", ...told }]);
  expect(Date.now() - start).toBeLessThan(1_000);
  await sleep(200);
  expect(stays.frames).toHaveLength(1);
  expect(await closes()).toBe(1);
}

test.each(kinds)("a close %s is answered and handled once", async (...kind) => {
  await expectOneClose(await pair(), kind);
});

test("closes of every kind are answered and handled once when they wake the object", async () => {
  const pairs = await Promise.all(kinds.map(async (kind) => ({ kind, clients: await pair() })));
  await sleep(12_000);
  await Promise.all(pairs.map(({ clients, kind }) => expectOneClose(clients, kind)));
});

test("a dead peer stops nobody's broadcast", async () => {
  const { stays, goes } = await pair();
  goes.socket.terminate();
  stays.send({ _tag: "Count" });
  stays.send({ _tag: "Count" });
  await stays.until(3);
  expect(stays.frames.filter(({ _tag }) => _tag === "Counted")).toHaveLength(2);
});
