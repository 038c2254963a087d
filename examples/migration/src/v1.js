// The Worker as it was deployed first.

import { dormouse } from "../../../js/index.js";
import * as glue from "../room/pkg/v1/errands_room_bg.js";
import module from "../room/pkg/v1/errands_room_bg.wasm";
import { routes } from "./routes.js";

const { RoomObject, rooms } = dormouse(glue, module);

export { RoomObject };

export default routes(rooms, (name) => name);
