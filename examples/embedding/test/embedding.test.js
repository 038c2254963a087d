// A Worker that existed before, and the room it took in.

import { createScheduledController } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { connect, upgrade } from "../../../tests/workerd/client.js";
import main from "../src/worker.js";

const worker = /** @type {any} */ (exports).default;

/** @param {string} path @param {RequestInit} [init] */
const get = (path, init) => worker.fetch(new Request(`https://orders.example${path}`, init));

test("the Worker's own routes are as before", async () => {
  expect(await (await get("/")).text()).toBe("Order desk\n");
  expect((await get("/orders/17/status")).status).toBe(401);
  expect((await get("/elsewhere")).status).toBe(404);
});

test("its sign-in decides who connects, and as whom", async () => {
  expect((await upgrade(worker, "/orders/17/live")).status).toBe(401);
  const cook = await connect(worker, "/orders/17/live?token=token-of-cook");
  const guest = await connect(worker, "/orders/17/live?token=token-of-guest");
  expect(await guest.until(1)).toEqual([{ type: "status", status: "new" }]);
  guest.send({ type: "status", status: "free of charge" });
  expect((await guest.until(2))[1]).toMatchObject({ code: "staff_only" });
  cook.send({ type: "status", status: "in the oven" });
  expect((await guest.until(3))[2]).toEqual({ type: "status", status: "in the oven" });
  guest.send({ type: "note", text: "with olives, please" });
  expect((await cook.until(3))[2]).toEqual({
    type: "note",
    from: "Guest",
    text: "with olives, please",
  });
});

test("a route and the nightly job speak into the room", async () => {
  const guest = await connect(worker, "/orders/17/live?token=token-of-guest");
  await guest.until(1);
  const moved = await get("/orders/17/status?token=token-of-cook", {
    method: "POST",
    body: "on its way",
  });
  expect(moved.status).toBe(200);
  expect((await guest.until(2))[1]).toEqual({ type: "status", status: "on its way" });
  await main.scheduled(createScheduledController(), env);
  expect((await guest.until(3))[2]).toEqual({
    type: "note",
    from: "the kitchen",
    text: "We close in ten minutes",
  });
});
