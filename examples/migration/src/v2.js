// The Worker as it is deployed now.

import { dormouse } from "../../../js/index.js";
import * as glue from "../room/pkg/errands_room_bg.js";
import module from "../room/pkg/errands_room_bg.wasm";
import { routes } from "./routes.js";

const { RoomObject, rooms } = dormouse(glue, module);

export { RoomObject };

export default routes(rooms, (name) => ({ name, added: 0 }));
