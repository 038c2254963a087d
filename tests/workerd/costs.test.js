// What Cloudflare bills of a room: the rows that it writes and reads, as the runtime counts them, and how
// often it sets its alarm.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import page from "../../docs/guide/limits-and-costs.md?raw";
import { connect, settle } from "./client.js";

/** @typedef {{ written: number, read: number, alarms: number }} Bill */

/**
 * Counts what an object does while something happens to it.
 *
 * @param {DurableObjectStub} stub
 * @param {() => unknown} happen
 * @returns {Promise<Bill>}
 */
async function billOf(stub, happen) {
  await settle();
  /** @type {any[]} */
  const cursors = [];
  let alarms = 0;
  await runInDurableObject(stub, (object) => {
    const { storage } = /** @type {any} */ (object);
    const { sql } = storage.storage;
    /** @param {[string, ...unknown[]]} statement */
    const exec = (...statement) => {
      const cursor = sql.exec(...statement);
      cursors.push(cursor);
      return cursor;
    };
    Object.defineProperty(storage, "sql", { value: { exec }, configurable: true });
    storage.setAlarm = (/** @type {number} */ at) => {
      alarms += 1;
      void storage.storage.setAlarm(at);
    };
  });
  await happen();
  await settle();
  return {
    written: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    read: cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    alarms,
  };
}

/** What the page says, by the words of its row. */
const said = new Map(
  [...page.matchAll(/^\| (.+?) +\| +(\d+) +\| +(\d+) +\| +(\d+) +\|$/gm)].map(
    ([, what, written, read, alarms]) => [
      what,
      { written: Number(written), read: Number(read), alarms: Number(alarms) },
    ],
  ),
);

/** @type {Awaited<ReturnType<typeof connect>>} */
let ada;
const chat = env.ROOMS.getByName("chat/till");
const address = "/ws/chat/till?userId=";

beforeAll(async () => {
  ada = await connect(exports.default, `${address}ada`);
  ada.send({ _tag: "Say", text: "the first" });
});

/** @type {Record<string, () => Promise<Bill>>} */
const bills = {
  "a message that changes the state": () =>
    billOf(chat, () => ada.send({ _tag: "Say", text: "hello" })),
  "a message that only tells others": () => billOf(chat, () => ada.send({ _tag: "Typing" })),
  "a message that wakes the room and changes the state": async () => {
    await evictDurableObject(chat);
    return billOf(chat, () => ada.send({ _tag: "Say", text: "good morning" }));
  },
  "a connection that begins and ends": () =>
    billOf(chat, async () => {
      const bob = await connect(exports.default, `${address}bob`);
      bob.socket.close(1000, "bye");
    }),
  "a message to a room that numbers what it says": async () => {
    const { socket } = await connect(exports.default, `${address}eve`, {
      "Sec-WebSocket-Protocol": "dormouse.1",
    });
    const bill = await billOf(chat, () => ada.send({ _tag: "Say", text: "numbered" }));
    socket.close(1000, "bye");
    return bill;
  },
  "a row of a history": async () => {
    const fay = await connect(exports.default, "/rooms/till/ws?name=fay");
    fay.send({ type: "chat", message: "the first" });
    return billOf(env.ROOMS.getByName("history/till"), () =>
      fay.send({ type: "chat", message: "the second" }),
    );
  },
  "an alarm planned, and a state saved with it": async () => {
    const { socket } = await connect(exports.default, "/room/till");
    socket.send("/remind 100 tea");
    return billOf(env.ROOMS.getByName("reminders/till"), () => socket.send("/remind 50 water"));
  },
  "an alarm handled, and a state saved with it": async () => {
    const { socket, until } = await connect(exports.default, "/room/bell");
    socket.send("/remind 1 tea");
    return billOf(env.ROOMS.getByName("reminders/bell"), () => until(2));
  },
};

test.for(Object.keys(bills))("%s costs what the page says", async (what) => {
  expect(await bills[what]?.()).toEqual(said.get(what));
});
