// The benchmark's room in a Worker of its own.

import { roomClient } from "../../js/client.js";
import { startInstance } from "../../js/instance.js";
import { roomObject } from "../../js/room-object.js";
import * as glue from "./pkg/bench_room_bg.js";
import module from "./pkg/bench_room_bg.wasm";

const instance = startInstance(glue, module);

export const RoomObject = roomObject(instance);

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
    const room = roomClient(instance, env.ROOMS).room("bench");
    return room.upgrade(url.pathname.slice(1), request, { id: name, state: { name } });
  },
};
