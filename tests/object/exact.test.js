// What crosses between JavaScript and Rust is the same on both sides, whatever is in it. The module is
// the real one; storage and sockets are in memory.

import { beforeEach, describe, expect, test } from "vitest";
import { Commit } from "../../js/base/commit.js";
import { readEffects } from "../../js/base/effects.js";
import { startInstance } from "../../js/object/instance.js";
import { bytesOf, inOrder, load } from "../support/module.js";

const { glue, module } = await load("tests/workerd/rooms/pkg/faulty_rooms_bg");
const instance = startInstance(glue, module);

const [ADA, BOB] = [1, 2];

/** An object in memory, which reads as one does. */
class Memory {
  /** @type {Map<string, string>} */
  values = new Map();
  /** @type {Map<string, any>} */
  alarms = new Map();
  /** @type {{ seq: number, at: number, row: string }[]} */
  rows = [];
  /** @type {any} */
  ends = undefined;
  /** @type {Map<number, string>} */
  attachments = new Map();
  /** How many rows a page has, to have several. */
  page = 3;

  storage = {
    state: () => this.values.get("state"),
    value: (/** @type {string} */ key) => this.values.get(key),
    values: (
      /** @type {string} */ prefix,
      /** @type {string | undefined} */ after,
      /** @type {number} */ limit,
      /** @type {boolean} */ backwards,
    ) => {
      const order = (/** @type {string} */ one, /** @type {string} */ other) =>
        inOrder(one, other) * (backwards ? -1 : 1);
      const keys = [...this.values.keys()]
        .filter((key) => key.startsWith(prefix) && (after === undefined || order(key, after) > 0))
        .sort(order);
      return this.paged(keys.slice(0, limit).map((key) => [key, this.values.get(key)]));
    },
    keys: (
      /** @type {string} */ prefix,
      /** @type {string | undefined} */ after,
      /** @type {number} */ limit,
    ) => {
      const { rows, more } = this.storage.values(prefix, after, limit, false);
      return { rows: rows.map(([key]) => key), more };
    },
    historyEnds: () => this.ends,
    history: (
      /** @type {string} */ _,
      /** @type {number} */ after,
      /** @type {number} */ before,
      /** @type {number} */ limit,
      /** @type {boolean} */ last,
    ) => {
      const there = this.rows.filter(({ seq }) => seq > after && seq < before);
      if (!last) return this.paged(there.slice(0, limit));
      const { rows, more } = this.paged(there.slice(-limit).reverse());
      return { rows: rows.reverse(), more };
    },
    historySince: () => undefined,
    alarm: (/** @type {string} */ name) => this.alarms.get(name),
    pendingAlarms: (
      /** @type {number | undefined} */ at = -1,
      /** @type {string} */ after,
      /** @type {number} */ limit,
    ) => {
      const rank = (/** @type {any} */ one) => [one.at, one.name];
      const order = (/** @type {any} */ one, /** @type {any} */ other) =>
        one[0] - other[0] || inOrder(one[1], other[1]);
      return [...this.alarms.values()]
        .filter((it) => order(rank(it), rank({ at, name: after })) > 0)
        .sort((one, other) => order(rank(one), rank(other)))
        .slice(0, limit);
    },
    pendingPage: (
      /** @type {number | undefined} */ at,
      /** @type {string} */ after,
      /** @type {number} */ limit,
    ) => ({
      rows: this.storage.pendingAlarms(at, after, limit),
      more: false,
    }),
    failedAlarms: () => [],
  };

  sockets = {
    open: () => [...this.attachments.keys()],
    number: (/** @type {number} */ socket) => socket,
    get: (/** @type {number} */ socket) => ({
      deserializeAttachment: () => this.attachments.get(socket),
    }),
    count: () => this.attachments.size,
    ctx: { getWebSocketAutoResponseTimestamp: () => null },
  };

  env = {};
  inFlight = new Set();

  /**
   * @template T
   * @param {T[]} rows
   */
  paged(rows) {
    return { rows: rows.slice(0, this.page), more: rows.length > this.page };
  }

