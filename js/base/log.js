// What goes wrong on the server is told to its log, a line each, and nobody can flood it for others.

/** Lines that a room may write at once, and how many more each second. */
const BURST = 20;
const EACH_SECOND = 1;

/** Of how many rooms an isolate remembers what they wrote. */
const ROOMS = 1_000;

/** How long a line may be. */
const LENGTH = 2_000;

/** @typedef {{ tokens: number, filledAt: number, unsaid: number }} Bucket */

/** @type {Map<string, Bucket>} by room, the one that wrote last at the end */
const buckets = new Map();

/**
 * Writes a line to the log, unless its room wrote too many lately: then the next one that is written
 * says how many were left out.
 *
 * @param {string} message
 * @param {{ room?: string, error?: unknown }} [about]
 */
export function logError(message, { room = "", error } = {}) {
  const bucket = bucketOf(room);
  if (bucket.tokens < 1) {
    bucket.unsaid += 1;
    return;
  }
  bucket.tokens -= 1;
  const { unsaid } = bucket;
  bucket.unsaid = 0;
  const before = unsaid > 0 ? `(${unsaid} errors before this one were not logged) ` : "";
  const where = room && `room ${room}: `;
  const why = error === undefined ? "" : `: ${wordsOf(error)}`;
  console.error(oneLine(`${before}${where}${message}${why}`));
}

/**
 * Where an error came from, unless it came out of Rust, where nobody can read it.
 *
 * @param {unknown} error
 */
function wordsOf(error) {
  const isOurs = error instanceof Error && !(error instanceof WebAssembly.RuntimeError);
  return (isOurs && error.stack) || String(error);
}

/** @param {string} room */
function bucketOf(room) {
  const now = Date.now();
  const bucket = buckets.get(room) ?? { tokens: BURST, filledAt: now, unsaid: 0 };
  bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.filledAt) / 1000) * EACH_SECOND);
  bucket.filledAt = now;
  buckets.delete(room);
  buckets.set(room, bucket);
  const [oldest] = buckets.keys();
  if (buckets.size > ROOMS && oldest !== undefined) buckets.delete(oldest);
  return bucket;
}

/** What begins a line, or hides one, where a log is shown. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text as one line that shows what is in it.
 *
 * @param {string} text
 */
export function oneLine(text) {
  const short = text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
  return short.replaceAll(
    BREAKS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
