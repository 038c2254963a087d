// Records what happens to a room, so that a test can replay it natively.

import { plainData } from "./letters.js";
import { logError } from "./log.js";
import { watchInputs } from "./watch.js";

/** @typedef {import("./instance.js").Glue} Glue */
/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("./host.js").Readable} Readable */

/** The most of a room that a recording begins with. */
const LIMITS = { values: 1_000, events: 1_000, rows: 100, sockets: 1_000 };

/** What a recording may hold before it begins anew, besides its limit of inputs. */
const BYTES = 4_000_000;

const CREATE = `CREATE TABLE IF NOT EXISTS room_recording (
  seq INTEGER PRIMARY KEY,
  part INTEGER NOT NULL,
  inputs INTEGER NOT NULL,
  line TEXT NOT NULL
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
  #sql;
  /** @type {boolean | undefined} once that is known */
  #isOn;
  #limit = 0;
  #part = 0;
  /** What the last part has. */
  #inputs = 0;
  #bytes = 0;
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
    this.#sql = object.storage.sql;
  }

  get isOn() {
    this.#isOn ??= this.#object.storage.isRecorded() && this.#resume();
    return this.#isOn;
  }

  /**
   * Begins a recording; one that runs is dropped.
   *
   * @param {number} limit inputs
   */
  start(limit) {
    this.stop();
    this.#sql.exec(CREATE);
    this.#limit = limit;
    this.#part = 0;
    this.#isOn = true;
    this.#object.storage.recorded = true;
    this.#beginPart();
  }

  /** Ends the recording and drops it. */
  stop() {
    if (this.#object.storage.isRecorded()) this.#sql.exec("DROP TABLE room_recording");
    this.#object.storage.recorded = false;
    this.#isOn = false;
  }

  /** The recording, a line of JSON a batch. */
  read() {
    if (!this.isOn) return "";
    const rows = this.#sql.exec("SELECT line FROM room_recording ORDER BY seq").raw();
    return [...rows].map(([line]) => `${line}\n`).join("");
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
      if (this.#inputs >= this.#limit || this.#bytes >= BYTES) {
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
      logError(`room ${this.#room}: the recording ends`, error);
      this.#isOn = false;
    }
  }

  /** Finds out where a recording stood when the object fell asleep. */
  #resume() {
    const row = this.#sql
      .exec(
        `SELECT part, sum(inputs) AS inputs, sum(length(line)) AS bytes, min(seq) AS first
         FROM room_recording GROUP BY part ORDER BY part DESC LIMIT 1`,
      )
      .next().value;
    if (!row) return false;
    const first = "SELECT line FROM room_recording WHERE seq = ?";
    const { line } = this.#sql.exec(first, row.first ?? 0).one();
    this.#limit = JSON.parse(/** @type {string} */ (line)).limit;
    this.#part = /** @type {number} */ (row.part);
    this.#inputs = /** @type {number} */ (row.inputs);
    this.#bytes = /** @type {number} */ (row.bytes);
    return true;
  }

  /** What the room is like, which is how a part begins. */
  #beginPart() {
    const { storage, env } = this.#object;
    this.#sql.exec("DELETE FROM room_recording WHERE part < ?", this.#part);
    this.#part += 1;
    this.#inputs = 0;
    this.#bytes = 0;
    const { values, events, rows } = LIMITS;
    this.#write({
      recording: 1,
      room: this.#room,
      limit: this.#limit,
      at: Date.now(),
      config: JSON.stringify(plainData(env)),
      values: storage.values("", undefined, values, false),
      events: [...storage.pendingEvents(undefined, "", events), ...storage.failedEvents()],
      histories: storage.histories(rows),
      sockets: this.#sockets(),
    });
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
    const line = JSON.stringify(value);
    this.#inputs += inputs;
    this.#bytes += line.length;
    this.#sql.exec(
      "INSERT INTO room_recording (part, inputs, line) VALUES (?, ?, ?)",
      this.#part,
      inputs,
      line,
    );
  }
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
