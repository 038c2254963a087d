// A Worker in TypeScript that has the package and a crate's pkg/, and nothing else.

import { dormouse, RoomError, refuse } from "dormouse-rooms";
import { rooms as elsewhere } from "dormouse-rooms/client";
import { inspect, inspector } from "dormouse-rooms/inspect";
import * as glue from "../pkg/dormouse_bg.js";
import module from "../pkg/dormouse_bg.wasm";

interface Env {
  ROOMS: DurableObjectNamespace<RoomObject>;
}

const made = dormouse(glue, module, { watch: inspector() });
const { rooms } = made;

// A class of its own, so that it is a type as well.
export class RoomObject extends made.RoomObject {}

// @ts-expect-error This is no glue.
dormouse({ open: () => ({ ok: 1 }) }, module);

export default {
  async fetch(request, env) {
    const inspected = await inspect(request, {}, rooms(env));
    if (inspected) return inspected;
    const chat = rooms(env).room("chat");
    const count: number = await elsewhere(env).room("chat").getCount("lounge");
    if (count > 9) return refuse(request, { status: 503, code: "full", message: "later" });
    if (request.method === "DELETE")
      throw new RoomError({ _tag: "No", code: "no", message: "no", status: 400 });
    if (request.method === "POST") await chat.send("lounge", { _tag: "Say", text: "hello" });
    // @ts-expect-error An id is a text.
    if (request.method === "PUT") return chat.upgrade(7, request);
    const [first] = await chat.getConnections("lounge");
    const tags: string[] = first?.tags ?? [];
    return chat.upgrade("lounge", request, { id: "ada", tags, onDuplicate: "replace" });
  },
} satisfies ExportedHandler<Env>;
