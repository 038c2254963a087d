// A session that outlives its page: reloads, copies of tabs, the way back, and storages that are none.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RoomClient } from "../../../js/browser/room-client.js";
import { fakeLocks, fakePage, fakeStorage, settle } from "./fake-page.js";
import { FakeSocket } from "./fake-socket.js";

/** @type {RoomClient<any>[]} */
const clients = [];
let storage = fakeStorage();
let shared = fakeStorage();
let locks = fakeLocks();

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  [storage, shared, locks] = [fakeStorage(), fakeStorage(), fakeLocks()];
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  vi.useRealTimers();
});

/** @param {Partial<import("../../../js/browser/page.js").Page>} [differs] */
async function open(differs) {
  const page = fakePage({
    sessionStorage: storage,
    localStorage: shared,
    navigator: { locks },
    Math,
  });
  // Not by looking at them: there are storages that throw then.
  Object.defineProperties(page, Object.getOwnPropertyDescriptors(differs ?? {}));
  const client = new RoomClient("/ws", { key: "k" }, page);
  clients.push(client);
  await settle();
  return { client, page, socket: FakeSocket.last };
}

/** What is kept. */
const kept = () => JSON.parse(storage.getItem("dormouse:k") ?? "null");

test("after a reload numbers go on, and what was not settled is sent again and settled there", async () => {
  const before = await open();
  before.socket.greet();
  for (const event of ["one", { two: 2 }, new Uint8Array([3])]) before.client.send(event);
  await settle();
  before.socket.hear("k1", "m8:x");
  before.page.fire("pagehide");
  await settle();
  /** @type {any[]} */
  const restored = [];
  const page = fakePage({ sessionStorage: storage, localStorage: shared, navigator: { locks } });
  const client = new RoomClient("/ws", { key: "k" }, page);
  clients.push(client);
  client.on("restored", (sends) => restored.push(...sends));
  client.send("four");
  await settle();
  expect(restored.map(({ message }) => message)).toEqual([{ two: 2 }, new Uint8Array([3]).buffer]);
  expect(FakeSocket.last.protocols[1]).toBe("dormouse.resume.5e.ab.8");
  FakeSocket.last.greet({ offset: 8, resumed: true, same: true });
  FakeSocket.last.hear('e2:{"code":"no","message":""}', "k3");
  await settle();
  expect(FakeSocket.last.sent).toEqual([
    's2:{"two":2}',
    new Uint8Array([0, 0, 0, 0, 0, 0, 0, 3, 3]),
    "s4:four",
  ]);
  await expect(restored[0].done).rejects.toMatchObject({ code: "no" });
  await restored[1].done;
  expect(client.pending.map(({ message }) => message)).toEqual(["four"]);
});

test("what leaves is kept before: a page that dies at once has used its number", async () => {
  const { client, socket } = await open();
  socket.greet();
  socket.send = (frame) => {
    expect([frame, kept().next]).toEqual(["s1:x", 2]);
    throw new Error("and that was its end");
  };
  client.send("x");
  await settle();
  expect(kept().sends.map((/** @type {any[]} */ [, number, payload]) => [number, payload])).toEqual(
    [[1, "x"]],
  );
});

test("what is kept may be older than what was sent: then nothing is said to be stored that is not", async () => {
  const first = await open();
  first.socket.greet();
  first.client.send("one");
  await settle();
  first.socket.hear("k1");
  const old = /** @type {string} */ (storage.getItem("dormouse:k"));
  first.page.fire("pagehide");
  await settle();
  storage.setItem("dormouse:k", old);
  const { client, socket } = await open();
  socket.greet({ resumed: true, same: true });
  const sent = client.send("two");
  await settle();
  expect(socket.sent).toEqual([]);
  // It has handled more than this page knows of.
  socket.hear("k5");
  await settle();
  expect(socket.sent).toEqual(["s6:two"]);
  socket.hear("k6");
  await sent;
});

