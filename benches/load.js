// The load generator: one process a server, which plays one job after the other.

import { join } from "node:path";
import { createInterface } from "node:readline";
import { environment, root, run } from "../scripts/run.js";
import { start } from "./children.js";

/** @typedef {import("./server.js").Server} Server */

/**
 * @typedef {object} Job
 * @property {string} workload
 * @property {string} [room]
 * @property {number} [clients]
 * @property {number} [messages]
 * @property {number} [warmup]
 * @property {number} [window]
 * @property {number} [size]
 */

/**
 * @typedef {object} Measured what a job cost the server
 * @property {number} messages
 * @property {number} cpu_nanos
 * @property {number} wall_nanos
 * @property {number} p50_micros
 * @property {number} p99_micros
 * @property {number} rss_bytes
 */

const target = join(root, "target", "others");

export const buildLoad = () =>
  run("cargo", ["build", "--quiet", "--release", "--manifest-path", "benches/load/Cargo.toml"], {
    CARGO_TARGET_DIR: target,
  });

/** A job that takes longer has gone wrong. */
const PATIENCE = 60_000;

let rooms = 0;

function startPlayer() {
  const child = start(join(target, "release", "bench-load"), [], {
    env: environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const stdin = /** @type {import("node:stream").Writable} */ (child.stdin);
  const stdout = /** @type {import("node:stream").Readable} */ (child.stdout);
  return { child, stdin, lines: createInterface({ input: stdout })[Symbol.asyncIterator]() };
}

export class Load {
  /** @param {Server} server */
  constructor(server) {
    this.server = server;
    this.player = startPlayer();
  }

  /**
   * Plays a job, in a room of its own unless it names one.
   *
   * @param {Job} job
   * @returns {Promise<Measured>} rejected if an answer was wrong, or none came
   */
  async play(job) {
    const { url, pid, system } = this.server;
    const whole = { url, pid, room: `room-${++rooms}`, clients: 1, ...job };
    this.player.stdin.write(`${JSON.stringify(whole)}\n`);
    const late = setTimeout(() => this.stop(), PATIENCE);
    const { value, done } = await this.player.lines.next();
    clearTimeout(late);
    if (done) this.player = startPlayer();
    const { error, ...measured } = done ? { error: "no answer in time" } : JSON.parse(value);
    if (error) throw new Error(`${system.name}, ${job.workload}: ${error}`);
    return measured;
  }

  stop() {
    this.player.child.kill();
  }
}
