// Records what happens to a room, so that a test can replay it natively.

import { logError } from "../base/log.js";
import { plainData } from "../base/plain-data.js";
import { watchInputs } from "./listen.js";

/** @typedef {import("../base/glue.js").Glue} Glue */
/** @typedef {import("./inspector.js").Readable} Readable */
/** @typedef {{ glue: Glue, host: { now(): number } }} Instance */

/** The most of a room that a recording begins with. */
const LIMITS = { values: 1_000, alarms: 1_000, rows: 100, sockets: 1_000 };

/** What a recording may hold before it begins anew, besides its limit of inputs. */
const CHARACTERS = 4_000_000;

/** What one row of it holds: half of what the platform takes, in characters of up to three bytes. */
const PIECE = 300_000;

const CREATE = `CREATE TABLE IF NOT EXISTS room_recording (
  seq INTEGER PRIMARY KEY,
  part INTEGER NOT NULL,
  inputs INTEGER NOT NULL,
  piece TEXT NOT NULL
)`;

/**
 * A recording is lines of JSON: what the room was like, then a line a batch. When it is full it goes on
 * in a new part, and the part before the last is dropped, so that what happened last is always there.
 *
 * It is stored beside the room's data, in the same turn as the batch.
 */
export class Recorder {
  #room;
  /** @type {Readable} */
  #object;
  /** @type {boolean | undefined} once that is known */
  #isOn;
  #limit = 0;
  #config = "{}";
  #part = 0;
  /** What the last part has. */
  #inputs = 0;
  #characters = 0;
  /** Whether the recording knows of the sockets by the numbers that they have now. */
  #knowsSockets = false;
  /** @type {unknown[][]} the inputs of this batch */
  #batch = [];
  /** @type {Glue | undefined} */
  #watched;

  /**
   * @param {string} room its object's name
   * @param {Readable} object
   */
  constructor(room, object) {
    this.#room = room;
    this.#object = object;
  }