  /** @param {any[]} effects */
  perform(effects) {
    for (const it of effects) {
      if (it.effect === "state") this.values.set("state", it.json);
      if (it.effect === "value") this.values.set(it.key, it.json);
      if (it.effect === "removeValue") this.values.delete(it.key);
      if (it.effect === "putAlarm") this.alarms.set(it.name, it);
      if (it.effect === "removeAlarm") this.alarms.delete(it.name);
      if (it.effect === "append") this.rows.push(it);
      if (it.effect === "ends") this.ends = it;
      if (it.effect === "trim") this.rows = this.rows.filter(({ seq }) => seq > it.through);
      if (it.effect === "attach") this.attachments.set(it.socket, it.attachment);
      if (it.effect === "close") this.attachments.delete(it.socket);
    }
    return effects;
  }
}

let made = 0;
/** @type {Memory} */
let memory;
/** @type {number} */
let handle;

/** @param {(() => void)[]} inputs a batch */
function turn(...inputs) {
  instance.host.turnOf(/** @type {any} */ (memory));
  for (const enter of inputs) enter();
  return memory.perform(readEffects(glue.Op, instance.commit(handle)));
}

/** @param {string} what @param {string} it */
const say = (what, it) => () => glue.text(handle, ADA, `${what}:${it}`);

beforeEach(() => {
  memory = new Memory();
  instance.host.turnOf(/** @type {any} */ (memory));
  handle = glue.open(`exact/room-${++made}`) ?? -1;
  turn(
    () => glue.connect(handle, ADA, JSON.stringify({ id: "ada", data: "", tags: [] })),
    () => glue.connect(handle, BOB, JSON.stringify({ id: "bob", data: "", tags: ["red"] })),
  );
});

const PIECES = [
  "\ufeff",
  "\u2028",
  "\u2029",
  "\0",
  "\n",
  '"',
  "\\",
  "é",
  "€",
  "🐭",
  "\u{10fffe}",
  "\uffff",
  "a",
  "",
  "\ufffe",
  "\r",
];

/** @param {number} seed */
function textOf(seed) {
  let state = seed;
  const dice = (/** @type {number} */ sides) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * sides);
  };
  const lengths = [0, 1, 2, 5, 40];
  const pieces = Array.from({ length: lengths[dice(5)] ?? 0 }, () => PIECES[dice(PIECES.length)]);
  return pieces.join("");
}

const TEXTS = [
  "",
  "\ufeff",
  "\ufeff\ufeffhello",
  "hel\ufefflo",
  "hello\ufeff",
  "\u2028\u2029",
  "\0a\0",
  "🐭".repeat(10),
  "x".repeat(8_001),
  `\ufeff${"x".repeat(8_001)}`,
  `${"x".repeat(8_001)}🐭`,
  "é".repeat(70_000),
  `\ufeff${"🐭".repeat(20_000)}`,
  ...Array.from({ length: 100 }, (_, i) => textOf(i + 1)),
];

/** What JavaScript has in half, Rust cannot have: it sees U+FFFD, as every other reader of UTF-8. */
const HALVES = ["\ud83d", "a\udc2db", "\udc2d\ud83d", "🐭\ud83d"];

/** Room's frames, of the effects of a turn. @param {any[]} effects */
const framesOf = (effects) =>
  effects.filter(({ frame }) => frame !== undefined).map(({ frame }) => frame);

