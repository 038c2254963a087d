// Messages that arrive together share a commit.

import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { connect } from "./client.js";

/**
 * @param {string} id
 * @returns {Promise<{ inputs: number, drains: number, commits: number }>}
 */
const counts = (id) =>
  runInDurableObject(env.ROOMS.getByName(`chat/${id}`), (object) => ({
    .../** @type {any} */ (object).counts,
  }));

test("200 messages from 10 clients reach everyone in one order, in far fewer commits", async () => {
  const clients = await Promise.all(
    Array.from({ length: 10 }, (_, i) => connect(exports.default, `/ws/chat/burst?userId=u${i}`)),
  );
  const before = await counts("burst");
  for (let i = 0; i < 20; i++) {
    for (const [n, client] of clients.entries()) client.send({ _tag: "Say", text: `${n}:${i}` });
  }
  const heard = await Promise.all(
    clients.map(async ({ until, frames }, n) => {
      await until(200 + 9 - n);
      return frames.filter(({ _tag }) => _tag === "Message").map(({ text }) => text);
    }),
  );
  const after = await counts("burst");
  expect(new Set(heard[0]).size).toBe(200);
  for (const order of heard) expect(order).toEqual(heard[0]);
  expect(after.inputs - before.inputs).toBe(200);
  expect(after.commits - before.commits).toBeLessThan(100);
});

test("what stores nothing costs no commit, and shares turns all the same", async () => {
  const ada = await connect(exports.default, "/ws/chat/quiet?userId=ada");
  const bob = await connect(exports.default, "/ws/chat/quiet?userId=bob");
  const { commits, drains } = await counts("quiet");
  for (let i = 0; i < 50; i++) ada.send({ _tag: "Typing" });
  await bob.until(50);
  const after = await counts("quiet");
  expect(after.commits).toBe(commits);
  expect(after.drains - drains).toBeLessThan(25);
});
