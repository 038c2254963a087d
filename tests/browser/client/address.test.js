// Addresses that change, and upgrades that are refused: a refusal is told from a line that is down.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RoomClient } from "../../../js/browser/room-client.js";
import { fakePage, settle } from "./fake-page.js";
import { FakeSocket } from "./fake-socket.js";

/** @type {{ status: number, body?: unknown, headers?: Record<string, string> } | undefined} nobody answers */
let answer;
/** @type {string[]} */
let asked = [];
/** @type {RoomClient<any> | undefined} */
let client;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  // As a socket is before it is open.
  FakeSocket.state = 0;
  [asked, answer] = [[], undefined];
});

afterEach(() => {
  client?.close();
  FakeSocket.state = 1;
  vi.useRealTimers();
});

/**
 * @param {import("../../../js/browser/room-client.js").Address} [address]
 * @param {import("../../../js/browser/options.js").Options} [options]
 */
function open(address = "http://room.test/ws?id=ada", options = {}) {
  const fetch = /** @type {any} */ (
    async (/** @type {string} */ url, /** @type {any} */ { headers }) => {
      asked.push(`${url} ${headers.Accept}`);
      if (!answer) throw new TypeError("fetch failed");
      const { status, body, headers: own } = answer;
      return new Response(JSON.stringify(body ?? {}), { status, headers: own });
    }
  );
  class Socket extends FakeSocket {
    /** @param {any} url @param {string[]} protocols */
    constructor(url, protocols) {
      if (url.includes("none.test")) throw new SyntaxError("no address");
      super(url, protocols);
    }
  }
  client = new RoomClient(
    address,
    options,
    fakePage({ fetch, WebSocket: /** @type {any} */ (Socket) }),
  );
  return client;
}

const fail = async () => {
  FakeSocket.last.drop(1006);
  await settle();
};

/** Until it has tried again. */
const retried = () => vi.advanceTimersByTimeAsync(15_000);

test.each([401, 403, 409, 410, 451])(
  "an upgrade that the Worker refuses with %i is over, and says so",
  async (status) => {
    const it = open();
    answer = { status, body: { error: { code: "banned", message: "not you" } } };
    await fail();
    expect([it.state, it.why, it.status, it.code]).toEqual(["closed", "not you", status, "banned"]);
    expect(asked).toEqual(["http://room.test/ws?id=ada application/json"]);
    await retried();
    expect(FakeSocket.made.length).toBe(1);
  },
);

test.each([400, 404, 405])(
  "%i may be what a route says to who does not upgrade: it is believed the second time",
  async (status) => {
    const it = open();
    answer = { status };
    await fail();
    expect([it.state, it.status]).toEqual(["connecting", status]);
    await retried();
    await fail();
    expect([it.state, it.status]).toEqual(["closed", status]);
  },
);

test.each([200, 302, 426, undefined])(
  "with %s it was the line: it tries on, and asks seldom",
  async (status) => {
    const it = open();
    answer = status === undefined ? undefined : { status };
    for (let i = 0; i < 40; i++) {
      await fail();
      await retried();
    }
    expect(it.state).toBe("connecting");
    expect(it.why).toBe(status === undefined ? "the server cannot be reached" : "the line is lost");
    expect(FakeSocket.made.length).toBe(41);
    expect(asked.length).toBeLessThan(9);
  },
);

test.each([408, 429, 500, 503])(
  "%i means later, and as late as the server wishes",
  async (status) => {
    const it = open();
    answer = { status, headers: { "Retry-After": "60" } };
    await fail();
    expect([it.state, it.status]).toEqual(["connecting", status]);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(FakeSocket.made.length).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeSocket.made.length).toBe(2);
  },
);

test("of a refusal only its code and its message are taken", async () => {
  const it = open();
  const error = {
    type: "invalid",
    line: 1,
    asked: 0,
    status: 200,
    code: "banned",
    message: "not you",
  };
  answer = { status: 403, body: { error } };
  await fail();
  expect([it.state, it.status, it.code, it.why]).toEqual(["closed", 403, "banned", "not you"]);
});

test("a room says it by a close before its hello", async () => {
  const it = open();
  FakeSocket.last.readyState = 1;
  FakeSocket.last.onopen();
  FakeSocket.last.drop(4403, "banned: not you");
  expect([it.state, it.why, it.status, it.code]).toEqual(["closed", "not you", 403, "banned"]);
  const other = open();
  FakeSocket.last.onopen();
  FakeSocket.last.drop(4503, "room_full: later");
  expect([other.state, other.why, other.status, other.code]).toEqual([
    "connecting",
    "later",
    503,
    "room_full",
  ]);
  await retried();
  expect([FakeSocket.made.length, asked]).toEqual([3, []]);
});

test("who comes back may be refused as well", async () => {
  const it = open();
  FakeSocket.last.greet();
  FakeSocket.last.drop(1006);
  await retried();
  FakeSocket.last.onopen();
  FakeSocket.last.drop(4403, "demoted: no more");
  expect([it.state, it.status, it.code]).toEqual(["closed", 403, "demoted"]);
});

test("it need not ask", async () => {
  open(undefined, { probe: false });
  answer = { status: 403 };
  for (let i = 0; i < 3; i++) {
    await fail();
    await retried();
  }
  expect([asked, client?.state]).toEqual([[], "connecting"]);
});

test("a function is asked at each connect, and once more after a 401", async () => {
  let token = 0;
  const it = open(async () => `http://room.test/ws?token=${++token}`);
  await settle();
  FakeSocket.last.greet();
  FakeSocket.last.drop(1006);
  await retried();
  expect(FakeSocket.made.map(({ url }) => url)).toEqual([
    "ws://room.test/ws?token=1",
    "ws://room.test/ws?token=2",
  ]);
  FakeSocket.last.onopen();
  FakeSocket.last.drop(4401, "expired: too old");
  expect(it.state).toBe("resuming");
  await vi.advanceTimersByTimeAsync(1_000);
  answer = { status: 401 };
  FakeSocket.state = 0;
  await fail();
  expect(it.state).toBe("resuming");
  await vi.advanceTimersByTimeAsync(1_000);
  // Whoever gets no good one after that will get none.
  await fail();
  expect([it.state, it.status, token]).toEqual(["closed", 401, 4]);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("signed out");
    },
  ],
  ["rejects", () => Promise.reject(new Error("signed out"))],
  ["gives what no socket takes", async () => "http://none.test"],
])("a function that %s is a failed try", async (_, address) => {
  const it = open(/** @type {any} */ (address), { maxTries: 3 });
  await settle();
  expect([it.state, it.why]).toEqual([
    "connecting",
    expect.stringMatching(/signed out|no address/),
  ]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect([it.state, FakeSocket.made.length]).toEqual(["closed", 0]);
});

test("one that never answers is a failed try, too", async () => {
  let calls = 0;
  const it = open(() => {
    calls += 1;
    return new Promise(() => {});
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([calls, it.why]).toEqual([4, "no answer"]);
});
