// What comes in is checked where it comes in, and what the platform refuses is known to who waits.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { connect, settle, upgrade } from "../client.js";
import { rooms } from "../worker.js";

const worker = /** @type {any} */ (exports).default;
const { ROOMS } = /** @type {any} */ (env);
const all = rooms(/** @type {any} */ (env));

let made = 0;
const newRoom = () => `checked-${++made}`;

/** @param {string} path @param {object} [options] @param {Record<string, string>} [headers] */
const join = (path, options = { data: {} }, headers = {}) =>
  connect(worker, `/${path}?options=${encodeURIComponent(JSON.stringify(options))}`, headers);

/** @param {string} name @returns {Promise<any>} */
const counts = (name) =>
  runInDurableObject(ROOMS.getByName(name), (it) => ({ .../** @type {any} */ (it).counts }));

test.each([1, 10, 100, 1_000])(
  "%i frames that panic, together, are all answered, in time that grows with them",
  async (many) => {
    const id = newRoom();
    const ada = await join(`faulty/${id}`);
    const before = await counts(`faulty/${id}`);
    let enters = 0;
    await runInDurableObject(ROOMS.getByName(`faulty/${id}`), (instance, ctx) => {
      const object = /** @type {any} */ (instance);
      object.pace.shouldGather = () => true;
      const [socket] = ctx.getWebSockets();
      for (let n = 0; n < many; n++) object.webSocketMessage(socket, '{"_tag":"Panic"}');
      for (const input of object.inbox) {
        const { enter } = input;
        input.enter = (/** @type {any[]} */ ...args) => {
          enters += 1;
          return enter(...args);
        };
      }
    });
    await ada.until(many);
    expect(enters).toBeLessThanOrEqual(4 * many);
    expect((await counts(`faulty/${id}`)).traps - before.traps).toBe(many);
    ada.send({ _tag: "Count" });
    expect((await ada.until(many + 1)).at(-1)).toEqual({ _tag: "Counted", count: 1 });
  },
);

describe("a text that begins with U+FEFF", () => {
  test("shifts no other text of its commit, and its sender is whole after a sleep", async () => {
    const id = newRoom();
    const clients = await Promise.all(
      ["a", "b", "c"].map((name) => join(`exact/${id}`, { id: name, data: "" })),
    );
    await runInDurableObject(ROOMS.getByName(`exact/${id}`), (instance, ctx) => {
      const object = /** @type {any} */ (instance);
      object.pace.shouldGather = () => true;
      for (const [i, socket] of ctx.getWebSockets().entries()) {
        object.webSocketMessage(socket, `attach:\ufeff${i}`);
        object.webSocketMessage(socket, `said:\ufeff${i}`);
        object.webSocketMessage(socket, `plan:\ufeffname ${i}`);
      }
    });
    const said = ["said:\ufeff0", "said:\ufeff1", "said:\ufeff2"];
    for (const client of clients) {
      await expect
        .poll(() => client.frames.filter((it) => String(it).startsWith("said:")))
        .toEqual(said);
    }
    await evictDurableObject(ROOMS.getByName(`exact/${id}`));
    const states = (await all.room("exact").getConnections(id)).map(({ state }) => state);
    expect(states.sort()).toEqual(["\ufeff0", "\ufeff1", "\ufeff2"]);
    const { schedule } = await all.room("exact").inspect(id);
    expect(schedule.pending.map(({ name, payload }) => [name, payload])).toEqual(
      [0, 1, 2].map((i) => [`\ufeffname ${i}`, `"\ufeffname ${i}"`]),
    );
    const [first] = clients;
    first?.socket.send("close:\ufeffbye");
    expect((await first?.closed)?.reason).toBe("\ufeffbye");
  });
});

