// What a client makes of what its server and its page say, on a clock of the test's.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RoomClient } from "../../../js/browser/room-client.js";
import { fakePage, settle } from "./fake-page.js";
import { FakeSocket } from "./fake-socket.js";

/** @type {RoomClient<any>[]} */
let clients = [];
/** @type {unknown[]} what the first told, in order */
let told = [];

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  FakeSocket.state = 1;
  clients = [];
  told = [];
});

afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

/**
 * @param {import("../../../js/browser/options.js").Options} [options]
 * @param {ReturnType<typeof fakePage>} [page]
 * @param {import("../../../js/browser/room-client.js").Address} [address]
 */
function open(options = {}, page = fakePage(), address = "http://room.test/ws") {
  /** @type {RoomClient<any>} */
  const client = new RoomClient(address, options, page);
  clients.push(client);
  client.on("message", (message) => told.push(message));
  client.on("reset", () => told.push("reset"));
  client.on("arrival", (how) => told.push(how));
  return client;
}

/** @param {Promise<void>} sent */
const outcome = (sent) =>
  sent.then(
    () => "stored",
    (error) => error.code,
  );

/** Until it has tried again. */
const retried = () => vi.advanceTimersByTimeAsync(15_000);

const fresh = { same: false, resumed: false };

test("it says where it was, and hears nothing twice", async () => {
  open();
  FakeSocket.last.greet({ offset: 4 });
  FakeSocket.last.hear("m5:five", "m6:6");
  FakeSocket.last.drop(1006);
  await retried();
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1", "dormouse.resume.5e.ab.6"]);
  FakeSocket.last.greet({ offset: 6, resumed: true, same: true });
  FakeSocket.last.hear("m6:6", "m7:seven");
  expect(told).toEqual([fresh, "five", 6, { same: true, resumed: true }, "seven"]);
});

test("a text is sent as it is, bytes as bytes, anything else as JSON", async () => {
  const client = open();
  FakeSocket.last.greet();
  for (const event of [
    "/remind 5 tea",
    { type: "join" },
    new Uint8Array([7, 8]),
    new Uint8Array([9]).buffer,
  ]) {
    client.send(event);
  }
  await settle();
  expect(FakeSocket.last.sent).toEqual([
    "s1:/remind 5 tea",
    's2:{"type":"join"}',
    new Uint8Array([0, 0, 0, 0, 0, 0, 0, 3, 7, 8]),
    new Uint8Array([0, 0, 0, 0, 0, 0, 0, 4, 9]),
  ]);
});

test("what cannot be sent is rejected, and takes no number", async () => {
  const client = open();
  FakeSocket.last.greet();
  /** @type {any} */
  const cycle = {};
  cycle.cycle = cycle;
  const sends = [undefined, () => {}, Symbol("s"), 10n, cycle, new Blob(["b"])].map((event) =>
    client.send(event),
  );
  const last = client.send("after all that");
  expect(await Promise.all(sends.map(outcome))).toEqual(Array(6).fill("not_sendable"));
  await settle();
  FakeSocket.last.hear("k1");
  expect([FakeSocket.last.sent, await outcome(last)]).toEqual([["s1:after all that"], "stored"]);
});

test("what a room of plain text says is left as it is", () => {
  open({ text: true });
  FakeSocket.last.greet();
  FakeSocket.last.hear("m1:42", 'm2:{"a":1}');
  expect(told).toEqual([fresh, "42", '{"a":1}']);
});

test.each(["state", "arrival", "presence", "reset", "message"])(
  "what is said in a listener of %s leaves after what waits",
  async (name) => {
    const client = open();
    FakeSocket.last.greet();
    FakeSocket.last.drop(1006);
    client.send("waits");
    client.on(/** @type {"state"} */ (name), () => void client.send("said in the listener"));
    await retried();
    FakeSocket.last.greet({ session: "other" });
    FakeSocket.last.hear("m1:x");
    await settle();
    expect(FakeSocket.last.sent.slice(0, 2)).toEqual([
      "s1:waits",
      expect.stringMatching(/^s2:said/),
    ]);
  },
);

test("a listener that throws keeps no other from hearing, and nothing from leaving", async () => {
  const page = fakePage();
  const client = open({}, page);
  for (const name of /** @type {const} */ (["state", "arrival", "message"])) {
    client.on(name, () => {
      throw new Error(`in ${name}`);
    });
  }
  client.on("message", (message) => told.push(`second: ${message}`));
  client.send("waits");
  FakeSocket.last.greet();
  FakeSocket.last.hear("m1:x", "k1");
  await settle();
  expect(FakeSocket.last.sent).toEqual(["s1:waits"]);
  expect(told).toEqual([fresh, "x", "second: x"]);
  expect(page.reported.map(String)).toEqual(
    ["state", "arrival", "message"].map((name) => `Error: in ${name}`),
  );
});