test("a page that knows of no send of its session gives no number that was used", async () => {
  const first = await open();
  first.socket.greet();
  const old = /** @type {string} */ (storage.getItem("dormouse:k"));
  first.client.send("one");
  await settle();
  first.socket.hear("k1");
  first.page.fire("pagehide");
  await settle();
  storage.setItem("dormouse:k", old);
  const { client, socket } = await open();
  client.send("two");
  socket.greet({ resumed: true, same: true, handled: 1 });
  client.send("three");
  await settle();
  expect(socket.sent).toEqual(["s2:two", "s3:three"]);
});

test("a copy of a tab begins a session of its own, and sends nothing of the other's", async () => {
  const first = await open();
  first.socket.greet();
  first.client.send("once");
  await settle();
  const copy = fakeStorage();
  copy.setItem("dormouse:k", /** @type {string} */ (storage.getItem("dormouse:k")));
  const { client, socket } = await open({ sessionStorage: copy });
  expect([socket.protocols, client.pending]).toEqual([["dormouse.1"], []]);
  socket.greet({ session: "other" });
  client.send("mine");
  await settle();
  expect(socket.sent).toEqual(["s1:mine"]);
});

test("of a session that was left, one copy is taken", async () => {
  const first = await open();
  first.socket.greet();
  first.page.fire("pagehide");
  await settle();
  const copy = fakeStorage();
  copy.setItem("dormouse:k", /** @type {string} */ (storage.getItem("dormouse:k")));
  const second = await open({ sessionStorage: copy });
  expect(second.socket.protocols.length).toBe(2);
  second.page.fire("pagehide");
  await settle();
  const third = await open();
  expect(third.socket.protocols.length).toBe(1);
});

test("a page that comes back has its session, unless another went on with it", async () => {
  const { client, page, socket } = await open();
  socket.greet();
  const sent = client.send("x");
  await settle();
  page.fire("pagehide");
  await settle();
  socket.drop(1006);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.made.length).toBe(1);
  page.fire("pageshow");
  await settle();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([FakeSocket.made.length, FakeSocket.last.protocols.length]).toEqual([2, 2]);
  FakeSocket.last.greet({ resumed: true, same: true });
  page.fire("pagehide");
  await settle();
  const other = await open();
  other.socket.greet({ resumed: true, same: true });
  other.page.fire("pagehide");
  await settle();
  other.client.close();
  /** @type {unknown[]} */
  const resets = [];
  client.on("reset", () => resets.push(1));
  page.fire("pageshow");
  await expect(sent).rejects.toMatchObject({ code: "unknown" });
  await vi.advanceTimersByTimeAsync(1_000);
  FakeSocket.last.greet({ session: "new" });
  expect(resets).toEqual([1]);
});

const denied = () => {
  throw new Error("SecurityError");
};

/** @returns {any} what throws when it is but looked at */
const deniedStorage = () => ({
  get sessionStorage() {
    return denied();
  },
});

test.each([
  ["denied", deniedStorage()],
  ["full", { sessionStorage: { ...fakeStorage(), setItem: denied } }],
  ["absent", { sessionStorage: undefined }],
  ["broken", { sessionStorage: { ...fakeStorage(), getItem: () => "{" } }],
  [
    "of another version",
    { sessionStorage: { ...fakeStorage(), getItem: () => '{"version":7,"owner":"a"}' } },
  ],
  [
    "full of nonsense",
    {
      sessionStorage: {
        ...fakeStorage(),
        getItem: () => '{"version":1,"owner":"a","next":1,"place":7,"sends":[]}',
      },
    },
  ],
])("a storage that is %s keeps nobody from talking", async (_, differs) => {
  const { client, socket } = await open(/** @type {any} */ (differs));
  socket.greet();
  const sent = client.send("x");
  await settle();
  socket.hear("k1");
  await sent;
  expect(client.state).toBe("open");
});

test("whether a reload would find it is said", async () => {
  const { client, socket } = await open();
  socket.greet();
  expect(client.isKept).toBe(true);
  const without = await open({ navigator: {} });
  without.socket.greet();
  expect(without.client.isKept).toBe(false);
  const full = await open({ sessionStorage: { ...fakeStorage(), setItem: denied } });
  full.socket.greet();
  expect(full.client.isKept).toBe(false);
});
