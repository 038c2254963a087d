// What goes wrong inside a room, and no client hears of, is a line in the Worker's log.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, settle } from "../client.js";
import { rooms } from "../worker.js";

const worker = /** @type {any} */ (exports).default;
const { ROOMS } = /** @type {any} */ (env);
const room = rooms(/** @type {any} */ (env)).room("faulty");

/** @type {import("vitest").MockInstance<typeof console.error>} */
let logged;

beforeEach(() => {
  logged = vi.spyOn(console, "error");
});

afterEach(() => logged.mockRestore());

const log = () => logged.mock.calls.map(([line]) => line);

/** @param {string} id */
const join = (id) =>
  connect(worker, `/faulty/${id}?options=${encodeURIComponent(JSON.stringify({ data: {} }))}`);

/** @param {string} id */
const object = (id) => ROOMS.getByName(`faulty/${id}`);

test("a frame whose handler fails inside the room is logged, one that is refused is not", async () => {
  const ada = await join("frames");
  ada.send({ _tag: "Refuse" });
  ada.send({ _tag: "Close", code: 1006, reason: "" });
  expect((await ada.until(2)).map(({ code }) => code)).toEqual(["no", "internal"]);
  expect(log()).toEqual([
    expect.stringMatching(
      /^room faulty\/frames: handle_message: 1006 is not a close code that can/,
    ),
  ]);
});

test("an event whose handler fails is logged at each try", async () => {
  const ada = await join("alarms");
  ada.send({ _tag: "Schedule", name: "x", millis: 60_000, alarm: "Fail" });
  ada.send({ _tag: "Count" });
  await ada.until(1);
  const line = "room faulty/alarms: handle_alarm: the handler failed: on purpose";
  for (const tries of [1, 2]) {
    await runInDurableObject(object("alarms"), (_, ctx) =>
      ctx.storage.sql.exec("UPDATE room_alarms SET at = 1"),
    );
    await runDurableObjectAlarm(object("alarms"));
    expect(log()).toEqual(Array(tries).fill(line));
  }
});

test("a batch that is not stored logs what its second run says, and that once", async () => {
  const ada = await join("refused");
  await runInDurableObject(object("refused"), (instance, ctx) => {
    ctx.storage.sql.exec(
      "CREATE TRIGGER refuse BEFORE UPDATE ON room_values BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    const [socket] = ctx.getWebSockets();
    const object = /** @type {any} */ (instance);
    object.pace.shouldGather = () => true;
    object.webSocketMessage(socket, '{"_tag":"Count"}');
    object.webSocketMessage(socket, '{"_tag":"Close","code":1006,"reason":""}');
  });
  await ada.until(2);
  await settle();
  const ours = log().filter((line) => line.includes("faulty/refused"));
  expect(ours.filter((line) => line.includes("a commit failed"))).not.toHaveLength(0);
  expect(ours.filter((line) => line.includes("handle_message"))).toHaveLength(1);
});

test("the Inspector shows the line among the effects", async () => {
  await room.inspect("looked-at");
  const ada = await join("looked-at");
  ada.send({ _tag: "Close", code: 1006, reason: "" });
  await ada.until(1);
  const { batches } = (await room.inspect("looked-at")).trace;
  const line = expect.stringMatching(/^handle_message: 1006 is not/);
  expect(batches.at(-1)?.effects.at(-1)).toEqual({ effect: "log", line });
});

test("who makes handlers fail cannot flood the log", async () => {
  const ada = await join("flooded");
  for (let i = 0; i < 200; i++) ada.send({ _tag: "Close", code: 1006, reason: "" });
  await ada.until(200);
  expect(log().length).toBeLessThan(100);
});
