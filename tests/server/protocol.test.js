// The client reads what docs/protocol.md promises, as the engine's own tests do.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseFrame, sendFrame } from "../../js/browser/protocol.js";

const file = new URL("../../docs/protocol-vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8"));

test("every frame that a server sends is read", () => {
  for (const { number, text, payload, bytes, payloadBytes } of vectors.messages) {
    const frame = parseFrame(text ?? Uint8Array.from(bytes).buffer);
    expect([frame.kind, frame.number]).toEqual(["m", number]);
    if (text !== undefined) expect(frame.payload).toBe(payload);
    else expect([...new Uint8Array(frame.payload)]).toEqual(payloadBytes);
  }
  for (const { text, ...hello } of vectors.hellos) {
    expect(parseFrame(text)).toMatchObject({ kind: "h", payload: hello });
  }
  for (const { text, number } of vectors.handled) {
    expect(parseFrame(text)).toMatchObject({ kind: "k", number });
  }
  for (const { text, number, error } of vectors.refused) {
    expect(parseFrame(text)).toEqual({ kind: "e", number, payload: error });
  }
  for (const { text, came, went } of vectors.presence) {
    const kind = came === undefined ? (went === undefined ? "~" : "-") : "+";
    expect(parseFrame(text)).toMatchObject({ kind, payload: came ?? went ?? "" });
  }
  expect(parseFrame("x")).toMatchObject({ kind: "x" });
});

test("what is sent has a number, and leaves as it is written down", () => {
  for (const { text, number, payload, bytes, payloadBytes } of vectors.sent) {
    const frame = sendFrame(number, payload ?? Uint8Array.from(payloadBytes));
    expect(frame).toEqual(text ?? Uint8Array.from(bytes));
  }
});
