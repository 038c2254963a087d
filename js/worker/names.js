// Which object a room is. The rules are those of `ObjectName` in src/registry.rs; a room's own Worker
// asks the module as well which types there are.

import { checkText } from "../base/arguments.js";
import { failure, RoomError } from "../base/errors.js";

/** What a URL takes unquoted (RFC 3986, 2.3). */
const ID = /^[A-Za-z0-9\-._~]{1,128}$/;

/** What a route takes. */
const TYPE = /^[A-Za-z0-9_-]+$/;

/** How much of a wrong name an error repeats, in characters. */
const EXCERPT = 200;

/**
 * The name of the object for a room.
 *
 * @param {string} type
 * @param {string} id
 * @param {(type: string) => boolean} [hasRoom] whether there are rooms of a type, if that is known
 * @throws {RoomError}
 */
export function objectName(type, id, hasRoom = () => true) {
  checkText("the type of a room", type);
  checkText("id", id);
  if (!TYPE.test(type) || !hasRoom(type)) {
    const room = excerpt(type);
    const message = `there is no room type ${JSON.stringify(room)} in this Worker`;
    throw new RoomError({ ...failure("RoomNotFound", "room_not_found", 404, message), room });
  }
  if (!ID.test(id)) {
    const short = excerpt(id);
    const message =
      `${JSON.stringify(short)} is not a room id: 1 to 128 of the letters A to Z and a to z, ` +
      "digits, - . _ ~";
    throw new RoomError({
      ...failure("InvalidRoomId", "invalid_room_id", 400, message),
      id: short,
    });
  }
  return `${type}/${id}`;
}

/** @param {string} text */
function excerpt(text) {
  const start = [...text.slice(0, 2 * EXCERPT + 2)];
  return start.length > EXCERPT ? `${start.slice(0, EXCERPT).join("")}…` : text;
}
