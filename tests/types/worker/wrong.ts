// What a Worker may not do, line by line, and the error that the compiler has for it.

import { rooms } from "../../../demo/rooms.js";

declare const env: object;
declare const request: Request;

export async function chat() {
  // error: Argument of type '"caht"' is not assignable to parameter of type '"chat" | "echo" | "history" | "lobby" | "reminders"'
  rooms(env).room("caht");
  const chat = rooms(env).room("chat");
  // error: Type '"Shout"' is not assignable to type '"Say" | "Typing"'
  await chat.send("lounge", { _tag: "Shout" });
  // error: Property 'text' is missing
  await chat.send("lounge", { _tag: "Say" });
  // error: 'userId' does not exist in type '{ _tag: "Say"; text: string; }'
  await chat.send("lounge", { _tag: "Say", text: "hello", userId: "ada" });
  // error: 'user_id' does not exist in type
  await chat.broadcast("lounge", { _tag: "Typing", user_id: "ada" });
  const state = await chat.getState("lounge");
  // error: 'state' is possibly 'null'
  state.messageCount;
  // error: Property 'count' does not exist on type 'State'
  state?.count;
  const [ada] = await chat.getConnections("lounge");
  // error: Property 'name' does not exist on type 'Member'
  ada?.state.name;
  // error: is not assignable to type 'null | undefined'
  await chat.upgrade("lounge", request, { data: { userId: 5, joinedAt: 0 } });
  const history = rooms(env).room("history");
  // error: 'nick' does not exist in type 'Invited'
  await history.upgrade("library", request, { data: { nick: "Ada" } });
  const echo = rooms(env).room("echo");
  // error: is not assignable to parameter of type 'string'
  await echo.send("main", { text: "hello" });
}