test("a send that nobody waits for is told as an error, and is no unhandled rejection", async () => {
  const client = open();
  /** @type {any[]} */
  const errors = [];
  client.on("error", (error) => errors.push(error));
  client.send("bye");
  client.close();
  await settle();
  expect(errors.map(({ code, mayBeHandled }) => [code, mayBeHandled])).toEqual([["closed", false]]);
});

test("what left is unknown after a close, and what never left is closed", async () => {
  const client = open({ buffer: 2 });
  FakeSocket.last.greet();
  const left = client.send("left");
  await settle();
  FakeSocket.last.drop(1006);
  const waits = client.send("waits");
  const more = client.send("one too many");
  client.close();
  expect(await Promise.all([left, waits, more].map(outcome))).toEqual([
    "unknown",
    "closed",
    "buffer_full",
  ]);
});

test("a time can be set: what never left is withdrawn, what left may yet be handled", async () => {
  const client = open();
  FakeSocket.last.greet();
  const left = client.send("left", { timeout: 500 });
  await settle();
  FakeSocket.last.drop(1006);
  const never = client.send("never", { timeout: 10 });
  await vi.advanceTimersByTimeAsync(500);
  const errors = await Promise.all([left, never].map((sent) => sent.catch((error) => error)));
  expect(errors.map(({ code, mayBeHandled }) => [code, mayBeHandled])).toEqual([
    ["timeout", true],
    ["timeout", false],
  ]);
  await retried();
  FakeSocket.last.greet({ resumed: true, same: true });
  expect(FakeSocket.last.sent).toEqual(["s1:left"]);
  expect(() => client.send("x", { timeout: Number.NaN })).toThrow(RangeError);
});

test("a room that keeps nothing is a room too", async () => {
  const client = open();
  const plain = { session: "", epoch: "", offset: 0 };
  FakeSocket.last.greet(plain);
  FakeSocket.last.hear("m0:one", "m0:one");
  FakeSocket.last.hear(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 33]).buffer);
  const left = client.send("left");
  const handled = client.send("handled");
  await settle();
  FakeSocket.last.hear('e1:{"code":"no","message":""}', "k1");
  FakeSocket.last.drop(1006);
  const waits = client.send("waits");
  await retried();
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1"]);
  FakeSocket.last.greet(plain);
  await settle();
  expect(FakeSocket.last.sent).toEqual(["s1:waits"]);
  FakeSocket.last.hear("k1");
  expect(await Promise.all([left, handled, waits].map(outcome))).toEqual([
    "no",
    "unknown",
    "stored",
  ]);
  expect(told).toEqual([fresh, "one", "one", expect.any(ArrayBuffer), fresh, "reset"]);
});

test("fleeting messages of a room that keeps others move no place", async () => {
  open();
  FakeSocket.last.greet();
  FakeSocket.last.hear("m3:kept", "m0:fleeting", "m3:again", "m0:fleeting");
  FakeSocket.last.drop(1006);
  await retried();
  expect(told).toEqual([fresh, "kept", "fleeting", "fleeting"]);
  expect(FakeSocket.last.protocols[1]).toBe("dormouse.resume.5e.ab.3");
});

test("frames of kinds that came later are left alone", () => {
  const client = open();
  FakeSocket.last.greet();
  FakeSocket.last.hear("", "z", "?{}", "s1:x", new ArrayBuffer(3), "m1:x");
  expect([client.state, told]).toEqual(["open", [fresh, "x"]]);
});

test.each(["h{", 'h{"session":5}', "m:x", "mx:y", "kx", "e1:{", "hnull"])(
  "a frame that cannot be read, %s, is a lost line and no exception",
  async (frame) => {
    const client = open();
    FakeSocket.last.greet();
    FakeSocket.last.hear(frame);
    expect(client.state).toBe("resuming");
    await retried();
    expect(FakeSocket.made.length).toBe(2);
  },
);

test("one send over the room's limit is rejected, and nothing else", async () => {
  const client = open();
  const early = client.send("ä".repeat(6));
  FakeSocket.last.greet({ limit: 10 });
  const sends = ["fits", "x".repeat(11), new Uint8Array(11), "🐭🐭", "🐭🐭🐭"].map((event) =>
    client.send(event),
  );
  await settle();
  FakeSocket.last.hear("k2");
  const error = await early.catch((error) => error);
  expect([error.code, error.limit, error.size]).toEqual(["frame_too_large", 10, 12]);
  expect(await Promise.all(sends.map(outcome))).toEqual([
    "stored",
    "frame_too_large",
    "frame_too_large",
    "stored",
    "frame_too_large",
  ]);
  expect(FakeSocket.last.sent).toEqual(["s1:fits", "s2:🐭🐭"]);
});

