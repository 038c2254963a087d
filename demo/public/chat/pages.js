// The history, a page at a time.

/**
 * @typedef {object} Entry something that was said
 * @property {number} [seq] its place in the history, if it was read there
 * @property {string} from
 * @property {string} message
 * @property {number} timestamp
 */

const PAGE = 200;
/** How far back a gap is filled. Beyond it the reader begins anew with what was said last. */
const LONGEST_GAP = 10;

/**
 * The page before an entry, or the last one; the oldest first.
 *
 * @param {string} room
 * @param {number} [before] a place
 * @returns {Promise<Entry[]>}
 */
export async function readPage(room, before) {
  const query = new URLSearchParams({ limit: `${PAGE}` });
  if (before !== undefined) query.set("before", `${before}`);
  const response = await fetch(`/api/history/${room}?${query}`);
  if (!response.ok) throw new Error(`The history cannot be read: ${response.status}`);
  return await response.json();
}

/**
 * All that was said up to now, back to an entry that is known; or if that is too long ago, the end of it.
 *
 * @param {string} room
 * @param {Entry} [known]
 * @returns {Promise<{ entries: Entry[], reaches: boolean }>} whether it reaches back that far
 */
export async function readBackTo(room, known) {
  let entries = await readPage(room);
  for (let page = 1; page < LONGEST_GAP; page++) {
    const first = entries[0];
    if (!known || !first?.seq || first.timestamp < known.timestamp || first.seq === 1) break;
    entries = [...(await readPage(room, first.seq)), ...entries];
  }
  const first = entries[0];
  return { entries, reaches: !known || !first || first.timestamp <= known.timestamp };
}
