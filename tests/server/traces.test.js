// What the simulation says of a room the real runtime does: the same lives, over real sockets, with
// real evictions and lines that are cut, frame by frame.

import { afterAll, beforeAll, expect, test } from "vitest";
import { native, timeless } from "../support/native.js";
import { connect, sleep } from "../support/socket.js";
import { serveRooms } from "../support/workerd.js";

/** @typedef {import("../support/socket.js").Client} Client */

const LIVES = Number(process.env.DORMOUSE_TRACES ?? 4);
const STEPS = 150;

/** @type {import("../support/workerd.js").Workerd} */
let server;
/** @type {any[]} */
let traces;

beforeAll(async () => {
  traces = native(["traces", String(LIVES), String(STEPS)]);
  server = await serveRooms();
}, 300_000);

afterAll(async () => {
  await server?.kill();
});

/** A life of a room in the real runtime. */
class Life {
  /** @type {Map<string, Client>} */
  clients = new Map();
  /** @type {Record<string, string>} */
  refused = {};

  /** @param {string} url of the room */
  constructor(url) {
    this.url = url;
  }

  /**
   * @param {string} name
   * @param {unknown} [argument]
   */
  async call(name, argument) {
    const body = argument === undefined ? "" : JSON.stringify(argument);
    return await (await fetch(`${this.url}/${name}`, { method: "POST", body })).json();
  }

  /** @param {any} step */
  async take(step) {
    const [kind] = Object.keys(step);
    const { client, upgrade, text, bytes, code, reason, json } = step[kind ?? ""];
    const socket = this.clients.get(String(client))?.socket;
    switch (kind) {
      case "connect":
        return await this.connect(String(client), upgrade);
      case "text":
        return await this.say(socket, text);
      case "binary":
        return await this.say(socket, Buffer.from(bytes));
      case "close":
        return code === undefined ? socket?.close() : socket?.close(code, reason);
      case "cut":
        return socket?.terminate();
      case "send":
      case "broadcast":
        return await fetch(`${this.url}/${kind}`, { method: "POST", body: json });
      case "hibernate":
        return await fetch(`${this.url}/evict`);
      default:
        throw new Error(`a step ${kind}`);
    }
  }

  /**
   * @param {string} client
   * @param {object} upgrade
   */
  async connect(client, upgrade) {
    const options = encodeURIComponent(JSON.stringify(upgrade));
    try {
      this.clients.set(client, await connect(`${this.url}?options=${options}`, {}, String));
    } catch (error) {
      const { response } = /** @type {any} */ (error);
      const body = (await response.toArray()).join("");
      this.refused[client] = JSON.parse(body).error.code;
    }
  }

  /**
   * Returns when the room has had the frame, be there an answer or not. It may never get it: the
   * platform answers some, and does not deliver those of a socket that the room has closed.
   *
   * @param {import("ws").WebSocket | undefined} socket
   * @param {string | Buffer} frame
   */
  async say(socket, frame) {
    if (socket?.readyState !== socket?.OPEN) return;
    const taken = async () => (await this.call("getWakes")).inputs.message ?? 0;
    const before = await taken();
    socket?.send(frame);
    for (let tries = 0; tries < 20 && (await taken()) === before; tries++) await sleep(1);
  }

  heard() {
    return Object.fromEntries([...this.clients].map(([client, { frames }]) => [client, frames]));
  }
}

test("the same lives have the same frames and states, in memory and in the runtime", async () => {
  const done = { lives: 0, steps: 0, frames: 0, evictions: 0, cuts: 0 };
  for (const { room, seed, steps, heard, refused, state } of traces) {
    const life = new Life(`${server.url}/${room}/seed-${seed}`);
    for (const [nth, { step, heard, count }] of steps.entries()) {
      await life.take(step);
      const where = `${room}, seed ${seed}, step ${nth}: ${JSON.stringify(step)}`;
      const soon = { message: where, timeout: 5_000, interval: 1 };
      await expect.poll(() => counts(life), soon).toEqual(heard);
      if ("close" in step || "cut" in step) {
        await expect.poll(() => life.call("getCount"), soon).toBe(count);
      }
      done.evictions += "hibernate" in step ? 1 : 0;
      done.cuts += "cut" in step ? 1 : 0;
    }
    expect(timeless(life.heard()), `${room}, seed ${seed}`).toEqual(timeless(heard));
    expect(life.refused).toEqual(refused);
    expect(timeless(await life.call("getState"))).toEqual(timeless(state));
    done.lives += 1;
    done.steps += steps.length;
    done.frames += Object.values(heard).flat().length;
    // All at once, so that they close together.
    for (const { socket } of life.clients.values()) socket.terminate();
    await expect.poll(() => life.call("getCount")).toBe(0);
    expect((await life.call("counts")).traps).toBe(0);
  }
  console.log("the same in memory and in the runtime:", done);
}, 600_000);

/** @param {Life} life */
const counts = ({ clients }) =>
  Object.fromEntries([...clients].map(([client, { frames }]) => [client, frames.length]));
