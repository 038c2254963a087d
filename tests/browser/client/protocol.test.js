// The frames of dormouse.1, beside the vectors that the engine's tests read too: tests/server/protocol.test.js.

import { expect, test } from "vitest";
import { parseFrame, sendFrame, sizeOf } from "../../../js/browser/protocol.js";

test("messages have a number, and may have colons", () => {
  expect(parseFrame("m7:hi")).toEqual({ kind: "m", number: 7, payload: "hi" });
  expect(parseFrame("m0:a:b")).toEqual({ kind: "m", number: 0, payload: "a:b" });
  expect(parseFrame("m7:")).toEqual({ kind: "m", number: 7, payload: "" });
});

test("who comes and goes may have any name", () => {
  expect(parseFrame("+m1:ada")).toEqual({ kind: "+", number: 0, payload: "m1:ada" });
  expect(parseFrame("-a-d+a")).toEqual({ kind: "-", number: 0, payload: "a-d+a" });
});

test("what is of no known kind is no error, and what is broken is one", () => {
  for (const data of ["", "x", "s7:{}", "Hello", new ArrayBuffer(7), undefined, 5, {}]) {
    expect("hmke+-~".includes(parseFrame(data).kind) && parseFrame(data).kind).toBeFalsy();
  }
  for (const data of [
    "h",
    "h{}",
    "hnull",
    "m",
    "m:x",
    "mx:y",
    "k",
    "k1x",
    "k-1",
    "e1",
    "e1:",
    "ex:{}",
  ]) {
    expect(() => parseFrame(data), data).toThrow(SyntaxError);
  }
});

test("sizes are those of UTF-8", () => {
  for (const text of ["", "a", "ä", "€", "🐭", "\ud800", "aä€🐭"]) {
    expect(sizeOf(text)).toBe(new TextEncoder().encode(text).length);
  }
  expect(sendFrame(258, new Uint8Array([9]))).toEqual(new Uint8Array([0, 0, 0, 0, 0, 0, 1, 2, 9]));
});
