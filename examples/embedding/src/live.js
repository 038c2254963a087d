// The live view of orders: the one file that knows of Dormouse.

import { roomClient } from "../../../js/client.js";
import { startInstance } from "../../../js/instance.js";
import { roomObject } from "../../../js/room-object.js";
import * as glue from "../room/pkg/order_room_bg.js";
import module from "../room/pkg/order_room_bg.wasm";

const instance = startInstance(/** @type {any} */ (glue), module);

export const RoomObject = roomObject(instance);

/** @param {{ ROOMS: DurableObjectNamespace }} env */
export const orders = (env) => roomClient(instance, env.ROOMS).room("order");
