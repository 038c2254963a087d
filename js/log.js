// What goes wrong on the server is told to its log, and nothing that a client does can flood it.

/** Lines that may be written at once, and how many more each second. */
const BURST = 20;
const EACH_SECOND = 1;

let tokens = BURST;
let filledAt = 0;
let unsaid = 0;

/**
 * Writes a line to the log, unless too many were written lately: then the next one that is written
 * says how many were left out.
 *
 * @param {string} message
 * @param {unknown} [error]
 */
export function logError(message, error) {
  const now = Date.now();
  tokens = Math.min(BURST, tokens + ((now - filledAt) / 1000) * EACH_SECOND);
  filledAt = now;
  if (tokens < 1) {
    unsaid += 1;
    return;
  }
  tokens -= 1;
  const before = unsaid > 0 ? `(${unsaid} errors before this one were not logged) ` : "";
  unsaid = 0;
  console.error(`${before}${message}`, ...(error === undefined ? [] : [error]));
}
