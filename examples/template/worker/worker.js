import { dormouse } from "dormouse-rooms";
import * as glue from "../pkg/room_bg.js";
import module from "../pkg/room_bg.wasm";

const { RoomObject, rooms } = dormouse(glue, module);

export { RoomObject };

export default {
  async fetch(request, env) {
    const [, type, id] = new URL(request.url).pathname.split("/");
    if (type === "lunch" && id) return rooms(env).room("lunch").upgrade(id, request);
    return new Response("Not found\n", { status: 404 });
  },
};