test("a line that is closed with 1009 costs the largest send alone, unless it was handled", async () => {
  const client = open();
  FakeSocket.last.greet();
  const sends = ["a", "large", "c"].map((event) => client.send(event));
  await settle();
  FakeSocket.last.drop(1009, "too large");
  await retried();
  FakeSocket.last.greet({ resumed: true, same: true });
  // Nothing after it leaves before the room has said how far it is.
  expect(FakeSocket.last.sent).toEqual(["s1:a"]);
  FakeSocket.last.hear("k1");
  await settle();
  expect(FakeSocket.last.sent).toEqual(["s1:a", "s2:c"]);
  FakeSocket.last.hear("k2");
  expect(await Promise.all(sends.map(outcome))).toEqual(["stored", "frame_too_large", "stored"]);
});

test("a hello that says how far the room is spares what was handled", async () => {
  const client = open();
  FakeSocket.last.greet();
  const sends = ["a", "b"].map((event) => client.send(event));
  await settle();
  FakeSocket.last.drop(1006);
  await retried();
  FakeSocket.last.greet({ resumed: true, same: true, handled: 1 });
  expect(FakeSocket.last.sent).toEqual(["s2:b"]);
  FakeSocket.last.hear("k1", "k2");
  expect(await Promise.all(sends.map(outcome))).toEqual(["stored", "stored"]);
});

test("who finds the session in use by another begins one of its own", async () => {
  const client = open();
  FakeSocket.last.greet();
  const sent = client.send("in doubt");
  await settle();
  FakeSocket.last.drop(1012, "taken over by a newer socket");
  await retried();
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1"]);
  FakeSocket.last.greet({ session: "other" });
  expect(await outcome(sent)).toBe("unknown");
  expect(told.slice(1)).toEqual([fresh, "reset"]);
});

test("a try that was given up and reaches the room late takes the session from nobody else", async () => {
  const client = open();
  FakeSocket.last.greet();
  FakeSocket.last.drop(1006);
  await retried();
  // Its upgrade is still on its way.
  FakeSocket.last.drop(1006);
  const sent = client.send("in doubt");
  await retried();
  FakeSocket.last.greet({ resumed: true, same: true, handled: 0 });
  await settle();
  FakeSocket.last.drop(1012, "taken over by a newer socket");
  await retried();
  expect(FakeSocket.last.protocols[1]).toBe("dormouse.resume.5e.ab.0");
  FakeSocket.last.greet({ resumed: true, same: true, handled: 1 });
  FakeSocket.last.hear("k1");
  expect(await outcome(sent)).toBe("stored");
  // Once: whoever takes it again is another.
  FakeSocket.last.drop(1012, "taken over by a newer socket");
  await retried();
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1"]);
});

test("a close event may lack what React Native's lack", async () => {
  const client = open();
  FakeSocket.last.greet();
  FakeSocket.last.onclose({ message: "The operation could not be completed" });
  expect([client.state, client.why]).toEqual(["resuming", "the line is lost"]);
  await retried();
  FakeSocket.last.onclose(undefined);
  await retried();
  expect(FakeSocket.made.length).toBe(3);
});

test("a line on which nothing can be asked is not given up for being silent", async () => {
  open();
  FakeSocket.last.greet();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(FakeSocket.made.length).toBe(1);
  expect(FakeSocket.last.sent).toEqual([]);
});

test("a line on which nothing answers is given up", async () => {
  const client = open();
  FakeSocket.last.greet({ ping: ["?", "!"] });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(FakeSocket.last.sent).toEqual(["?"]);
  FakeSocket.last.hear("!");
  await vi.advanceTimersByTimeAsync(28_000);
  expect(client.state).toBe("resuming");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(FakeSocket.made.length).toBe(2);
});

test("offline is a hint: what answers is not given up", async () => {
  const page = fakePage();
  const client = open({}, page);
  FakeSocket.last.greet({ ping: ["?", "!"] });
  page.fire("offline");
  expect(FakeSocket.last.sent).toEqual(["?"]);
  FakeSocket.last.hear("!");
  const sent = client.send("goes out");
  await settle();
  FakeSocket.last.hear("k1");
  expect([await outcome(sent), client.state, FakeSocket.made.length]).toEqual([
    "stored",
    "open",
    1,
  ]);
  // And where it is true, three seconds show it.
  await vi.advanceTimersByTimeAsync(1_000);
  page.fire("offline");
  await vi.advanceTimersByTimeAsync(3_000);
  expect(client.state).toBe("resuming");
});

