// Both versions of examples/migration in one Worker, where a test deploys the one or the other under
// rooms that sleep: their sockets stay, as where the platform defers an update to the next sleep.

import { DurableObject } from "cloudflare:workers";
import * as v1 from "../../../examples/migration/src/v1.js";
import * as v2 from "../../../examples/migration/src/v2.js";

/** The runtime's own, which a bundler does not know. */
const UNSAFE = "workerd:unsafe";

const versions = new Map([
  ["/deploy/1", v1],
  ["/deploy/2", v2],
]);

/** @type {typeof v1 | typeof v2} */
let deployed = v1;

/** The class of the version that is deployed when the object wakes. */
export class RoomObject extends DurableObject {
  /**
   * @param {DurableObjectState} ctx
   * @param {any} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    /** @type {any} */
    this.room = new deployed.RoomObject(ctx, env);
  }

  /** @param {Request} request */
  fetch(request) {
    return this.room.fetch(request);
  }

  /** @param {WebSocket} socket @param {string | ArrayBuffer} frame */
  webSocketMessage(socket, frame) {
    this.room.webSocketMessage(socket, frame);
  }

  alarm() {
    return this.room.alarm();
  }

  /** @param {string} json */
  send(json) {
    return this.room.send(json);
  }

  getState() {
    return this.room.getState();
  }
}

export default {
  /**
   * @param {Request} request
   * @param {{ ROOMS: DurableObjectNamespace }} env
   */
  async fetch(request, env) {
    const url = new URL(request.url);
    const version = versions.get(url.pathname);
    if (!version) return deployed.default.fetch(request, env);
    const asleep = url.searchParams.get("asleep");
    if (asleep) {
      const { default: unsafe } = await import(UNSAFE);
      await unsafe.evict(env.ROOMS.getByName(`errands/${asleep}`), { webSockets: "hibernate" });
    }
    deployed = version;
    return Response.json(null);
  },
};