describe("a text comes through unchanged", () => {
  test("as a frame, there and back, alone and in a batch with others", () => {
    for (const text of TEXTS)
      expect(framesOf(turn(say("sent back", text)))).toEqual([`sent back:${text}`]);
    const batch = turn(...TEXTS.map((text) => say("send", text)));
    expect(framesOf(batch)).toEqual(TEXTS.map((text) => `sent:${text}`));
    for (const half of HALVES) {
      expect(framesOf(turn(say("send", half)))).toEqual([`sent:${half.toWellFormed()}`]);
    }
  });

  test("in every effect, first in the text of its commit or behind another", () => {
    const first = (/** @type {any[]} */ effects, /** @type {string} */ name) =>
      effects.find(({ effect }) => effect === name);
    for (const text of TEXTS) {
      for (const before of [[], [say("send", "\ufeffé")]]) {
        const read = (/** @type {string} */ what) => turn(...before, say(what, text));
        expect(JSON.parse(first(read("state"), "state").json)).toBe(text);
        const attached = first(read("attach"), "attach");
        // Over its limit there is none.
        if (attached) expect(JSON.parse(attached.attachment).state).toBe(text);
        expect(JSON.parse(first(read("row"), "append").row)).toBe(text);
        // A line of the log shows what cannot be seen.
        if (/^[\w🐭é]*$/u.test(text)) expect(first(read("fail"), "log").line).toContain(text);
        // Names, keys and tags have rules of their own; what keeps them is exact.
        const planned = first(read("plan"), "putAlarm");
        if (planned) expect([planned.name, JSON.parse(planned.payload)]).toEqual([text, text]);
        const gone = first(read("cancel"), "removeAlarm");
        expect(gone?.name).toBe(planned ? text : undefined);
        const put = first(read("put"), "value");
        if (put) expect([put.key, JSON.parse(put.json)]).toEqual([`values/${text}`, text]);
        const deleted = first(read("delete"), "removeValue");
        expect(deleted?.key).toBe(put ? `values/${text}` : undefined);
        const tagged = first(read("tag"), "broadcast");
        if (tagged)
          expect([tagged.tag, tagged.frame, tagged.except]).toEqual([
            text,
            `tagged:${text}`,
            [ADA],
          ]);
        const letter = first(read("call"), "deliver");
        if (letter) expect(JSON.parse(JSON.parse(letter.letter).errand.call.argument)).toBe(text);
      }
    }
  });

  test("as the reason of a close, in both directions", () => {
    for (const text of TEXTS.filter((it) => bytesOf(it) <= 123)) {
      const socket = 100 + made++;
      turn(() => glue.connect(handle, socket, JSON.stringify({ data: "", tags: [] })));
      const [close] = turn(() => glue.text(handle, socket, `close:${text}`)).filter(
        ({ effect }) => effect === "close",
      );
      expect([close.socket, close.code, close.reason]).toEqual([socket, 4000, text]);
      const other = 100 + made++;
      turn(() => glue.connect(handle, other, JSON.stringify({ data: "", tags: [] })));
      expect(framesOf(turn(() => glue.close(handle, other, 1000, text, true)))).toContain(
        `closed:${text}`,
      );
    }
  });

  test("in what an upgrade, the Worker, a reply and an alarm bring", () => {
    for (const [i, text] of TEXTS.entries()) {
      const upgrade = JSON.stringify({ data: text, tags: [] });
      const came = turn(() => glue.connect(handle, 1_000 + i, upgrade));
      expect(framesOf(came)).toContain(`data:${text}`);
      expect(framesOf(turn(() => glue.broadcast(handle, JSON.stringify(text), null)))).toEqual([
        text,
      ]);
      turn(say("call", "x"));
      const letter = [...memory.values.keys()].findLast((key) => key.startsWith("\u0001letter/"));
      const seq = Number(String(letter).split("/")[2]);
      const heard = framesOf(turn(() => glue.delivered(handle, seq, JSON.stringify({ ok: text }))));
      expect(heard).toEqual([`reply:${text}`]);
    }
  });

  test("out of storage: a state, an attachment, rows and values, in pages of any size", () => {
    const names = TEXTS.filter((text) => text.length < 100 && !text.includes("\u{10ffff}"));
    turn(say("state", "\ufeffstate\u2028🐭"), say("attach", "\ufeff\0attached"));
    for (const text of TEXTS.slice(0, 40)) turn(say("row", text));
    for (const text of names) turn(say("put", text));
    const kept = [...memory.values.keys()].filter((key) => key.startsWith("values/")).length;
    expect(kept).toBeGreaterThan(15);
    for (const page of [1, 2, 7, 1_000]) {
      memory.page = page;
      glue.reset(handle);
      const frames = framesOf(turn(say("read", "")));
      expect(frames.slice(0, 2)).toEqual([
        "state:\ufeffstate\u2028🐭",
        "attached:\ufeff\0attached",
      ]);
      const of = (/** @type {string} */ what) =>
        frames.filter((it) => it.startsWith(`${what}:`)).map((it) => it.slice(what.length + 1));
      expect(of("row")).toEqual(TEXTS.slice(0, 40));
      expect(of("key")).toHaveLength(kept);
      expect(of("value")).toEqual(of("key"));
    }
  });
});

