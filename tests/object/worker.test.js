// What the Worker's side does without a module: names, origins, refusals, arguments.

import { describe, expect, test } from "vitest";
import { checkJson, checkOptionalText, checkWhole } from "../../js/base/arguments.js";
import { isJson } from "../../js/base/body.js";
import { isRead, RoomError } from "../../js/base/errors.js";
import { objectName } from "../../js/worker/names.js";
import { originAllowed } from "../../js/worker/origin.js";
import { cut, offered } from "../../js/worker/refuse.js";
import { roomClient } from "../../js/worker/rooms.js";

/** @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text).length;

describe("the name of an object", () => {
  test.each([
    ["chat", "lounge"],
    ["my-room_2", "a.b-c_d~e"],
    ["chat", "x".repeat(128)],
  ])("of %s and %s is both", (type, id) => {
    expect(objectName(type, id)).toBe(`${type}/${id}`);
  });

  test.each([
    ["chat", "", "InvalidRoomId"],
    ["chat", "a/b", "InvalidRoomId"],
    ["chat", "a b", "InvalidRoomId"],
    ["chat", "é", "InvalidRoomId"],
    ["chat", "a\n", "InvalidRoomId"],
    ["chat", "x".repeat(129), "InvalidRoomId"],
    ["", "a", "RoomNotFound"],
    ["ch/at", "a", "RoomNotFound"],
    ["nowhere", "a", "RoomNotFound"],
    [5, "a", "InvalidArgument"],
    ["chat", undefined, "InvalidArgument"],
    ["chat", { id: "a" }, "InvalidArgument"],
  ])("of %j and %j is none: %s", (type, id, name) => {
    const named = () =>
      objectName(/** @type {any} */ (type), /** @type {any} */ (id), (it) => it !== "nowhere");
    expect(named).toThrow(expect.objectContaining({ name }));
  });

  test("a long wrong id is not given back whole", () => {
    expect(() => objectName("chat", "🐭".repeat(5_000))).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ id: `${"🐭".repeat(200)}…` }) }),
    );
  });
});

describe("an origin", () => {
  const own = "https://rooms.example";
  const listed =
    "https://app.example/, HTTPS://Shop.Example https://beta.example:8443\nhttp://localhost:80 chrome-extension://ABCD";
  test.each([
    null,
    own,
    "HTTPS://ROOMS.EXAMPLE",
    "https://app.example",
    "https://app.example:443",
    "https://shop.example",
    "https://beta.example:8443",
    "http://localhost",
    "chrome-extension://abcd",
  ])("%s may connect", (origin) => {
    expect(originAllowed(origin, own, listed)).toBe(true);
  });

  test.each([
    "http://rooms.example",
    "https://rooms.example:8443",
    "https://rooms.example.evil.example",
    "https://evil.example/https://rooms.example",
    "https://rooms.example@evil.example",
    "https://beta.example",
    "https://sub.app.example",
    "https://app.example,",
    "chrome-extension://other",
    "null",
    "data:text/html,x",
    "",
    " ",
    "*",
  ])("%j may not", (origin) => {
    expect(originAllowed(origin, own, listed)).toBe(false);
    expect(originAllowed(origin, own)).toBe(false);
  });

  test("of anybody's may, where all are listed; and a list may be a list", () => {
    expect(originAllowed("https://evil.example", own, "https://app.example, *")).toBe(true);
    expect(originAllowed("null", own, "*")).toBe(true);
    expect(
      originAllowed("https://b.example", own, ["https://a.example", "https://b.example/"]),
    ).toBe(true);
  });
});

test("a body says that it is JSON with parameters or without, and HEAD reads as GET does", () => {
  /** @param {string} type */
  const says = (type) =>
    isJson(new Request("https://a.example", { headers: { "Content-Type": type } }));
  const json = ["application/json", "application/json; charset=utf-8", "Application/JSON;a=b"];
  expect(json.map(says)).toEqual([true, true, true]);
  const other = ["", "text/plain", "application/jsonp", "text/plain; application/json"];
  expect(other.map(says)).toEqual([false, false, false, false]);
  const methods = ["GET", "HEAD", "POST", "OPTIONS"];
  const read = methods.map((method) => isRead(new Request("https://a.example", { method })));
  expect(read).toEqual([true, true, false, false]);
});

test("the reason of a refusal is cut to what a close can carry, in whole characters", () => {
  expect(cut("short")).toBe("short");
  for (let before = 118; before < 124; before++) {
    const reason = cut(`${"x".repeat(before)}🐭🐭`);
    expect(bytesOf(reason)).toBeLessThanOrEqual(123);
    expect(reason.isWellFormed()).toBe(true);
    expect(bytesOf(reason)).toBeGreaterThan(119 - 1);
  }
});

test("what a client offers is a list", () => {
  const request = (/** @type {string} */ value) =>
    new Request("https://x.example", { headers: { "Sec-WebSocket-Protocol": value } });
  expect(offered(request("a,b , c"))).toEqual(["a", "b", "c"]);
  expect(offered(new Request("https://x.example"))).toEqual([]);
});

