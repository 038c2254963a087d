// What was sent and is not settled yet.

import { beforeEach, expect, test } from "vitest";
import { Outbox } from "../../../js/browser/outbox.js";

/** @type {string[]} what left */
let line = [];
/** @type {string[]} what has become of what was sent, in the order in which it was known */
let outcomes = [];

beforeEach(() => {
  line = [];
  outcomes = [];
});

/**
 * @param {Outbox} outbox
 * @param {string} text
 * @param {boolean} [isUp] whether there is a line
 */
function put(outbox, text, isUp = true) {
  const transmit = (/** @type {string} */ frame) => {
    if (isUp) line.push(frame);
    return isUp;
  };
  outbox.put(text, transmit).then(
    () => outcomes.push(text),
    ({ code }) => outcomes.push(`${text}: ${code}`),
  );
}

test("what is sent is numbered from 1, and settled up to a number", async () => {
  const outbox = new Outbox(64);
  for (const text of ["a", "b", "c"]) put(outbox, text);
  expect(line).toEqual(["s1:a", "s2:b", "s3:c"]);
  outbox.handled(2);
  await undefined;
  expect(outcomes).toEqual(["a", "b"]);
  expect(outbox.waiting()).toEqual(["s3:c"]);
});

test("each is settled once, however often the room says so", async () => {
  const outbox = new Outbox(64);
  put(outbox, "a");
  put(outbox, "b");
  outbox.refused(1, { code: "not_that", message: "" });
  outbox.handled(2);
  outbox.refused(1, { code: "again", message: "" });
  outbox.handled(2);
  await undefined;
  expect(outcomes.sort()).toEqual(["a: not_that", "b"]);
});

test("what is sent without a line waits, and goes out in its place", () => {
  const outbox = new Outbox(64);
  put(outbox, "a");
  put(outbox, "b", false);
  expect(line).toEqual(["s1:a"]);
  expect(outbox.waiting()).toEqual(["s1:a", "s2:b"]);
});

test("more than the limit is refused at once, until something is settled", async () => {
  const outbox = new Outbox(2);
  for (const text of ["a", "b", "c"]) put(outbox, text);
  await undefined;
  expect(outcomes).toEqual(["c: buffer_full"]);
  outbox.handled(1);
  put(outbox, "d");
  expect(line).toEqual(["s1:a", "s2:b", "s3:d"]);
});

test("when the room has forgotten all, what never left begins anew and the rest is in doubt", async () => {
  const outbox = new Outbox(64);
  put(outbox, "a");
  put(outbox, "b", false);
  outbox.forgotten();
  await undefined;
  expect(outcomes).toEqual(["a: unknown"]);
  expect(outbox.waiting()).toEqual(["s1:b"]);
});

test("at the end everything is rejected", async () => {
  const outbox = new Outbox(64);
  put(outbox, "a");
  outbox.closed();
  await undefined;
  expect(outcomes).toEqual(["a: closed"]);
});
