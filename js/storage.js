// What a room stores: its state and its scheduled events, as rows that a person can read.

const CREATE = `
  CREATE TABLE IF NOT EXISTS room_values (key TEXT PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS room_events (
    name TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    period INTEGER,
    failures INTEGER NOT NULL,
    error TEXT,
    failed INTEGER NOT NULL,
    payload TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS room_events_pending ON room_events (at, name) WHERE failed = 0;
`;

/**
 * @typedef {object} EventRow a scheduled event as Rust knows it
 * @property {string} name
 * @property {number} at
 * @property {number} due
 * @property {number | null} period
 * @property {number} failures
 * @property {string | null} error
 * @property {boolean} failed
 * @property {string} payload
 */

export class RoomStorage {
  /** @param {DurableObjectStorage} storage */
  constructor(storage) {
    this.storage = storage;
    this.sql = storage.sql;
    this.created = false;
  }

  /** Whether there is anything to read. Looking into a room that never was must not store anything. */
  exists() {
    if (!this.created) {
      const tables = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'room_values'";
      this.created = !this.sql.exec(tables).next().done;
    }
    return this.created;
  }

  /**
   * Does all writes or, if one fails, none.
   *
   * @param {() => void} write
   */
  transaction(write) {
    this.storage.transactionSync(() => {
      if (!this.exists()) this.sql.exec(CREATE);
      write();
    });
    this.created = true;
  }

  purge() {
    this.sql.exec("DELETE FROM room_values");
    this.sql.exec("DELETE FROM room_events");
  }

  /** @returns {string | undefined} */
  state() {
    if (!this.exists()) return undefined;
    const row = this.sql.exec("SELECT json FROM room_values WHERE key = 'state'").next().value;
    return /** @type {string | undefined} */ (row?.json);
  }

  /** @param {string} json */
  putState(json) {
    this.sql.exec(
      "INSERT INTO room_values VALUES ('state', ?1) ON CONFLICT DO UPDATE SET json = ?1",
      json,
    );
  }

  /** @param {string} name */
  event(name) {
    return this.events("WHERE name = ?", name)[0];
  }

  /**
   * The first pending events after a position, by time, then name.
   *
   * @param {number | undefined} at
   * @param {string} name
   * @param {number} limit
   */
  pendingEvents(at, name, limit) {
    return this.events(
      "WHERE failed = 0 AND (at, name) > (?, ?) ORDER BY at, name LIMIT ?",
      at ?? -1,
      name,
      limit,
    );
  }

  failedEvents() {
    return this.events("WHERE failed = 1 ORDER BY name");
  }

  /**
   * @param {string} clause
   * @param {...(string | number)} values
   * @returns {EventRow[]}
   */
  events(clause, ...values) {
    if (!this.exists()) return [];
    const rows = this.sql.exec(`SELECT * FROM room_events ${clause}`, ...values).toArray();
    return /** @type {any[]} */ (rows).map((row) => ({ ...row, failed: row.failed === 1 }));
  }

  /** @param {EventRow} event */
  putEvent({ name, at, due, period, failures, error, failed, payload }) {
    this.sql.exec(
      "INSERT OR REPLACE INTO room_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
  removeEvent(name) {
    this.sql.exec("DELETE FROM room_events WHERE name = ?", name);
  }

  // The alarm is stored in the object's own database: set in a transaction, it commits with it and is
  // rolled back with it. The promises carry nothing: a failed commit resets the object.

  /** @param {number} at */
  setAlarm(at) {
    void this.storage.setAlarm(at);
  }

  deleteAlarm() {
    void this.storage.deleteAlarm();
  }
}
