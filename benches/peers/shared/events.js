// What the JavaScript peers share: a frame is parsed and checked by hand, the cheapest way there is.

const MOST_CHARS = 2_000;

const isText = (value) =>
  typeof value === "string" && value.length > 0 && value.length <= MOST_CHARS;
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isName = (value) => typeof value === "string" && value.length > 0;

const fields = {
  Echo: (event) => isText(event.text),
  Say: (event) => isText(event.text),
  Add: (event) => isText(event.text),
  Post: (event) => isText(event.text),
  Fill: (event) => isCount(event.rows),
  Last: () => true,
  Pad: (event) => isCount(event.bytes),
  Plan: (event) => isName(event.name) && isCount(event.at),
  Cancel: (event) => isName(event.name),
};

const invalid = { _tag: "Invalid" };

export const INVALID = JSON.stringify({
  _tag: "Error",
  code: "invalid_event",
  message: "This is no event of this room",
});

/** The event in a frame, or one with the tag Invalid. */
export function check(frame) {
  let event;
  try {
    event = JSON.parse(frame);
  } catch {
    return invalid;
  }
  if (typeof event !== "object" || event === null) return invalid;
  return Object.hasOwn(fields, event._tag) && fields[event._tag](event) ? event : invalid;
}
