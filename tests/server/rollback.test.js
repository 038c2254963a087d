// A Worker that is rolled back behind a room, and forward again: the room's timers come.

import { afterAll, expect, test } from "vitest";
import { connect, sleep } from "../support/socket.js";
import { bundle, makeFolder, remove, startWorkerd } from "../support/workerd.js";

const withRoom = bundle("tests/workerd/wrangler.jsonc", ["unsafe_module"]);
const without = bundle("tests/server/worker/wrangler.jsonc", ["unsafe_module"]);
const storage = makeFolder();

afterAll(() => {
  for (const folder of [withRoom, without, storage]) remove(folder);
});

/**
 * What the room has handled, without waking it by the question.
 *
 * @param {string} url
 */
async function wakesOf(url) {
  return await (await fetch(`${url}/faulty/timed/wakes`)).json();
}

test("an alarm that came while the Worker did not know the room comes again by itself", {
  timeout: 120_000,
}, async () => {
  let server = await startWorkerd(withRoom, storage);
  const options = encodeURIComponent(JSON.stringify({ data: {} }));
  const ada = await connect(`${server.url}/faulty/timed?options=${options}`);
  ada.send({ _tag: "Schedule", name: "x", millis: 2_000, alarm: { Well: "x" } });
  ada.send({ _tag: "Count" });
  await ada.until(1);
  await server.kill();

  server = await startWorkerd(without, storage);
  await sleep(6_000);
  await server.kill();

  server = await startWorkerd(withRoom, storage);
  // Nobody comes: it is the alarm that wakes it.
  await sleep(25_000);
  const { last, wokenBy } = await wakesOf(server.url);
  expect([last[0].by, wokenBy.alarmFired]).toEqual(["alarmFired", 1]);
  const state = await (await fetch(`${server.url}/faulty/timed/state`)).json();
  expect(state.handled).toEqual(["x"]);
  await server.kill();
});