test.each(["online", "visibilitychange", "pageshow"])(
  "%s ends the waiting for the next try",
  async (event) => {
    const page = fakePage({ Math: { random: () => 0.99 } });
    open({}, page);
    for (let i = 0; i < 6; i++) {
      FakeSocket.last.drop(1006);
      await vi.advanceTimersByTimeAsync(i < 5 ? 15_000 : 2_000);
    }
    const before = FakeSocket.made.length;
    page.fire(event);
    page.fire(event);
    expect(FakeSocket.made.length).toBe(before + 1);
  },
);

test("pauses grow until a line has held, and the first is spread by chance", async () => {
  const pauses = async (/** @type {number} */ random, /** @type {number} */ uptime) => {
    const page = fakePage({ Math: { random: () => random } });
    const client = open({ minUptime: 5_000 }, page);
    const gaps = [];
    for (let i = 0; i < 5; i++) {
      FakeSocket.last.greet();
      await vi.advanceTimersByTimeAsync(uptime);
      FakeSocket.last.drop(1011);
      const from = Date.now();
      const { length } = FakeSocket.made;
      while (FakeSocket.made.length === length) await vi.advanceTimersByTimeAsync(50);
      gaps.push(Date.now() - from);
    }
    client.close();
    return gaps;
  };
  expect(await pauses(0.999, 10)).toEqual([1_500, 3_000, 6_000, 12_000, 15_000]);
  expect(await pauses(0.999, 6_000)).toEqual(Array(5).fill(1_500));
  expect((await pauses(0.5, 6_000))[0]).toBe(750);
});

test("a server that closes whoever comes is asked a few times a minute", async () => {
  open();
  for (let at = 0; at < 60_000; at += 10) {
    FakeSocket.last.greet();
    if (FakeSocket.last.readyState === 1) FakeSocket.last.drop(1011);
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(FakeSocket.made.length).toBeLessThan(12);
});

test("a close that is meant to last is not answered by another try, until somebody asks for it", async () => {
  const client = open();
  FakeSocket.last.greet();
  FakeSocket.last.drop(1008, "be gone");
  await retried();
  expect([client.state, client.why, FakeSocket.made.length]).toEqual(["closed", "be gone", 1]);
  client.reconnect();
  expect([client.state, FakeSocket.made.length]).toEqual(["connecting", 2]);
});

test("reconnect() by hand does not wait, and a client may begin closed", () => {
  const client = open({ connect: false });
  expect([client.state, FakeSocket.made.length]).toEqual(["closed", 0]);
  client.reconnect();
  FakeSocket.last.drop(1006);
  client.reconnect();
  expect([client.state, FakeSocket.made.length]).toEqual(["connecting", 2]);
});

test("it may give up: after so many tries, or after so long", async () => {
  const client = open({ maxTries: 2 });
  FakeSocket.last.drop(1006);
  await retried();
  FakeSocket.last.drop(1006);
  expect([client.state, client.code]).toEqual(["closed", "gave_up"]);
  const other = open({ giveUpAfter: 4_000 });
  FakeSocket.last.greet();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(other.state).toBe("open");
  FakeSocket.last.drop(1006);
  await vi.advanceTimersByTimeAsync(4_000);
  expect([other.state, other.code]).toEqual(["closed", "gave_up"]);
});

test("all it does can be listened to", () => {
  /** @type {any[]} */
  const entries = [];
  open({ debug: (entry) => void entries.push(entry) });
  FakeSocket.last.greet();
  expect(entries.map(({ inputs }) => inputs[0].type)).toEqual(["reconnect", "address", "frame"]);
  expect(entries[1].outputs[0]).toMatchObject({ do: "open", url: "ws://room.test/ws" });
});

test("addresses are taken as people write them", () => {
  const page = fakePage();
  const addresses = [
    "/ws?a=1#part",
    "https://room.test/ws#x",
    "wss://room.test/ws",
    new URL("http://room.test/ws"),
  ];
  for (const address of addresses) open({}, page, address);
  expect(FakeSocket.made.map(({ url }) => url)).toEqual([
    "ws://room.test/ws?a=1",
    "wss://room.test/ws",
    "wss://room.test/ws",
    "ws://room.test/ws",
  ]);
  open({ protocols: ["token.abc"] });
  expect(FakeSocket.last.protocols).toEqual(["dormouse.1", "token.abc"]);
  expect(() => open({}, fakePage({ location: undefined }), "/ws")).toThrow("Invalid URL");
  expect(() => open({}, fakePage({ WebSocket: undefined }))).toThrow("there is no WebSocket here");
});