test("a wrong argument is the caller's error, and costs no instance", async () => {
  const id = newRoom();
  await join(`faulty/${id}`);
  const before = await counts(`faulty/${id}`);
  const stub = /** @type {any} */ (ROOMS.getByName(`faulty/${id}`));
  const answers = await Promise.all([
    stub.send(undefined),
    stub.send({}),
    stub.broadcast(undefined),
    stub.broadcast('"x"', 5),
    stub.getConnections({}),
    stub.receive(undefined, undefined),
    stub.receive("faulty/x", 5),
    stub.getHistory(5, 1, 1),
    stub.getHistory("log", 0, 1),
    stub.getHistory("log", 1, 501),
    stub.getHistory("\u0001log", 9, 1),
    stub.startRecording("many", false),
  ]);
  for (const { error } of answers) {
    expect(error).toMatchObject({ _tag: "InvalidArgument", status: 400, code: "invalid_argument" });
  }
  expect((await counts(`faulty/${id}`)).traps).toBe(before.traps);
  await expect(all.room("faulty").getHistory(id, "\u0001log")).rejects.toMatchObject({
    status: 400,
  });
});

test("a socket that the platform does not take is no connection: the upgrade says so, and the room knows", async () => {
  const id = newRoom();
  const ada = await join(`faulty/${id}`, { id: "ada", data: {} });
  await runInDurableObject(ROOMS.getByName(`faulty/${id}`), (instance) => {
    const { sockets } = /** @type {any} */ (instance);
    const real = sockets.ctx;
    sockets.ctx = {
      acceptWebSocket() {
        throw new Error(
          "only 32768 websockets can be accepted on a single Durable Object instance",
        );
      },
      getWebSockets: (/** @type {string | undefined} */ tag) => real.getWebSockets(tag),
      getWebSocketAutoResponseTimestamp: () => null,
    };
  });
  const options = encodeURIComponent(JSON.stringify({ id: "bob", data: {} }));
  const refused = await upgrade(worker, `/faulty/${id}?options=${options}`);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: "socket_refused" } });
  // For the room bob was there for a moment.
  expect(await ada.until(1)).toEqual(
    [{ _tag: "Closed", id: "bob", code: 1006, was_clean: false }].map(({ was_clean, ...it }) => ({
      ...it,
      wasClean: was_clean,
    })),
  );
  await settle();
  expect(await all.room("faulty").getCount(id)).toBe(1);
  const size = await runInDurableObject(
    ROOMS.getByName(`faulty/${id}`),
    (it) => /** @type {any} */ (it).sockets.byNumber.size,
  );
  expect(size).toBeLessThanOrEqual(1);
});

describe("a refused upgrade", () => {
  test("is an HTTP status for a plain client, and a close with the reason for one that speaks dormouse.1", async () => {
    const id = newRoom();
    const path = `/faulty/${id}?options=${encodeURIComponent('{"data":{"how":"refuse"}}')}`;
    expect((await upgrade(worker, path)).status).toBe(403);
    const told = await upgrade(worker, path, {
      "Sec-WebSocket-Protocol": "dormouse.1, dormouse.resume.x.1.1",
    });
    expect([told.status, told.headers.get("Sec-WebSocket-Protocol")]).toEqual([101, "dormouse.1"]);
    const socket = /** @type {WebSocket} */ (told.webSocket);
    const closed = new Promise((resolve) =>
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason })),
    );
    socket.accept();
    expect(await closed).toEqual({
      code: 4403,
      reason: "not_today: come back tomorrow",
    });
    // What is no upgrade stays plain HTTP.
    const plain = await worker.fetch(
      new Request(`https://rooms.example${path}`, {
        headers: { "Sec-WebSocket-Protocol": "dormouse.1" },
      }),
    );
    expect(plain.status).toBe(426);
  });

  test("of a wrong origin or id is told likewise", async () => {
    const speaks = { "Sec-WebSocket-Protocol": "dormouse.1" };
    const reasons = [];
    for (const [path, headers] of /** @type {[string, Record<string, string>][]} */ ([
      ["/faulty/x", { ...speaks, Origin: "https://evil.example" }],
      ["/faulty/%20", speaks],
      ["/nowhere/x", speaks],
    ])) {
      const { webSocket } = await upgrade(worker, path, headers);
      const closed = new Promise((resolve) =>
        webSocket?.addEventListener("close", ({ code }) => resolve(code)),
      );
      webSocket?.accept();
      reasons.push(await closed);
    }
    expect(reasons).toEqual([4403, 4400, 4404]);
  });
});