  get #sql() {
    return this.#object.storage.sql;
  }

  get isOn() {
    this.#isOn ??= this.#object.storage.isRecorded() && this.#resume();
    return this.#isOn;
  }

  /**
   * Begins a recording; one that runs is dropped.
   *
   * @param {number} limit inputs
   * @param {boolean} hasConfig whether the Worker's variables are recorded, which may be secrets
   */
  start(limit, hasConfig) {
    this.stop();
    this.#limit = limit;
    this.#config = hasConfig ? JSON.stringify(plainData(this.#object.env)) : "{}";
    this.#object.storage.record(true, () => {
      this.#sql.exec(CREATE);
      // What is asked for, to be found again after sleep.
      this.#insert(0, limit, this.#config);
      this.#part = 0;
      this.#beginPart();
    });
    this.#isOn = true;
  }

  /** Ends the recording and drops it. */
  stop() {
    const { storage } = this.#object;
    if (storage.isRecorded())
      storage.record(false, () => this.#sql.exec("DROP TABLE room_recording"));
    this.#isOn = false;
  }

  /** The recording, a line of JSON a batch. */
  read() {
    if (!this.isOn) return "";
    const rows = this.#sql
      .exec("SELECT piece FROM room_recording WHERE part > 0 ORDER BY seq")
      .raw();
    return [...rows].map(([piece]) => piece).join("");
  }

  /**
   * A batch begins: what Rust is to be told through, to be recorded.
   *
   * @param {Instance} instance
   * @param {number} handle
   * @returns {Glue}
   */
  watch({ glue }, handle) {
    this.#carefully(() => {
      if (!this.#knowsSockets) this.#wake();
      if (this.#inputs >= this.#limit || this.#characters >= CHARACTERS) {
        this.#beginPart();
        // What it knows by heart the new part does not.
        glue.reset(handle);
      }
    });
    this.#batch = [];
    glue.keepChance();
    this.#watched ??= watchInputs(glue, (name, args) => {
      this.#batch.push([name, ...args.map(plain)]);
    });
    return this.#watched;
  }

  /**
   * The batch is committed.
   *
   * @param {Instance} instance
   */
  keep({ glue, host }) {
    const inputs = this.#batch;
    const chance = Array.from(glue.takeChance(), String);
    this.#carefully(() => this.#write({ at: host.now(), chance, inputs }, inputs.length));
  }

  /**
   * A recording that fails is over, and the room goes on.
   *
   * @param {() => void} write
   */
  #carefully(write) {
    try {
      write();
    } catch (error) {
      logError("the recording ends", { room: this.#room, error });
      this.#isOn = false;
    }
  }

  /** Finds out where a recording stood when the object fell asleep. */
  #resume() {
    const row = this.#sql
      .exec(
        `SELECT part, sum(inputs) AS inputs, sum(length(piece)) AS characters
         FROM room_recording WHERE part > 0 GROUP BY part ORDER BY part DESC LIMIT 1`,
      )
      .next().value;
    const options = this.#sql.exec("SELECT inputs, piece FROM room_recording WHERE part = 0").one();
    if (!row) return false;
    this.#limit = /** @type {number} */ (options.inputs);
    this.#config = /** @type {string} */ (options.piece);
    this.#part = /** @type {number} */ (row.part);
    this.#inputs = /** @type {number} */ (row.inputs);
    this.#characters = /** @type {number} */ (row.characters);
    return true;
  }

  /** What the room is like, which is how a part begins. */
  #beginPart() {
    const { storage } = this.#object;
    this.#sql.exec("DELETE FROM room_recording WHERE part > 0 AND part < ?", this.#part);
    this.#part += 1;
    this.#inputs = 0;
    this.#characters = 0;
    const { values, alarms, rows } = LIMITS;
    const state = storage.values("state", undefined, 1, false).rows;
    const others = this.#values(values).filter(([key]) => key !== "state");
    this.#write({
      recording: 1,
      room: this.#room,
      limit: this.#limit,
      at: Date.now(),
      config: this.#config,
      // First of all: of values there may be too many.
      values: [...state, ...others],
      alarms: [...storage.pendingAlarms(undefined, "", alarms), ...storage.failedAlarms()],
      histories: storage.histories(rows),
      sockets: this.#sockets(),
    });
  }

  /** @param {number} limit of values, which are no more than a part has characters */
  #values(limit) {
    /** @type {[key: string, json: string][]} */
    const values = [];
    let characters = 0;
    for (let more = true; more && values.length < limit && characters < CHARACTERS; ) {
      const after = values.at(-1)?.[0];
      const page = this.#object.storage.values("", after, limit - values.length, false);
      for (const [, json] of page.rows) characters += json.length;
      values.push(...page.rows);
      more = page.more;
    }
    return values;
  }

  /** Sockets have other numbers after every sleep. */
  #wake() {
    this.#write({ wake: { at: Date.now(), sockets: this.#sockets() } });
  }

  #sockets() {
    this.#knowsSockets = true;
    const { sockets } = this.#object;
    return sockets
      .open()
      .slice(0, LIMITS.sockets)
      .map((socket) => ({
        socket: sockets.number(socket),
        attachment: socket.deserializeAttachment(),
        tags: tagsOf(sockets.ctx, socket),
        answered: sockets.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null,
      }));
  }

  /**
   * @param {object} value
   * @param {number} [inputs]
   */
  #write(value, inputs = 0) {
    const line = `${JSON.stringify(value)}\n`;
    this.#inputs += inputs;
    this.#characters += line.length;
    for (const [nth, piece] of pieces(line).entries()) {
      this.#insert(this.#part, nth === 0 ? inputs : 0, piece);
    }
  }

  /**
   * @param {number} part
   * @param {number} inputs
   * @param {string} piece
   */
  #insert(part, inputs, piece) {
    const insert = "INSERT INTO room_recording (part, inputs, piece) VALUES (?, ?, ?)";
    this.#sql.exec(insert, part, inputs, piece);
  }
}

/**
 * A line in pieces that a row takes each, with no character in two of them.
 *
 * @param {string} line
 */
function pieces(line) {
  const found = [];
  for (let at = 0; at < line.length; ) {
    const isWithin = /[\ud800-\udbff]/.test(line[at + PIECE - 1] ?? "");
    const end = at + PIECE - (isWithin ? 1 : 0);
    found.push(line.slice(at, end));
    at = end;
  }
  return found;
}

/**
 * @param {DurableObjectState} ctx
 * @param {WebSocket} socket
 */
function tagsOf(ctx, socket) {
  try {
    return ctx.getTags(socket);
  } catch {
    // It is gone, and the platform has yet to tell of its close.
    return [];
  }
}

/** @param {unknown} value */
const plain = (value) => (value instanceof Uint8Array ? [...value] : value);
