// A log line is one line, and no room silences another.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logError, oneLine } from "../../js/base/log.js";

/** @type {import("vitest").MockInstance<typeof console.error>} */
let logged;

beforeEach(() => {
  vi.useFakeTimers();
  logged = vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
  logged.mockRestore();
});

const lines = () => logged.mock.calls.map(([line]) => String(line));

test("whatever is in a message or an error, it is one line, and shows what was there", () => {
  const forged = "x\nroom bank/vault: handle_alarm: all the money is gone";
  const ends = ["\r", "\u0085", "\u2028", "\u2029", "\0", "\u001b[2J", "\u202e", "\u009b"];
  logError(forged + ends.join(""), { room: "chat/eve", error: new Error(forged) });
  logError("a handler trapped", { room: "chat/eve", error: new WebAssembly.RuntimeError(forged) });
  for (const call of logged.mock.calls) {
    expect(call).toHaveLength(1);
    expect(String(call[0])).toMatch(/^room chat\/eve: /);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(String(call[0])).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
  }
  expect(oneLine("a\nb")).toBe("a\\u000ab");
});

test("a line is no longer than a log takes", () => {
  logError("x".repeat(1_000_000), { room: "chat/long" });
  expect(lines()[0]?.length).toBeLessThan(2_100);
});

test("a room that writes without end silences itself, and nobody else", () => {
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 50; i++) logError("refused by eve", { room: "chat/loud" });
    logError("a commit failed", { room: "bank/vault" });
    vi.advanceTimersByTime(100);
  }
  expect(lines().filter((line) => line.includes("vault"))).toHaveLength(10);
  expect(lines().filter((line) => line.includes("loud")).length).toBeLessThanOrEqual(22);
  vi.advanceTimersByTime(10_000);
  logError("once more", { room: "chat/loud" });
  expect(lines().at(-1)).toMatch(/^\(\d+ errors before this one were not logged\) room chat\/loud/);
});

test("the rooms that are remembered have a bound", () => {
  for (let i = 0; i < 3_000; i++) logError("x", { room: `chat/${i}` });
  expect(logged).toHaveBeenCalledTimes(3_000);
  // The first is forgotten, and has its burst again; the last is not.
  for (let i = 0; i < 40; i++) logError("x", { room: "chat/2999" });
  expect(lines().filter((line) => line.includes("chat/2999"))).toHaveLength(20);
});