test("a subprotocol that the Worker speaks is answered to who offers it, and to nobody else", async () => {
  const id = newRoom();
  const answered = async (
    /** @type {string | undefined} */ offered,
    /** @type {string | undefined} */ protocol,
  ) => {
    const options = encodeURIComponent(JSON.stringify({ data: {}, protocol }));
    const headers = offered ? { "Sec-WebSocket-Protocol": offered } : {};
    const response = await upgrade(
      worker,
      `/faulty/${id}?options=${options}`,
      /** @type {any} */ (headers),
    );
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    return response.headers.get("Sec-WebSocket-Protocol");
  };
  expect(await answered("graphql-ws, other", "graphql-ws")).toBe("graphql-ws");
  expect(await answered("other", "graphql-ws")).toBe(null);
  expect(await answered(undefined, "graphql-ws")).toBe(null);
  expect(await answered("graphql-ws", undefined)).toBe(null);
});

test("an alarm that cannot be handled is not done: it fails, and stands again later", async () => {
  const id = newRoom();
  const ada = await join(`faulty/${id}`);
  ada.send({ _tag: "Schedule", name: "x", millis: 60_000, alarm: { Well: "x" } });
  ada.send({ _tag: "Count" });
  await ada.until(1);
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await runInDurableObject(ROOMS.getByName(`faulty/${id}`), async (instance, ctx) => {
    const object = /** @type {any} */ (instance);
    ctx.storage.sql.exec("UPDATE room_alarms SET at = 1, due = 1");
    // As after a deploy without this room.
    object.generation = 0;
    object.name = "gone/x";
    await ctx.storage.deleteAlarm();
    const begin = Date.now();
    await expect(object.alarm()).rejects.toThrow("gone");
    const at = await ctx.storage.getAlarm();
    expect(at).toBeGreaterThanOrEqual(begin + 60_000);
    expect(await object.fireAlarm()).toMatchObject({ error: { _tag: "RoomNotFound" } });
    expect(await ctx.storage.getAlarm()).toBeGreaterThan(begin);
    // The room is back.
    object.name = `faulty/${id}`;
    await ctx.storage.deleteAlarm();
    await object.alarm();
    expect(await ctx.storage.getAlarm()).toBe(null);
  });
  logged.mockRestore();
  expect((await ada.until(2)).at(-1)).toEqual({ _tag: "Alarm", name: "x", attempt: 1 });
});

test("a letter on its way is known to be so, until its answer is stored", async () => {
  const id = newRoom();
  await join(`relay/${id}`, {});
  await runInDurableObject(ROOMS.getByName(`relay/${id}`), async (instance) => {
    const object = /** @type {any} */ (instance);
    const seen = /** @type {number[][]} */ ([]);
    const add = object.inFlight.add.bind(object.inFlight);
    object.inFlight.add = (/** @type {number} */ seq) => {
      add(seq);
      seen.push([...object.inFlight]);
    };
    await object.send('{"_tag":"Call","function":"shout","argument":"x"}');
    await expect.poll(() => object.inFlight.size).toBe(0);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toHaveLength(1);
  });
});

test("rows of a history come in pages of a million characters", async () => {
  const id = newRoom();
  await runInDurableObject(ROOMS.getByName(`exact/${id}`), async (instance, ctx) => {
    const object = /** @type {any} */ (instance);
    object.storage.transaction(() => object.storage.putEnds("rows", 30, 1, 0));
    for (let seq = 1; seq <= 30; seq++)
      object.storage.append("rows", seq, 1, JSON.stringify("x".repeat(100_000)));
    const page = object.storage.history("rows", 0, 31, 500, true);
    expect([page.rows.length, page.more, page.rows.at(-1).seq]).toEqual([9, true, 30]);
    const first = object.storage.history("rows", 0, 31, 3, false);
    expect([first.rows.map((/** @type {any} */ it) => it.seq), first.more]).toEqual([
      [1, 2, 3],
      false,
    ]);
    // One that is left in the middle would lock the tables.
    ctx.storage.sql.exec("CREATE TABLE free (x)");
    ctx.storage.sql.exec("DROP TABLE free");
  });
  const rows = [];
  for (let before = 31; ; ) {
    const page = await all.room("exact").getHistory(id, "rows", { before, limit: 500 });
    if (page.length === 0) break;
    rows.unshift(...page);
    before = page[0]?.seq ?? 0;
    if (before === 1) break;
  }
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
});
