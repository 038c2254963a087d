// What a client makes of what its server says, on a clock of the test's.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RoomClient } from "../../../js/browser/room-client.js";
import { FakeSocket } from "./fake-socket.js";

/** @type {RoomClient<any>} */
let client;
/** @type {unknown[]} what it told, in order */
let told;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  told = [];
  client = new RoomClient("http://room.test/ws", { WebSocket: /** @type {any} */ (FakeSocket) });
  client.on("message", (message) => told.push(message));
  client.on("reset", () => told.push("reset"));
  client.on("arrival", (how) => told.push(how));
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

/** Until it has tried again. */
const retried = () => vi.advanceTimersByTime(15_000);

test("it says where it was, and hears nothing twice", () => {
  FakeSocket.last.greet({ offset: 4 });
  FakeSocket.last.hear("m5:five", "m6:6");
  FakeSocket.last.drop(1006);
  retried();
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1", "dormouse.resume.5e.ab.6"]);
  FakeSocket.last.greet({ offset: 6, resumed: true, same: true });
  FakeSocket.last.hear("m6:6", "m7:seven");
  const fresh = { same: false, resumed: false };
  expect(told).toEqual([fresh, "five", 6, { same: true, resumed: true }, "seven"]);
});

test("it tells a page whether the room takes it for the one from before", () => {
  FakeSocket.last.greet();
  FakeSocket.last.drop(1006);
  retried();
  FakeSocket.last.greet({ resumed: true });
  expect(told).toEqual([
    { same: false, resumed: false },
    { same: false, resumed: true },
  ]);
});

test("a text is sent as it is, anything else as JSON", () => {
  FakeSocket.last.greet();
  client.send("/remind 5 tea").catch(() => {});
  client.send({ type: "join" }).catch(() => {});
  expect(FakeSocket.last.sent).toEqual(["s1:/remind 5 tea", 's2:{"type":"join"}']);
});

test("what a room of plain text says is left as it is", () => {
  const options = { WebSocket: /** @type {any} */ (FakeSocket), text: true };
  const reader = new RoomClient("http://room.test/ws", options);
  reader.on("message", (message) => told.push(message));
  FakeSocket.last.greet();
  FakeSocket.last.hear("m1:42", 'm2:{"a":1}');
  reader.close();
  expect(told).toEqual(["42", '{"a":1}']);
});

test("who finds the session in use by another begins one of its own", async () => {
  FakeSocket.last.greet();
  const sent = client.send("in doubt").catch(({ code }) => code);
  FakeSocket.last.drop(1012, "taken over by a newer socket");
  retried();
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1"]);
  FakeSocket.last.greet({ session: "other" });
  expect(await sent).toBe("unknown");
  expect(told.slice(1)).toEqual([{ same: false, resumed: false }, "reset"]);
});

test("a line on which nothing can be asked is not given up for being silent", () => {
  FakeSocket.last.greet();
  vi.advanceTimersByTime(600_000);
  expect(FakeSocket.made.length).toBe(1);
  expect(FakeSocket.last.sent).toEqual([]);
});

test("a line on which nothing answers is given up", () => {
  FakeSocket.last.greet({ ping: ["?", "!"] });
  vi.advanceTimersByTime(20_000);
  expect(FakeSocket.last.sent).toEqual(["?"]);
  FakeSocket.last.hear("!");
  vi.advanceTimersByTime(28_000);
  expect(FakeSocket.made.length).toBe(2);
  expect(client.state).toBe("resuming");
});

test("a close that is meant to last is not answered by another try", () => {
  FakeSocket.last.greet();
  FakeSocket.last.drop(1008, "be gone");
  retried();
  expect([client.state, client.why, FakeSocket.made.length]).toEqual(["closed", "be gone", 1]);
});
