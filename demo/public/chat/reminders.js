// `/remind 5 tea`: the reminders room of the same id.

import { RoomClient } from "../browser/room-client.js";

const SECONDS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3_600, d: 86_400 });

export const HOW = "Write it like this: /remind 5 tea (seconds), /remind 5m tea, /remind 2h tea.";

/**
 * The line that the reminders room understands; none if it would not.
 *
 * @param {string} text
 */
export function reminderOf(text) {
  const [, count, unit = "s", what] = /^\/remind (\d{1,9})([smhd])? +(\S.*)$/.exec(text) ?? [];
  return count && what ? `/remind ${Number(count) * (SECONDS[unit] ?? 1)} ${what}` : undefined;
}

/**
 * @param {string} room
 * @param {(words: string, kind: "reminder" | "") => void} tell
 */
export function joinReminders(room, tell) {
  /** @type {RoomClient<import("../../../types/rooms.d.ts").Rooms["reminders"]>} */
  const client = new RoomClient(`/room/${room}`, { key: `reminders/${room}`, text: true });
  client.on("message", (line) => {
    const [, kind, words = ""] = /^\[(system|reminder)\] (.*)$/s.exec(line) ?? [];
    const [, seconds] = /^Reminder scheduled in (\d+)s$/.exec(words) ?? [];
    if (kind === "reminder") tell(words, "reminder");
    else if (seconds) tell(`Everyone here is reminded in ${duration(Number(seconds))}.`, "");
    else if (kind) tell(`${words}.`, "");
  });
  return client;
}

/** @param {number} seconds */
export function duration(seconds) {
  const units = /** @type {const} */ ([
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ]);
  const [unit, size] = units.find(([, size]) => seconds >= size && seconds % size === 0) ?? [
    "second",
    1,
  ];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
