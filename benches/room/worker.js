// The benchmark's room in a Worker of its own.

import { dormouse } from "../../js/index.js";
import * as glue from "./pkg/bench_room_bg.js";
import module from "./pkg/bench_room_bg.wasm";

export const { RoomObject, rooms } = dormouse(glue, module);

export default {
  /**
   * Upgrades at /room?name=…
   *
   * @param {Request} request
   * @param {{ ROOMS: DurableObjectNamespace }} env
   */
  async fetch(request, env) {
    const url = new URL(request.url);
    const name = url.searchParams.get("name") ?? "";
    return rooms(env)
      .room("bench")
      .upgrade(url.pathname.slice(1), request, { id: name, data: { name } });
  },
};
