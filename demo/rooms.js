// The bundled rooms, ready for the Worker: the one place that imports what wasm-pack made.

import { dormouse } from "../js/index.js";
import { inspector } from "../js/watching/inspector.js";
import * as glue from "../pkg/dormouse_bg.js";
import module from "../pkg/dormouse_bg.wasm";

/** @type {import("../js/index.js").Dormouse<import("../types/rooms.d.ts").Rooms>} */
export const { RoomObject, rooms } = dormouse(glue, module, { watch: inspector() });
