// Why something that was sent was not handled, or may not have been.

/** What became of a send that was not stored. */
export class SendError extends Error {
  name = "SendError";
  /** Whether it left, so that the room may have handled it, or may yet. */
  mayBeHandled = false;
  /** Of `frame_too_large`: how many bytes the room takes, if it has said so. @type {number | undefined} */
  limit;
  /** Of `frame_too_large`: how many they were. @type {number | undefined} */
  size;

  /**
   * @param {string} code the room's own if it refused, or
   *   - `buffer_full`: too many wait for their answer already
   *   - `not_sendable`: no text, no bytes, and nothing that JSON can say
   *   - `frame_too_large`: more than the room takes in one frame
   *   - `timeout`: the time that was given is over
   *   - `closed`: the client is closed, and it never left
   *   - `unknown`: it left, and nobody is there any more who knows of it
   * @param {string} message
   * @param {{ mayBeHandled?: boolean, limit?: number, size?: number }} [more]
   */
  constructor(code, message, more) {
    super(message);
    this.code = code;
    Object.assign(this, more);
  }
}
