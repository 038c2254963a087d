// A room as a store, in the shapes that Svelte, Vue and Solid take, and React's hook on a server.

import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useRoom } from "../../../js/browser/react.js";
import { roomStore } from "../../../js/browser/store.js";
import { FakeSocket } from "./fake-socket.js";

const options = { WebSocket: /** @type {any} */ (FakeSocket) };

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});

afterEach(async () => {
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
});

test("a store tells at once and at each change, and its room is left after the last who looks", async () => {
  const store = roomStore("http://room.test/ws", options);
  expect(FakeSocket.made).toEqual([]);
  /** @type {[string, string[]][]} */
  const seen = [];
  // As Svelte's `$room` and Solid's `from(room)` do.
  const ends = [1, 2].map(() => store.subscribe(({ state, here }) => seen.push([state, here])));
  FakeSocket.last.greet({ here: ["ada"] });
  FakeSocket.last.hear("+bob");
  expect(FakeSocket.made.length).toBe(1);
  expect(seen.at(0)).toEqual(["connecting", []]);
  expect(seen.at(-1)).toEqual(["open", ["ada", "bob"]]);
  expect(store.getSnapshot()).toBe(store.getSnapshot());
  for (const end of ends) end();
  for (const end of ends) end();
  await vi.advanceTimersByTimeAsync(1);
  expect([FakeSocket.last.readyState, store.client]).toEqual([3, undefined]);
  await expect(store.send("late")).rejects.toMatchObject({ code: "closed" });
});

test("who looks away and back at once has not been away", async () => {
  const store = roomStore("http://room.test/ws", options);
  store.subscribe(() => {})();
  const end = store.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(10);
  expect([FakeSocket.made.length, FakeSocket.last.readyState]).toEqual([1, 1]);
  end();
});

test("what is sent before anybody looks goes out", async () => {
  const store = roomStore("http://room.test/ws", options);
  const sent = store.send("early");
  const end = store.subscribe(() => {});
  FakeSocket.last.greet();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(FakeSocket.last.sent).toEqual(["s1:early"]);
  FakeSocket.last.hear("k1");
  await sent;
  end();
});

test("a reset is a change, and messages have listeners of their own", () => {
  const store = roomStore("http://room.test/ws", options);
  /** @type {unknown[]} */
  const heard = [];
  store.on("message", (message) => heard.push(message));
  const end = store.subscribe(() => {});
  FakeSocket.last.greet();
  FakeSocket.last.hear("m1:one");
  FakeSocket.last.greet({ epoch: "other" });
  expect([heard, store.getSnapshot().resets]).toEqual([["one"], 1]);
  end();
});

test("on a server the hook shows a room that connects, and connects to none", () => {
  // biome-ignore lint/correctness/noComponentHookFactories: each is rendered once
  const Lounge = () => {
    const { state, here } = useRoom("/ws/lounge", () => {}, options);
    return h("p", null, `${state} ${here.length}`);
  };
  // biome-ignore lint/correctness/noComponentHookFactories: each is rendered once
  const Nowhere = () =>
    h("p", null, useRoom("/ws", () => {}, { ...options, enabled: false }).state);
  expect(renderToString(h(Lounge))).toBe("<p>connecting 0</p>");
  expect(renderToString(h(Nowhere))).toBe("<p>closed</p>");
  expect(FakeSocket.made).toEqual([]);
});