describe("arguments", () => {
  const circle = /** @type {any} */ ({});
  circle.self = circle;
  test.each([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    ["a number over all", 10n],
    ["a circle", circle],
    ["half a character", { text: "a\ud83d" }],
    ["half a character as a key", { "\udc2d": 1 }],
    ["half a character behind a backslash", "\\\ud83d"],
  ])("%s is no message", (_, value) => {
    expect(() => checkJson("message", value)).toThrow(
      expect.objectContaining({
        name: "InvalidArgument",
        status: 400,
        message: expect.stringMatching(/^message is /),
      }),
    );
  });

  test.each([
    [null],
    [0],
    [""],
    ["🐭"],
    ["\\ud83d"],
    ["\\\\ud83d"],
    ["\u2028\ufeff\0"],
    [{ a: [1] }],
  ])("%j is one, as it is", (value) =>
    expect(checkJson("message", value)).toBe(JSON.stringify(value)),
  );

  test("a tag is a text or none, a limit whole and within its bounds, and the error names them", () => {
    expect(checkOptionalText("tag", undefined)).toBe(undefined);
    expect(() => checkOptionalText("tag", 5)).toThrow("tag is a text, and not 5");
    for (const wrong of [0, -1, 1.5, 501, Number.NaN, Infinity, "5", null, 5n, {}]) {
      expect(() => checkWhole("limit", wrong, { most: 500 })).toThrow(
        "limit is a whole number from 1 to 500",
      );
    }
  });

  test("no wrong argument of a call reaches an object", async () => {
    let calls = 0;
    const object = new Proxy({}, { get: () => () => calls++ });
    const rooms = roomClient(/** @type {any} */ ({ getByName: () => object }));
    const room = /** @type {any} */ (rooms.room("chat"));
    const wrong = [undefined, () => 1, 10n, Symbol("x")];
    const tries = [
      ...wrong.map((it) => () => room.send("a", it)),
      ...wrong.map((it) => () => room.broadcast("a", it)),
      ...[5, {}, [], true].map((it) => () => room.broadcast("a", "hi", it)),
      ...[5, {}, []].map((it) => () => room.getConnections("a", it)),
      ...[5, undefined, null, {}].map((it) => () => room.getState(it)),
      ...[5, undefined, {}].map((it) => () => room.getHistory("a", it)),
      ...[{ limit: 501 }, { before: 0 }, { limit: "x" }, null, 5].map(
        (it) => () => room.getHistory("a", "said", it),
      ),
      ...[{ inputs: 0 }, { inputs: "all" }, null].map((it) => () => room.startRecording("a", it)),
    ];
    for (const attempt of tries) {
      const error = await attempt().then(
        () => "nothing",
        (/** @type {unknown} */ it) => it,
      );
      expect(error).toBeInstanceOf(RoomError);
      expect(/** @type {RoomError} */ (error).status).toBe(400);
    }
    expect(calls).toBe(0);
  });
});

describe("an object that cannot be reached", () => {
  /**
   * Rooms whose object fails so many times.
   *
   * @param {number} times
   * @param {object} how what the platform says of its error
   */
  const failing = (times, how) => {
    let tries = 0;
    let stubs = 0;
    const fail = async () => {
      tries += 1;
      if (tries <= times) throw Object.assign(new Error("the object is elsewhere"), how);
      return { ok: 7 };
    };
    const stub = {
      getState: fail,
      send: fail,
      fetch: async () => new Response(String((await fail()).ok)),
    };
    const getByName = () => {
      stubs += 1;
      return stub;
    };
    const namespace = { getByName };
    const room = roomClient(/** @type {any} */ (namespace)).room("chat");
    return { room, tries: () => tries, stubs: () => stubs };
  };
  const upgrade = () =>
    new Request("https://a.example/ws", {
      headers: { Upgrade: "websocket", Origin: "https://a.example" },
    });

  test("is asked again, by another stub, where that may help and is safe", async () => {
    const reading = failing(2, { retryable: true });
    expect(await reading.room.getState("a")).toBe(7);
    expect([reading.tries(), reading.stubs()]).toEqual([3, 3]);
    const coming = failing(1, { retryable: true });
    expect(await (await coming.room.upgrade("a", upgrade())).text()).toBe("7");
  });

  test("is not asked again where it may have done what it was asked, nor for ever", async () => {
    for (const [times, how, ask, tries] of /** @type {const} */ ([
      [1, { retryable: true }, "send", 1],
      [9, { retryable: true }, "getState", 3],
      [9, {}, "getState", 1],
    ])) {
      const { room, tries: asked } = failing(times, how);
      await expect(room[ask]("a", {})).rejects.toThrow("elsewhere");
      expect(asked()).toBe(tries);
    }
  });

  test("for all that it has to do is a 503 that says when to come back, asked once", async () => {
    for (const ask of /** @type {const} */ (["send", "getState"])) {
      const { room, tries } = failing(9, { overloaded: true, retryable: true });
      const refused = { code: "overloaded", status: 503 };
      await expect(room[ask]("a", {})).rejects.toMatchObject(refused);
      expect(tries()).toBe(1);
    }
    const { room } = failing(9, { overloaded: true });
    const response = await room.upgrade("a", upgrade());
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "5"]);
  });
});
