// The live view of orders: the one file that knows of Dormouse.

import { dormouse } from "../../../js/index.js";
import * as glue from "../room/pkg/order_room_bg.js";
import module from "../room/pkg/order_room_bg.wasm";

/** @type {import("../../../js/index.js").Dormouse<import("../types/rooms.d.ts").Rooms>} */
const { RoomObject, rooms } = dormouse(/** @type {any} */ (glue), module);

export { RoomObject };

/** @param {object} env */
export const orders = (env) => rooms(env).room("order");
