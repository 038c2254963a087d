// The bundled rooms, ready for the Worker: the one place that imports what wasm-pack made.

import * as glue from "../pkg/dormouse_bg.js";
import module from "../pkg/dormouse_bg.wasm";
import { dormouse } from "./index.js";

/** @type {import("./index.js").Dormouse<import("../types/rooms.d.ts").Rooms>} */
export const { RoomObject, rooms } = dormouse(glue, module);
