// What a page may not do, line by line, and the error that the compiler has for it.

import { useRoom } from "../../../js/browser/react.js";
import { RoomClient } from "../../../js/browser/room-client.js";
import type { Rooms } from "../../../types/rooms.d.ts";

export function chat() {
  // error: Property 'caht' does not exist on type 'Rooms'
  const nowhere = new RoomClient<Rooms["caht"]>("/ws/chat/lounge");
  const client = new RoomClient<Rooms["chat"]>("/ws/chat/lounge");
  client.on("message", (message) => {
    // error: Property 'text' does not exist on type '{ _tag: "UserJoined"; userId: string; }'
    if (message._tag === "UserJoined") return message.text;
    // error: Property 'user_id' does not exist on type '{ _tag: "Typing"; userId: string; }'. Did you mean 'userId'?
    if (message._tag === "Typing") return message.user_id;
    // error: have no overlap
    if (message._tag === "Shouted") return undefined;
    // error: Property 'toFixed' does not exist on type 'string'
    if (message._tag === "Message") return message.text.toFixed();
  });
  // error: Type '"Shout"' is not assignable to type '"Say" | "Typing"'
  client.send({ _tag: "Shout", text: "hello" });
  // error: Property 'text' is missing in type '{ _tag: "Say"; }'
  client.send({ _tag: "Say" });
  // error: Type 'number' is not assignable to type 'string'
  client.send({ _tag: "Say", text: 5 });
  // error: Object literal may only specify known properties, and 'words' does not exist
  client.send({ _tag: "Say", text: "hello", words: "hello" });
  // error: Argument of type 'string' is not assignable to parameter of type 'Message'
  client.send("hello");
  return nowhere;
}

export function reminders() {
  const client = new RoomClient<Rooms["reminders"]>("/room/kitchen", { text: true });
  // error: is not assignable to parameter of type 'string'
  return client.send({ remind: 5 });
}

export function Talk() {
  const { send } = useRoom<Rooms["chat"]>("/ws/chat/lounge", (message) => {
    // error: Property 'txt' does not exist
    if (message._tag === "Message") return message.txt;
  });
  // error: Property 'text' is missing
  return () => send({ _tag: "Say" });
}
