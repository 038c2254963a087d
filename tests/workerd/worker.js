// A Worker around the rooms that misbehave: made the way a Worker with rooms of its own is.

import { dormouse } from "../../js/index.js";
import { inspector } from "../../js/watching/inspector.js";
import * as glue from "./rooms/pkg/faulty_rooms_bg.js";
import module from "./rooms/pkg/faulty_rooms_bg.wasm";

/** How often `flaky` was called, by letter. */
const calls = new Map();

/** Those who wait in `together`, and when the last of them came. */
export const gate = { waiting: /** @type {(() => void)[]} */ ([]), openedAt: 0 };

export const { RoomObject, rooms } = dormouse(glue, module, {
  watch: inspector(),
  calls: {
    shout: (/** @type {string} */ text, _env, { room }) => `${text.toUpperCase()} (${room})`,
    nested: (/** @type {string} */ depth) =>
      JSON.parse("[".repeat(Number(depth)) + "]".repeat(Number(depth))),
    /** Answers so many calls at once, when all of them are there. */
    async together(/** @type {number} */ count) {
      await new Promise((resolve) => {
        gate.waiting.push(() => resolve(undefined));
        if (gate.waiting.length < count) return;
        gate.openedAt = Date.now();
        for (const open of gate.waiting.splice(0)) open();
      });
      return count;
    },
    flaky(/** @type {string} */ text, /** @type {{ GREETING: string }} */ env, { seq }) {
      calls.set(seq, (calls.get(seq) ?? 0) + 1);
      if (calls.get(seq) < 2) throw new Error("not yet");
      return `${env.GREETING} ${text}`;
    },
  },
});

export default {
  /**
   * Upgrades at /type/id, with the options of the upgrade as JSON in the query; tells at
   * /type/id/wakes how often the object woke, and at
   * /type/id/state its state.
   *
   * @param {Request} request
   * @param {{ ROOMS: DurableObjectNamespace }} env
   */
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, type = "", id = "", question] = url.pathname.split("/");
    if (question === "wakes") return Response.json(await rooms(env).room(type).getWakes(id));
    if (question === "state") return Response.json(await rooms(env).room(type).getState(id));
    const options = JSON.parse(url.searchParams.get("options") ?? "{}");
    return rooms(env).room(type).upgrade(id, request, options);
  },
};
