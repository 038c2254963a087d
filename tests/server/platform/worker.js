// A bare Durable Object, with nothing of ours in it: what it sees is what the platform does.

import { DurableObject } from "cloudflare:workers";

/** The runtime's own, which a bundler does not know. */
const UNSAFE = "workerd:unsafe";

/** @typedef {{ ROOMS: DurableObjectNamespace<RoomObject> }} Env */

/**
 * What is thrown, as text.
 *
 * @param {() => unknown} act
 */
function thrownBy(act) {
  try {
    act();
    return null;
  } catch (error) {
    return String(error);
  }
}

export class RoomObject extends DurableObject {
  /**
   * @param {DurableObjectState} ctx
   * @param {any} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (line TEXT)");
    this.note({ woke: Date.now() });
  }

  /** @param {unknown} line what happened */
  note(line) {
    this.ctx.storage.sql.exec("INSERT INTO log VALUES (?)", JSON.stringify(line));
  }

  /** A socket with the name in the query as its tag and its attachment. */
  async fetch(/** @type {Request} */ request) {
    const name = new URL(request.url).searchParams.get("name") ?? "";
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [name]);
    server.serializeAttachment(name);
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} frame
   */
  async webSocketMessage(socket, frame) {
    if (frame === "wait") {
      await new Promise((resolve) => setTimeout(resolve, 500));
      socket.send("waited");
    } else if (frame === "stay awake") {
      setTimeout(() => {}, 60_000);
    } else if (frame === "close me") {
      socket.close(4000, "as told");
    } else if (frame === "forget me") {
      socket.serializeAttachment(null);
      socket.close(4000, "as told");
    } else if (frame === "throw") {
      throw new Error("as told");
    } else {
      socket.send(String(frame));
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @param {boolean} wasClean
   */
  webSocketClose(socket, code, reason, wasClean) {
    const name = socket.deserializeAttachment();
    const others = this.ctx.getWebSockets().filter((other) => other !== socket);
    for (const other of others) thrownBy(() => other.send(`${name} is gone`));
    this.note({
      close: { name, code, wasClean },
      isListed: this.ctx.getWebSockets().includes(socket),
      seen: this.#see(socket),
    });
    if (reason === "answer me") {
      this.note({ echo: { name, thrown: thrownBy(() => socket.close(code, reason)) } });
    }
    if (code === 1005 || code === 1006) {
      this.note({ echo: { name, thrown: thrownBy(() => socket.close(code)) } });
    }
    setTimeout(() => this.note({ later: { name, ...this.#see(socket) } }), 5);
  }

  /** @param {WebSocket} socket */
  #see(socket) {
    let tags;
    try {
      tags = this.ctx.getTags(socket);
    } catch (error) {
      tags = String(error);
    }
    return { readyState: socket.readyState, attachment: socket.deserializeAttachment(), tags };
  }

  /** An alarm that is never done, or one that fails the first time. */
  async alarm(/** @type {AlarmInvocationInfo | undefined} */ info) {
    const { storage } = this.ctx;
    this.note({ alarm: { isRetry: info?.isRetry, next: await storage.getAlarm() } });
    await storage.sync();
    if (storage.kv.get("fails")) {
      if (!info?.isRetry) throw new Error("as told");
    } else {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
  }

  async setAlarm() {
    await this.ctx.storage.setAlarm(Date.now() + 10);
  }

  async setFailingAlarm() {
    this.ctx.storage.kv.put("fails", true);
    await this.setAlarm();
  }

  read() {
    const lines = [...this.ctx.storage.sql.exec("SELECT line FROM log").raw()].flat();
    return {
      lines: lines.map((line) => JSON.parse(String(line))),
      sockets: this.ctx.getWebSockets().map((socket) => this.#see(socket)),
    };
  }

  /** Whether the clock moves while an object has its turn. */
  clock() {
    const start = Date.now();
    for (let turns = 0; turns < 1e9; turns++) {
      if (Date.now() > start) return "it moves";
    }
    return "it stands";
  }

  /** How far each thing goes, found by trying. */
  async limits() {
    const { storage } = this.ctx;
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    /** The largest number that passes, below one that does not. @param {(n: number) => unknown} act */
    const largest = (act) => {
      let [passes, fails] = [0, 65_536];
      while (fails - passes > 1) {
        const n = (passes + fails) >> 1;
        if (thrownBy(() => act(n)) === null) passes = n;
        else fails = n;
      }
      return passes;
    };
    /** @param {string[]} tags */
    const accept = (tags) => this.ctx.acceptWebSocket(new WebSocketPair()[1], tags);
    const codes = Array.from({ length: 5_100 }, (_, code) => code).filter((code) => {
      const { 1: socket } = new WebSocketPair();
      socket.accept();
      return thrownBy(() => socket.close(code)) === null;
    });
    /** @type {[number, number][]} */
    const ranges = [];
    for (const code of codes) {
      const last = ranges.at(-1);
      if (last?.[1] === code - 1) last[1] = code;
      else ranges.push([code, code]);
    }
    const found = {
      attachment: {
        ascii: largest((n) => server.serializeAttachment("x".repeat(n))),
        latin1: largest((n) => server.serializeAttachment("é".repeat(n))),
        wide: largest((n) => server.serializeAttachment("€".repeat(n))),
      },
      tags: largest((n) => accept(Array.from({ length: Math.min(n, 99) }, (_, i) => `${i}`))),
      tagOfAscii: largest((n) => accept(["x".repeat(n)])),
      tagOfWide: largest((n) => accept(["€".repeat(n)])),
      closeCodes: ranges,
      closeReason: largest((n) => {
        const { 1: socket } = new WebSocketPair();
        socket.accept();
        socket.close(4000, "x".repeat(n));
      }),
      alarms: await Promise.all([-1, 0, Number.NaN, 1].map((at) => this.#alarmAt(at))),
      megabytesInARow: [1, 2, 3].filter(
        (n) =>
          thrownBy(() =>
            storage.sql.exec("INSERT INTO log VALUES (?)", "x".repeat(n * 1024 * 1024)),
          ) === null,
      ),
    };
    client.accept();
    await storage.deleteAll();
    return found;
  }

  /** @param {number} at */
  async #alarmAt(at) {
    try {
      await this.ctx.storage.setAlarm(at);
      await this.ctx.storage.deleteAlarm();
      return "taken";
    } catch {
      return "refused";
    }
  }
}

export default {
  /**
   * At /name a socket, below it each of the object's functions.
   *
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    const [, name = "", call] = new URL(request.url).pathname.split("/");
    const object = /** @type {any} */ (env.ROOMS.getByName(name));
    if (call === undefined) return object.fetch(request);
    if (call !== "evict") return Response.json((await object[call]()) ?? null);
    const { default: unsafe } = await import(UNSAFE);
    try {
      await unsafe.evict(object, { webSockets: "hibernate" });
      return Response.json(null);
    } catch (error) {
      return Response.json(String(error));
    }
  },
};