test("bytes come through unchanged", () => {
  for (const size of [0, 1, 3, 255, 256, 65_536, 70_001]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) % 256);
    const [one, other] = framesOf(
      turn(() => glue.binary(handle, ADA, bytes), say("send", "\ufeff")),
    );
    expect(one).toEqual(bytes);
    expect(other).toEqual(bytes);
  }
});

describe("a number comes through unchanged", () => {
  const LIMITS = [
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 33 - 1,
    4_102_444_800_000,
  ];

  test("as the time of an alarm", () => {
    for (const at of LIMITS) {
      const effects = turn(say("at", String(at)));
      expect(effects.find(({ effect }) => effect === "putAlarm")).toMatchObject({ at, due: at });
      expect(effects.find(({ effect }) => effect === "setAlarm")?.at ?? at).toBe(at);
      turn(say("cancel", "at"));
    }
  });

  test("as Rust writes it: zero, and all that JavaScript has", () => {
    const numbers = [0, 1, ...LIMITS, 2 ** 53 - 1];
    const words = new Uint32Array(1 + 2 * numbers.length + 7);
    for (const [i, number] of numbers.entries()) {
      words.set([Math.floor(number / 2 ** 32), number % 2 ** 32], 7 + 2 * i);
    }
    words.set([28, 2 * numbers.length, 0, 0, 0, 0, 3]);
    const commit = new Commit(/** @type {any} */ ({ buffer: words.buffer }));
    commit.open(0);
    expect(numbers.map(() => commit.long())).toEqual(numbers);
    expect([commit.answers, commit.more()]).toEqual([3, false]);
  });

  test.each([Number.NaN, -1, -0, Infinity, -Infinity, 2 ** 53, 2 ** 64, 1.5])(
    "and %d, which none of ours is, ends nothing",
    (odd) => {
      turn(
        () => glue.alarmStands(handle, odd),
        () => glue.delivered(handle, odd, '{"ok":1}'),
        () => glue.close(handle, 77, odd, "", false),
        () => glue.text(handle, odd, "send:x"),
        () => glue.oversize(handle, ADA, odd),
      );
      expect(glue.isWhole()).toBe(true);
    },
  );
});

test("what comes from a sibling of another version is answered, and ends nothing", () => {
  const wrong = [
    "",
    "{}",
    "null",
    "[1]",
    '{"seq":-1}',
    '{"seq":1,"floor":0,"hops":0,"errand":{"dance":{}}}',
    "\ufeff{}",
  ];
  for (const letter of wrong) {
    for (const from of ["exact/a", "", "no/such/name", "\ufeff"]) {
      turn(() => glue.receive(handle, from, letter));
      expect(glue.answers()).toEqual([
        { error: expect.objectContaining({ status: expect.any(Number) }) },
      ]);
    }
  }
  for (const upgrade of ["", "{}x", "[5]", '{"id":5}', '{"tags":"red"}']) {
    turn(() => glue.connect(handle, 50, upgrade));
    expect(glue.answers()).toEqual([{ error: expect.objectContaining({ status: 400 }) }]);
  }
  expect(glue.isWhole()).toBe(true);
});

test("the engine's own histories are told from a room's", () => {
  expect(["\u0001log", "\0", "\u009f"].map((name) => glue.isOwnHistory(name))).toEqual([
    true,
    true,
    true,
  ]);
  expect(["said", "", "log"].map((name) => glue.isOwnHistory(name))).toEqual([false, false, false]);
});

test("there are the rooms that there are", () => {
  expect(["exact", "nowhere", "", "exact/"].map((type) => glue.hasRoom(type))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
