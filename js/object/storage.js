// What a room stores: its state and its alarms, as rows that a person can read.

const CREATE = `
  CREATE TABLE IF NOT EXISTS room_values (key TEXT PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS room_alarms (
    name TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    period INTEGER,
    failures INTEGER NOT NULL,
    error TEXT,
    failed INTEGER NOT NULL,
    payload TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS room_histories (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    trimmed INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS room_rows (
    history TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    row TEXT NOT NULL,
    PRIMARY KEY (history, seq)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS room_alarms_pending ON room_alarms (at, name) WHERE failed = 0;
`;

/** The key under which an object says what it has. Where nothing was ever stored, asking costs no query. */
const MARK = "dormouse";

/** Characters of rows that are read at a time, as what one reads has to fit the instance's memory. */
const PAGE = 1_000_000;

/** How many rows are read before it is known how long they are. */
const FIRST = 16;

/** @typedef {{ tables: boolean, recording: boolean }} Mark */

/**
 * @template T
 * @typedef {object} Page
 * @property {T[]} rows as many as fit, one at least
 * @property {boolean} more whether there are others, within what was asked for
 */

/** @typedef {{ seq: number, at: number, row: string }} HistoryRow */

/** @typedef {import("../base/told.js").ScheduledAlarm} ScheduledAlarm */

export class RoomStorage {
  /** @type {SqlStorage | undefined} */
  #sql;

  /**
   * @param {DurableObjectStorage} storage
   * @param {(error: unknown) => void} [alarmRefused] told when the platform refuses an alarm, which it does after the commit
   */
  constructor(storage, alarmRefused = () => {}) {
    this.storage = storage;
    this.alarmRefused = alarmRefused;
    /** @type {Mark | undefined} once it was read */
    this.known = undefined;
  }

  /** Got when first needed: a room that stores nothing wakes without it. */
  get sql() {
    this.#sql ??= this.storage.sql;
    return this.#sql;
  }

  /** Whether there is anything to read. Looking into a room that never was must not store anything. */
  exists() {
    return this.#mark().tables;
  }

  /** Whether there is a recording. */
  isRecorded() {
    return this.#mark().recording;
  }

  /**
   * A recording begins or ends.
   *
   * @param {boolean} recording
   * @param {() => void} write what it stores or drops
   */
  record(recording, write) {
    const mark = { ...this.#mark(), recording };
    this.storage.transactionSync(() => {
      write();
      this.storage.kv.put(MARK, mark);
    });
    this.known = mark;
  }

  #mark() {
    this.known ??= this.storage.kv.get(MARK) ?? { tables: false, recording: false };
    return this.known;
  }

