// The frames of dormouse.1, with the vectors of src/engine/envelope.rs.

import { expect, test } from "vitest";
import { parseFrame } from "../../../js/browser/protocol.js";

test("messages have a number, and may have colons", () => {
  expect(parseFrame("m7:hi")).toEqual({ kind: "message", number: 7, payload: "hi" });
  expect(parseFrame("m7:a:b")).toEqual({ kind: "message", number: 7, payload: "a:b" });
  expect(parseFrame("m7:")).toEqual({ kind: "message", number: 7, payload: "" });
});

test("bytes have theirs in eight bytes, the high one first", () => {
  const { buffer } = new Uint8Array([0, 0, 0, 0, 0, 0, 1, 2, 9]);
  const frame = parseFrame(buffer);
  if (frame.kind !== "message" || typeof frame.payload === "string") throw new Error("bytes");
  expect([frame.number, ...new Uint8Array(frame.payload)]).toEqual([258, 9]);
});

test("what was sent is handled up to a number, or refused with a reason", () => {
  expect(parseFrame("k12")).toEqual({ kind: "handled", number: 12 });
  const error = { code: "not_that", message: "not: that" };
  expect(parseFrame(`e3:${JSON.stringify(error)}`)).toEqual({ kind: "refused", number: 3, error });
});

test("who comes and goes may have any name", () => {
  expect(parseFrame("+ada")).toEqual({ kind: "came", id: "ada" });
  expect(parseFrame("-a-d+a")).toEqual({ kind: "went", id: "a-d+a" });
});

test("a greeting says where the client is", () => {
  const hello = { session: "5e", epoch: "ab", offset: 12, resumed: true, same: true, here: ["a"] };
  expect(parseFrame(`h${JSON.stringify(hello)}`)).toEqual({ kind: "hello", hello });
});

test("anything else is none of the protocol", () => {
  for (const text of ["", "x", "s7:{}", "Hello"]) expect(parseFrame(text).kind).toBe("unknown");
});
