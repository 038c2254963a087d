// A page in TypeScript that has the package.

import { RoomClient, SendError } from "dormouse-rooms/browser";
import { useRoom } from "dormouse-rooms/react";

type Vote = { _tag: "Vote"; dish: "soup" | "pasta" };
type Votes = { _tag: "Votes"; votes: Record<string, number> };

const room = new RoomClient<{ message: Vote; broadcast: Votes }>("/lunch/today", { key: "lunch" });
room.on("message", ({ votes }, number) => console.log(votes.soup, number.toFixed()));
room.on("presence", (here) => console.log([...here].join()));

try {
  await room.send({ _tag: "Vote", dish: "soup" });
  // @ts-expect-error Nobody cooks that.
  await room.send({ _tag: "Vote", dish: "stones" });
} catch (error) {
  if (error instanceof SendError) console.log(error.code);
}

export const Lunch = () => useRoom("/lunch/today", (message) => console.log(message)).here.length;
