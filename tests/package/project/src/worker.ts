// A Worker in TypeScript that has the package and a crate's pkg/, and nothing else.

import { dormouse } from "dormouse-rooms";
import { inspect } from "dormouse-rooms/inspect";
import * as glue from "../pkg/dormouse_bg.js";
import module from "../pkg/dormouse_bg.wasm";

interface Env {
  ROOMS: DurableObjectNamespace<RoomObject>;
}

const made = dormouse(glue, module);
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
    if (request.method === "POST") await chat.send("lounge", { _tag: "Say", text: "hello" });
    // @ts-expect-error An id is a text.
    if (request.method === "PUT") return chat.upgrade(7, request);
    const [first] = await chat.getConnections("lounge");
    const tags: string[] = first?.tags ?? [];
    return chat.upgrade("lounge", request, { id: "ada", tags, onDuplicate: "replace" });
  },
} satisfies ExportedHandler<Env>;
