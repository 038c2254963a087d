// What a Worker may do with the types of the bundled rooms.

import { dormouse } from "../../../js/index.js";
import type { Rooms } from "../../../types/rooms.d.ts";

declare const glue: Parameters<typeof dormouse>[0];
declare const module: WebAssembly.Module;
declare const env: object;
declare const request: Request;

export const { RoomObject, rooms } = dormouse<Rooms>(glue, module);

export async function chat() {
  const chat = rooms(env).room("chat");
  await chat.send("lounge", { _tag: "Say", text: "hello" });
  await chat.broadcast("lounge", { _tag: "Typing", userId: "ada" }, "user:bob");
  const state = await chat.getState("lounge");
  const members = await chat.getConnections("lounge");
  const names = members.map(({ id, state }) => `${id} is ${state.userId} since ${state.joinedAt}`);
  return [state === null ? 0 : state.messageCount.toFixed(), ...names];
}

export async function history() {
  const history = rooms(env).room("history");
  const [guest] = await history.getConnections("library");
  await history.upgrade("library", request, { id: "ada" });
  // What the Worker says of a connection is not what the connection remembers.
  return history.upgrade("library", request, { data: { name: guest?.state.name ?? "Ada" } });
}

export async function withoutTypes() {
  const { rooms } = dormouse(glue, module);
  const room = rooms(env).room("of any name");
  await room.upgrade("lounge", request, { data: { admin: true } });
  await room.send("lounge", { whatever: 1 });
  return (await room.getState("lounge")) === null;
}
