// Which sockets are open, against a platform that keeps the rules of docs/platform.md.

import { expect, test } from "vitest";
import { MARK, Sockets } from "../../js/object/sockets.js";

const [OPEN, CLOSING, CLOSED] = [1, 2, 3];

/** A socket as the platform has it. */
class Socket {
  readyState = OPEN;
  /** @type {string | null} */
  attachment = null;
  accepted = false;
  /** The close event is told when the client has answered. */
  told = false;
  /** @type {string[]} */
  tags = [];

  serializeAttachment(/** @type {string | null} */ attachment) {
    this.attachment = attachment;
  }

  deserializeAttachment() {
    return this.attachment;
  }

  send() {
    // To a socket that its client is closing it succeeds in silence.
    if (!this.accepted || this.closedByUs) throw new Error("cannot be sent to");
  }

  closedByUs = false;

  close() {
    if (this.closedByUs || this.readyState === CLOSED) throw new Error("closed already");
    this.closedByUs = true;
    this.readyState = this.readyState === CLOSING ? CLOSED : CLOSING;
  }
}

class Platform {
  /** @type {Socket[]} */
  sockets = [];
  isFull = false;
  listings = 0;

  acceptWebSocket(/** @type {Socket} */ socket, /** @type {string[]} */ tags) {
    if (this.isFull) throw new Error("only 32768 websockets can be accepted");
    socket.accepted = true;
    socket.tags = tags;
    this.sockets.push(socket);
  }

  /** All until their close event is over, those that we closed too. */
  getWebSockets(/** @type {string | undefined} */ tag) {
    this.listings += 1;
    return this.sockets.filter(({ tags }) => tag === undefined || tags.includes(tag));
  }
}

/** @param {Platform} platform */
const awake = (platform) => new Sockets(/** @type {any} */ (platform));

/** @param {number} seed */
function diceOf(seed) {
  let state = seed;
  return (/** @type {number} */ sides) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const TAGS = ["red", "blue", MARK];

test("whatever happens, in whatever order, those that are open are counted, listed and no others", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const dice = diceOf(seed);
    const platform = new Platform();
    let sockets = awake(platform);
    /** What is true: the sockets that are open for the room. @type {Set<Socket>} */
    const open = new Set();
    const steps = /** @type {string[]} */ ([]);
    /** @param {Iterable<Socket>} some */
    const pick = (some) => [...some][dice([...some].length)];
    for (let step = 0; step < 60; step++) {
      switch (dice(9)) {
        case 0:
        case 1: {
          steps.push("comes");
          const socket = new Socket();
          const number = sockets.number(/** @type {any} */ (socket));
          const tags = TAGS.filter(() => dice(2) === 0);
          platform.isFull = dice(5) === 0;
          if (platform.isFull) {
            expect(() => sockets.accept(number, tags)).toThrow("32768");
            sockets.forget(/** @type {any} */ (socket));
            steps.push("is refused by the platform");
          } else {
            sockets.accept(number, tags);
            socket.serializeAttachment('{"id":"x"}');
            open.add(socket);
          }
          break;
        }
        case 2: {
          const socket = pick(open);
          if (!socket) break;
          steps.push("is closed by us");
          sockets.close(sockets.number(/** @type {any} */ (socket)), 1000, "");
          open.delete(socket);
          break;
        }
        case 3: {
          const socket = pick(open);
          if (!socket) break;
          steps.push("begins to close, or is cut");
          socket.readyState = dice(2) ? CLOSING : CLOSED;
          break;
        }
        case 4: {
          // Its close event, or an error, whoever began; perhaps long after.
          const socket = pick(platform.sockets.filter((it) => it.readyState !== OPEN));
          if (!socket) break;
          steps.push("is told to be gone");
          const number = sockets.number(/** @type {any} */ (socket));
          if (open.has(socket)) sockets.close(number, 1000, "");
          open.delete(socket);
          for (let times = dice(2); times >= 0; times--)
            sockets.forget(/** @type {any} */ (socket));
          platform.sockets = platform.sockets.filter((it) => it !== socket);
          break;
        }
        case 5:
          steps.push("sleeps");
          sockets = awake(platform);
          break;
        case 6:
          steps.push("is counted");
          expect(sockets.count(), steps.join(", ")).toBe(open.size);
          break;
        case 7: {
          steps.push("closes twice");
          const [socket] = platform.sockets.filter((it) => !open.has(it));
          if (socket) sockets.close(sockets.number(/** @type {any} */ (socket)), 1000, "");
          break;
        }
        default: {
          steps.push("is listed");
          const tag = [undefined, ...TAGS][dice(4)];
          const kind = /** @type {const} */ (["all", "plain", "enveloped"])[dice(3)] ?? "all";
          const meant = [...open].filter(
            ({ tags }) =>
              (tag === undefined || tags.includes(tag)) &&
              (kind === "all" || tags.includes(MARK) === (kind === "enveloped")),
          );
          const listed = sockets.open(tag, kind);
          expect(new Set(listed), steps.join(", ")).toEqual(new Set(meant));
          expect(listed, steps.join(", ")).toHaveLength(meant.length);
        }
      }
      expect(sockets.count(), `seed ${seed}: ${steps.join(", ")}`).toBe(open.size);
    }
  }
});

test("the answer to a close of before the sleep, and a second end, take nothing off", () => {
  const platform = new Platform();
  const first = awake(platform);
  const socket = new Socket();
  const it = /** @type {any} */ (socket);
  first.accept(first.number(it), []);
  socket.serializeAttachment("x");
  first.close(first.number(it), 1000, "");
  const second = awake(platform);
  expect(second.count()).toBe(0);
  second.number(it);
  second.forget(it);
  second.forget(it);
  platform.sockets = [];
  expect(second.count()).toBe(0);
});

test("the table of numbers shrinks when sockets go", () => {
  const platform = new Platform();
  const sockets = awake(platform);
  for (let round = 0; round < 1_000; round++) {
    const socket = new Socket();
    const it = /** @type {any} */ (socket);
    platform.isFull = round % 3 === 0;
    try {
      sockets.accept(sockets.number(it), ["red"]);
      if (round % 2) sockets.close(sockets.number(it), 1000, "");
    } catch {
      // It is full.
    }
    sockets.forget(it);
  }
  expect(sockets.byNumber.size).toBe(0);
  expect(sockets.open("red")).toBeInstanceOf(Array);
});

test("a broadcast and a newcomer list nothing anew, whoever is here", () => {
  const platform = new Platform();
  const sockets = awake(platform);
  const come = () => {
    const it = /** @type {any} */ (new Socket());
    sockets.accept(sockets.number(it), [MARK]);
    it.serializeAttachment("x");
    return it;
  };
  for (let i = 0; i < 100; i++) come();
  const broadcast = () =>
    sockets.open(undefined, "plain").length + sockets.open(undefined, "enveloped").length;
  expect(broadcast()).toBe(100);
  const { listings } = platform;
  for (let i = 0; i < 100; i++) {
    come();
    expect(broadcast()).toBe(101 + i);
    expect(sockets.count()).toBe(101 + i);
  }
  const [gone] = platform.sockets;
  sockets.close(sockets.number(/** @type {any} */ (gone)), 1000, "");
  expect(broadcast()).toBe(199);
  expect(platform.listings).toBe(listings);
});
