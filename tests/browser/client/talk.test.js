// What the page makes of texts and times.

import { expect, test } from "vitest";
import { Edge } from "../../../demo/public/chat/edge.js";
import { duration, reminderOf } from "../../../demo/public/chat/reminders.js";

/** @param {number} timestamp @param {string} message */
const said = (timestamp, message) => ({ from: "Ada", message, timestamp });

test("an edge knows what is older, and of its own millisecond what is the same", () => {
  const edge = new Edge([said(1, "a"), said(5, "b"), said(5, "c")]);
  for (const known of [said(1, "a"), said(4, "never read"), said(5, "b"), said(5, "c")]) {
    expect(edge.knows(known)).toBe(true);
  }
  for (const fresh of [said(5, "d"), said(6, "a"), { ...said(5, "b"), from: "Bob" }]) {
    expect(edge.knows(fresh)).toBe(false);
  }
  expect(new Edge([]).knows(said(1, "a"))).toBe(false);
});

test("a reminder is one that the room understands, in seconds", () => {
  expect(reminderOf("/remind 5 tea")).toBe("/remind 5 tea");
  expect(reminderOf("/remind 5m green tea")).toBe("/remind 300 green tea");
  expect(reminderOf("/remind 2h tea")).toBe("/remind 7200 tea");
  for (const other of ["/remind -1 x", "/remind 5", "/remind 5 ", "/remind tea", "/reminder 5 x"]) {
    expect(reminderOf(other)).toBeUndefined();
  }
  // The room takes one line.
  expect(reminderOf("/remind 5 one\ntwo")).toBeUndefined();
});

test("a time is said in its largest whole unit", () => {
  expect([0, 1, 90, 60, 300, 7_200, 86_400].map(duration)).toEqual([
    "0 seconds",
    "1 second",
    "90 seconds",
    "1 minute",
    "5 minutes",
    "2 hours",
    "1 day",
  ]);
});
