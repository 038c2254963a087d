// The bundled rooms, ready for the Worker: the one place that imports what wasm-pack made.

import * as glue from "../pkg/dormouse_bg.js";
import module from "../pkg/dormouse_bg.wasm";
import { roomClient } from "./client.js";
import { startInstance } from "./instance.js";
import { roomObject } from "./room-object.js";

const instance = startInstance(glue, module);

export const RoomObject = roomObject(instance);

/** @param {{ ROOMS: DurableObjectNamespace, ALLOWED_ORIGINS?: string }} env */
export function rooms({ ROOMS, ALLOWED_ORIGINS }) {
  return roomClient(instance, ROOMS, { allowedOrigins: ALLOWED_ORIGINS });
}
