// A trace tells of batches that came to grief.

import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { rooms } from "../worker.js";

const room = rooms(/** @type {any} */ (env)).room("faulty");

test("a batch that trapped has no effects, and is followed by the one that was run again", async () => {
  await room.inspect("traced");
  await expect(room.send("traced", { _tag: "Panic" })).rejects.toMatchObject({ name: "Panicked" });
  const { batches } = (await room.inspect("traced")).trace;
  const [trapped, again] = batches.slice(-2);
  expect(trapped).toMatchObject({
    fate: "trapped",
    effects: [],
    inputs: [["send", expect.any(String)]],
  });
  expect(again).toMatchObject({
    fate: "done",
    inputs: [
      ["refuse", 1],
      ["send", expect.any(String)],
    ],
  });
  expect(again?.answers).toMatchObject([{ error: { _tag: "Panicked" } }]);
});
