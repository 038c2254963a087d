// What a client is told when it is made: nothing that is no time becomes one, and nothing makes a storm.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checked } from "../../../js/browser/options.js";
import { RoomClient } from "../../../js/browser/room-client.js";
import { fakePage } from "./fake-page.js";
import { FakeSocket } from "./fake-socket.js";

const times = /** @type {const} */ ([
  "pingEvery",
  "pongWithin",
  "slowest",
  "minUptime",
  "giveUpAfter",
]);
const noTimes = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 0.5, 2 ** 31, 1e300];
const noNumbers = ["20", null, {}, true, () => 1, 5n];

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => vi.useRealTimers());

test.each(times)("%s is a time in milliseconds, or an error that names it", (name) => {
  for (const value of noTimes) expect(() => checked({ [name]: value })).toThrow(RangeError);
  for (const value of noNumbers) {
    expect(() => checked(/** @type {any} */ ({ [name]: value }))).toThrow(TypeError);
    expect(() => checked(/** @type {any} */ ({ [name]: value }))).toThrow(name);
  }
  expect(checked({ [name]: undefined })).toEqual(checked({}));
  expect(checked({ [name]: 2_000 })[name]).toBe(2_000);
});

test("the others are checked as well", () => {
  for (const options of [{ buffer: 65 }, { buffer: 0 }, { maxTries: 0 }]) {
    expect(() => checked(options)).toThrow(RangeError);
  }
  const wrong = [{ key: 5 }, { text: "yes" }, { connect: 1 }, { protocols: "a" }, { probe: null }];
  for (const options of wrong) {
    expect(() => checked(/** @type {any} */ (options))).toThrow(Object.keys(options)[0]);
  }
});

test.each([...noTimes, ...noNumbers, undefined, 1_000, 2 ** 31 - 1])(
  "with %s for each of them there is no storm of looks or of sockets",
  async (value) => {
    for (const name of times) {
      /** @type {RoomClient<any> | undefined} */
      let client;
      FakeSocket.made = [];
      try {
        client = new RoomClient(
          "http://room.test",
          /** @type {any} */ ({ [name]: value }),
          fakePage(),
        );
      } catch {
        expect(FakeSocket.made.length).toBe(0);
        continue;
      }
      FakeSocket.last.greet({ ping: ["?", "!"] });
      let looks = 0;
      for (let i = 0; i < 600; i++) {
        const { last } = FakeSocket;
        if (last.sent.length > 0) last.hear("!");
        looks += last.sent.splice(0).length;
        await vi.advanceTimersByTimeAsync(100);
      }
      expect(looks).toBeLessThanOrEqual(60);
      expect(FakeSocket.made.length).toBe(1);
      client.close();
    }
  },
);
