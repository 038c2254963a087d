// What a page may do with the types of the bundled rooms.

import { useRoom } from "../../../js/browser/react.js";
import { type ErrorFrame, RoomClient } from "../../../js/browser/room-client.js";
import type { Rooms } from "../../../types/rooms.d.ts";

export async function chat(show: (line: string) => void) {
  const client = new RoomClient<Rooms["chat"]>("/ws/chat/lounge");
  client.on("message", (message, number) => {
    switch (message._tag) {
      case "Message":
        return show(`${number} ${message.userId}: ${message.text} at ${new Date(message.ts)}`);
      case "UserJoined":
      case "UserLeft":
      case "Typing":
        return show(message.userId);
      default:
        // All are known: a variant more is an error here.
        return message satisfies never;
    }
  });
  client.on("message", (message: Rooms["chat"]["broadcast"] | ErrorFrame) => {
    if (message._tag === "Error") show(`${message.code}: ${message.message}`);
  });
  client.on("presence", (here) => show([...here].join()));
  await client.send({ _tag: "Say", text: "hello" });
  await client.send({ _tag: "Typing" });
}

export function history() {
  const client = new RoomClient<Rooms["history"]>("/rooms/library/ws");
  client.on("message", (message) => {
    if (message.type === "rate-limit") return void message.retryAfter.toFixed();
    if (message.type === "users") return void message.users.map((name) => name.trim());
  });
  return client.send({ type: "update-name", name: "Ada" });
}

export function reminders() {
  const client = new RoomClient<Rooms["reminders"]>("/room/kitchen", { text: true });
  client.on("message", (line) => line.startsWith("[reminder]"));
  return client.send("/remind 5 tea");
}

export function Talk() {
  const { here, send } = useRoom<Rooms["chat"]>("/ws/chat/lounge", (message) => {
    if (message._tag === "Message") console.log(message.text.trim());
  });
  return { here, onClick: () => send({ _tag: "Say", text: "hello" }) };
}

export function Untyped() {
  const client = new RoomClient("/ws/chat/lounge");
  client.on("message", (message) => message.anything);
  const { send } = useRoom("/ws/chat/lounge", ({ text }) => text);
  return [client.send({ whatever: 1 }), client.send("words"), send(1)];
}
