// Waking costs what is touched.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { connect } from "./client.js";

test("of fifty sleeping sockets only the one that speaks is read, though all hear it", async () => {
  const stub = env.ROOMS.getByName("chat/dormitory");
  const clients = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      connect(exports.default, `/ws/chat/dormitory?userId=u${i}`),
    ),
  );
  await evictDurableObject(stub);
  // Counts the attachments that are read from here on.
  await runInDurableObject(stub, (_, ctx) => {
    for (const socket of ctx.getWebSockets()) {
      const read = socket.deserializeAttachment.bind(socket);
      socket.deserializeAttachment = () => {
        reads += 1;
        return read();
      };
    }
  });
  let reads = 0;
  const [speaker] = clients;
  speaker?.send({ _tag: "Say", text: "good morning" });
  for (const { frames, until } of clients) {
    const before = frames.filter(({ _tag }) => _tag !== "Message").length;
    await until(before + 1);
    expect(frames.at(-1)).toMatchObject({ _tag: "Message", text: "good morning" });
  }
  expect(reads).toBe(1);
  // And only that one has a number by which Rust knows it.
  const touched = await runInDurableObject(
    stub,
    (object) => /** @type {any} */ (object).sockets.byNumber.size,
  );
  expect(touched).toBe(1);
});
