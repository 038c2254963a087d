// The rooms that misbehave, in an object that a test can break: at /type/id an upgrade, with its
// options as JSON in the query, and below it each function of the object, its arguments a JSON list.

import { rooms, RoomObject as Sound } from "../../workerd/worker.js";

/** The runtime's own, which a bundler does not know. */
const UNSAFE = "workerd:unsafe";

/** How often the alarm of each object has gone off; an object that is reset forgets it. */
const alarms = new Map();

export class RoomObject extends Sound {
  async alarm() {
    alarms.set(this.ctx.id.name, this.getAlarms() + 1);
    await super.alarm();
  }

  /** @returns {number} */
  getAlarms() {
    return alarms.get(this.ctx.id.name) ?? 0;
  }

  getAlarm() {
    return this.ctx.storage.getAlarm();
  }

  /** As the platform does it with an alarm that failed too often. */
  async dropAlarm() {
    await this.ctx.storage.deleteAlarm();
  }

  /** @param {string} query */
  query(query) {
    return [...this.ctx.storage.sql.exec(query).raw()];
  }

  /** From now on storage refuses every write, be it a row or the alarm. */
  refuseWrites() {
    this.storage.transaction = this.storage.alone = () => {
      throw new Error("storage refuses every write, on purpose");
    };
  }

  allowWrites() {
    const { transaction, alone } = Object.getPrototypeOf(this.storage);
    Object.assign(this.storage, { transaction, alone });
  }

  /**
   * The next input that writes is the object's last: it is reset as by the platform, at once and with
   * whatever runs.
   *
   * @param {"handling" | "before" | "inside" | "after"} place in the handling, or seen from its commit
   */
  resetAt(place) {
    const { ctx, storage } = this;
    const reset = () => ctx.abort(`reset on purpose: ${place}`);
    if (place === "handling") {
      // Rust asks for it in the middle of things.
      storage.historyEnds = /** @type {any} */ (reset);
      return;
    }
    const { transaction } = storage;
    storage.transaction = storage.alone = (write) => {
      if (place === "before") reset();
      transaction.call(storage, () => {
        write();
        if (place === "inside") reset();
      });
      reset();
    };
  }
}

export default {
  /**
   * @param {Request} request
   * @param {{ ROOMS: DurableObjectNamespace }} env
   */
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, type = "", id = "", name] = url.pathname.split("/");
    const object = /** @type {any} */ (env.ROOMS.getByName(`${type}/${id}`));
    if (name === undefined) {
      const options = JSON.parse(url.searchParams.get("options") ?? "{}");
      return rooms(env).room(type).upgrade(id, request, options);
    }
    if (name === "evict" || name === "resetAll") {
      const { default: unsafe } = await import(UNSAFE);
      if (name === "evict") await unsafe.evict(object, { webSockets: "hibernate" });
      else await unsafe.abortAllDurableObjects();
      return Response.json(null);
    }
    const answer = await object[name](.../** @type {any[]} */ (await request.json()));
    return Response.json(answer ?? null);
  },
};
