// The bundled rooms, ready for the Worker: the one place that imports what wasm-pack made.

import * as glue from "../pkg/dormouse_bg.js";
import module from "../pkg/dormouse_bg.wasm";
import { dormouse } from "./index.js";

export const { RoomObject, rooms } = dormouse(glue, module);