  /**
   * Does all writes or, if one fails, none.
   *
   * @param {() => void} write
   */
  transaction(write) {
    const mark = { ...this.#mark(), tables: true };
    this.storage.transactionSync(() => {
      if (!this.exists()) {
        this.sql.exec(CREATE);
        this.storage.kv.put(MARK, mark);
      }
      write();
    });
    this.known = mark;
  }

  /**
   * Does a write that is one statement, which needs no transaction to be all or nothing.
   *
   * @param {() => void} write
   */
  alone(write) {
    if (this.exists()) write();
    else this.transaction(write);
  }

  purge() {
    this.sql.exec("DELETE FROM room_values");
    this.sql.exec("DELETE FROM room_alarms");
    this.sql.exec("DELETE FROM room_histories");
    this.sql.exec("DELETE FROM room_rows");
  }

  /** The state is a value too; the keys of keyed values have a `/` in them. */
  state() {
    return this.value("state");
  }

  /** @param {string} json */
  putState(json) {
    this.putValue("state", json);
  }

  /**
   * @param {string} key
   * @returns {string | undefined}
   */
  value(key) {
    if (!this.exists()) return undefined;
    const row = this.sql.exec("SELECT json FROM room_values WHERE key = ?", key).next().value;
    return /** @type {string | undefined} */ (row?.json);
  }

  /**
   * Values whose keys begin with a prefix, after a key, in an order of the keys.
   *
   * @param {string} prefix
   * @param {string | undefined} after
   * @param {number} limit
   * @param {boolean} backwards
   * @returns {Page<[key: string, json: string]>}
   */
  values(prefix, after, limit, backwards) {
    if (!this.exists()) return NOTHING;
    // No key has U+10FFFF in it, so all with the prefix are below this one.
    const end = `${prefix}\u{10ffff}`;
    const sql = backwards
      ? "SELECT key, json FROM room_values WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?"
      : "SELECT key, json FROM room_values WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?";
    /** @type {(last: [string, string] | undefined, count: number) => [string, string][]} */
    const read = (last, count) => {
      const from = last?.[0] ?? after;
      const bounds = backwards ? [prefix, from ?? end] : [prefix, from ?? "", end];
      return /** @type {any} */ ([...this.sql.exec(sql, ...bounds, count).raw()]);
    };
    return pageOf(read, limit, ([key, json]) => key.length + json.length);
  }

  /**
   * Keys alone that begin with a prefix, after a key.
   *
   * @param {string} prefix
   * @param {string | undefined} after
   * @param {number} limit
   * @returns {Page<string>}
   */
  keys(prefix, after, limit) {
    if (!this.exists()) return NOTHING;
    const sql =
      "SELECT key FROM room_values WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?";
    /** @type {(last: string | undefined, count: number) => string[]} */
    const read = (last, count) => {
      const rows = this.sql
        .exec(sql, prefix, last ?? after ?? "", `${prefix}\u{10ffff}`, count)
        .raw();
      return Array.from(rows, ([key]) => /** @type {string} */ (key));
    };
    return pageOf(read, limit, (key) => key.length);
  }

  /**
   * @param {string} key
   * @param {string} json
   */
  putValue(key, json) {
    this.sql.exec(
      "INSERT INTO room_values VALUES (?1, ?2) ON CONFLICT DO UPDATE SET json = ?2",
      key,
      json,
    );
  }

  /** @param {string} key */
  removeValue(key) {
    this.sql.exec("DELETE FROM room_values WHERE key = ?", key);
  }

  /** @param {string} name */
  historyEnds(name) {
    if (!this.exists()) return undefined;
    const ends = "SELECT last, last_at AS lastAt, trimmed FROM room_histories WHERE name = ?";
    return this.sql.exec(ends, name).next().value;
  }

  /**
   * All histories, each with its last rows.
   *
   * @param {number} rows
   * @returns {import("../base/told.js").StoredHistory[]}
   */
  histories(rows) {
    if (!this.exists()) return [];
    const names = [...this.sql.exec("SELECT name FROM room_histories").raw()].flat();
    return /** @type {string[]} */ (names).map((name) => ({
      name,
      ends: /** @type {any} */ (this.historyEnds(name)),
      rows: this.history(name, 0, Number.MAX_SAFE_INTEGER, rows, true).rows,
    }));
  }

  /**
   * The rows of a history between two numbers, by number: the first of them, or the last.
   *
   * @param {string} name
   * @param {number} after
   * @param {number} before
   * @param {number} limit
   * @param {boolean} last
   * @returns {Page<HistoryRow>}
   */
  history(name, after, before, limit, last) {
    if (!this.exists()) return NOTHING;
    const sql = `SELECT seq, at, row FROM room_rows WHERE history = ? AND seq > ? AND seq < ?
      ORDER BY seq ${last ? "DESC" : "ASC"} LIMIT ?`;
    /** @type {(there: HistoryRow | undefined, count: number) => HistoryRow[]} */
    const read = (there, count) => {
      const [from, to] = last ? [after, there?.seq ?? before] : [there?.seq ?? after, before];
      return /** @type {any} */ (this.sql.exec(sql, name, from, to, count).toArray());
    };
    const page = pageOf(read, limit, ({ row }) => row.length);
    if (last) page.rows.reverse();
    return page;
  }

  /**
   * The number of the first row at a time or later. Reads the older ones, which are about to go.
   *
   * @param {string} name
   * @param {number} at
   * @returns {number | undefined}
   */
  historySince(name, at) {
    if (!this.exists()) return undefined;
    const row = this.sql
      .exec(
        "SELECT seq FROM room_rows WHERE history = ? AND at >= ? ORDER BY seq LIMIT 1",
        name,
        at,
      )
      .next().value;
    return /** @type {number | undefined} */ (row?.seq);
  }

  /**
   * @param {string} name
   * @param {number} seq
   * @param {number} at
   * @param {string} row
   */
  append(name, seq, at, row) {
    this.sql.exec("INSERT INTO room_rows VALUES (?, ?, ?, ?)", name, seq, at, row);
  }

  /**
   * @param {string} name
   * @param {number} through
   */
  trim(name, through) {
    this.sql.exec("DELETE FROM room_rows WHERE history = ? AND seq <= ?", name, through);
  }

  /**
   * @param {string} name
   * @param {number} last
   * @param {number} lastAt
   * @param {number} trimmed
   */
  putEnds(name, last, lastAt, trimmed) {
    this.sql.exec(
      "INSERT OR REPLACE INTO room_histories VALUES (?, ?, ?, ?)",
      name,
      last,
      lastAt,
      trimmed,
    );
  }

  /** @param {string} name */
  alarm(name) {
    return this.alarms("WHERE name = ?", name)[0];
  }

  /**
   * The first pending alarms after a position, by time, then name.
   *
   * @param {number | undefined} at
   * @param {string} name
   * @param {number} limit
   * @returns {Page<ScheduledAlarm>}
   */
  pendingPage(at, name, limit) {
    const clause = "WHERE failed = 0 AND (at, name) > (?, ?) ORDER BY at, name LIMIT ?";
    /** @type {(last: ScheduledAlarm | undefined, count: number) => ScheduledAlarm[]} */
    const read = (last, count) =>
      this.alarms(clause, last?.at ?? at ?? -1, last?.name ?? name, count);
    return pageOf(read, limit, ({ payload }) => payload.length);
  }

  /**
   * The same without a word on whether more follow.
   *
   * @param {number | undefined} at
   * @param {string} name
   * @param {number} limit
   */
  pendingAlarms(at, name, limit) {
    return this.pendingPage(at, name, limit).rows;
  }

  failedAlarms() {
    return this.alarms("WHERE failed = 1 ORDER BY name");
  }

  /**
   * @param {string} clause
   * @param {...(string | number)} values
   * @returns {ScheduledAlarm[]}
   */
  alarms(clause, ...values) {
    if (!this.exists()) return [];
    const rows = this.sql.exec(`SELECT * FROM room_alarms ${clause}`, ...values).toArray();
    return /** @type {any[]} */ (rows).map((row) => ({ ...row, failed: row.failed === 1 }));
  }

  /** @param {ScheduledAlarm} alarm */
  putAlarm({ name, at, due, period, failures, error, failed, payload }) {
    this.sql.exec(
      "INSERT OR REPLACE INTO room_alarms VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      name,
      at,
      due,
      period,
      failures,
      error,
      failed ? 1 : 0,
      payload,
    );
  }

  /** @param {string} name */
  removeAlarm(name) {
    this.sql.exec("DELETE FROM room_alarms WHERE name = ?", name);
  }

  // The alarm is stored in the object's own database: set in a transaction, it commits with it and is
  // rolled back with it. What the platform finds wrong with a time it says later.

  /** @param {number} at */
  setAlarm(at) {
    this.storage.setAlarm(at).catch(this.alarmRefused);
  }

  deleteAlarm() {
    this.storage.deleteAlarm().catch(this.alarmRefused);
  }
}

/** @type {Page<any>} */
const NOTHING = { rows: [], more: false };

/**
 * Rows until they are too many characters. They are read some at a time, each query to its end: one that
 * is left in the middle locks the tables.
 *
 * @template T
 * @param {(last: T | undefined, count: number) => T[]} read so many rows after one
 * @param {number} limit of rows
 * @param {(row: T) => number} sizeOf
 * @returns {Page<T>}
 */
function pageOf(read, limit, sizeOf) {
  /** @type {T[]} */
  const rows = [];
  let size = 0;
  for (let count = Math.min(limit, FIRST); ; ) {
    const found = read(rows.at(-1), count);
    for (const row of found) {
      size += sizeOf(row);
      if (size > PAGE && rows.length > 0) return { rows, more: true };
      rows.push(row);
    }
    if (found.length < count || rows.length >= limit) return { rows, more: false };
    // As many as should fit, were they as long as those before them.
    const fits = Math.ceil(((PAGE - size) / Math.max(size, 1)) * rows.length) + 1;
    count = Math.min(limit - rows.length, Math.max(fits, 1));
  }
}
