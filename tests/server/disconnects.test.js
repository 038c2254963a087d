// A thousand lines that break at any moment, also just after something was sent, and rooms that are put
// to sleep in between: nobody misses a message or hears it twice, and what is sent is handled once.

import { afterAll, beforeAll, expect, test } from "vitest";
import { RoomClient } from "../../js/browser/room-client.js";
import { breakableLine } from "../support/line.js";
import { connect, sleep } from "../support/socket.js";
import { serveRooms } from "../support/workerd.js";

const DISCONNECTS = Number(process.env.DORMOUSE_DISCONNECTS ?? 1_000);
const CLIENTS = 6;
/** Of the 64 that may wait for their answer. */
const MOST_WAITING = 40;

/** @type {import("../support/workerd.js").Workerd} */
let server;

beforeAll(async () => {
  server = await serveRooms();
});

afterAll(async () => {
  await server?.kill();
});

/** @param {string} room @param {string} name */
const addressOf = (room, name) =>
  `${room}?options=${encodeURIComponent(JSON.stringify({ id: name }))}`;

/** Says things, hears things, and loses its line. */
class Talker {
  /** @type {string[]} */
  heard = [];
  said = 0;
  settled = 0;
  refused = 0;

  /** @param {string} room @param {string} name */
  constructor(room, name) {
    this.name = name;
    this.line = breakableLine();
    const { WebSocket } = this.line;
    this.client = new RoomClient(addressOf(room, name), { WebSocket, slowest: 100 });
    this.client.on("message", ({ _tag, text }) => {
      if (_tag === "Message") this.heard.push(text);
    });
    this.client.on("reset", () => this.heard.push("a gap"));
  }

  say() {
    if (this.said - this.settled >= MOST_WAITING) return;
    this.said += 1;
    this.client.send({ _tag: "Say", text: `${this.name} ${this.said}` }).then(
      () => (this.settled += 1),
      () => (this.refused += 1),
    );
  }
}

/** @param {number} count */
const below = (count) => Math.floor(Math.random() * count);

test("a thousand broken lines lose nothing and double nothing", { timeout: 120_000 }, async () => {
  const room = `${server.url}/chat/busy`;
  // One whose line never breaks hears all, in order.
  const witness = await connect(addressOf(room, "witness"));
  const talkers = Array.from({ length: CLIENTS }, (_, i) => new Talker(room, `talker-${i}`));
  await expect.poll(() => talkers.every(({ client }) => client.state === "open")).toBe(true);

  const counts = { disconnects: 0, justAfterSending: 0, evictions: 0 };
  while (counts.disconnects < DISCONNECTS) {
    const talker = /** @type {Talker} */ (talkers[below(CLIENTS)]);
    const speaks = below(3) > 0;
    if (speaks) for (let i = below(3); i >= 0; i--) talker.say();
    if (below(2) === 0 && talker.line.cut()) {
      counts.disconnects += 1;
      if (speaks) counts.justAfterSending += 1;
    }
    if (below(40) === 0) {
      await fetch(`${room}/evict`);
      counts.evictions += 1;
    } else {
      await sleep(below(12));
    }
  }

  const said = () => talkers.reduce((sum, { said }) => sum + said, 0);
  await expect
    .poll(() => talkers.every(({ said, settled }) => said === settled), { timeout: 20_000 })
    .toBe(true);
  const all = () => witness.frames.filter(({ _tag }) => _tag === "Message").map(({ text }) => text);
  await expect.poll(() => all().length, { timeout: 10_000 }).toBe(said());
  for (const { heard, refused } of talkers) {
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(said());
    expect(heard).toEqual(all());
    expect(refused).toBe(0);
  }
  // Each once, and those of one in the order in which he said them.
  for (const { name, said } of talkers) {
    const own = all().filter((text) => text.startsWith(`${name} `));
    expect(own).toEqual(Array.from({ length: said }, (_, i) => `${name} ${i + 1}`));
  }
  const { messageCount } = await (await fetch(`${room}/getState`, { method: "POST" })).json();
  expect(messageCount).toBe(said());
  // Nobody was ever told of as gone.
  expect(witness.frames.filter(({ _tag }) => _tag === "UserLeft")).toEqual([]);
  expect(witness.frames.filter(({ _tag }) => _tag === "UserJoined").length).toBe(CLIENTS);

  const deliveries = talkers.reduce((sum, { heard }) => sum + heard.length, 0);
  process.stdout.write(`${JSON.stringify({ ...counts, said: said(), deliveries })}\n`);
  for (const { client } of talkers) client.close();
  witness.socket.close();
});
