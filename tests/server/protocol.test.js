// The client reads what docs/protocol.md promises, as the engine's own tests do.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseFrame, sendFrame } from "../../js/browser/protocol.js";

const file = new URL("../../docs/protocol-vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8"));

test("every frame that a server sends is read", () => {
  for (const { number, text, payload, bytes, payloadBytes } of vectors.messages) {
    const frame = parseFrame(text ?? Uint8Array.from(bytes).buffer);
    if (frame.kind !== "message") throw new Error(frame.kind);
    expect(frame.number).toBe(number);
    if (text !== undefined) expect(frame.payload).toBe(payload);
    else
      expect([...new Uint8Array(/** @type {ArrayBuffer} */ (frame.payload))]).toEqual(payloadBytes);
  }
  for (const { text, ...hello } of vectors.hellos) {
    expect(parseFrame(text)).toEqual({ kind: "hello", hello });
  }
  for (const { text, number } of vectors.handled) {
    expect(parseFrame(text)).toEqual({ kind: "handled", number });
  }
  for (const { text, number, error } of vectors.refused) {
    expect(parseFrame(text)).toEqual({ kind: "refused", number, error });
  }
  for (const { text, came, went } of vectors.presence) {
    const crowd = { kind: "crowd" };
    const gone = went === undefined ? crowd : { kind: "went", id: went };
    expect(parseFrame(text)).toEqual(came === undefined ? gone : { kind: "came", id: came });
  }
  expect(parseFrame("x")).toEqual({ kind: "unknown" });
});

test("what is sent has a number, and leaves as it is written down", () => {
  for (const { text, number, payload, bytes, payloadBytes } of vectors.sent) {
    const frame = sendFrame(number, payload ?? Uint8Array.from(payloadBytes));
    expect(frame).toEqual(text ?? Uint8Array.from(bytes));
  }
});
