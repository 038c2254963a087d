// The load generator: one process a server, which plays one job after the other.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { environment, root, run } from "../scripts/run.js";

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

let rooms = 0;

export class Load {
  /** @param {Server} server */
  constructor(server) {
    this.server = server;
    this.child = spawn(join(target, "release", "bench-load"), {
      env: environment,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Plays a job, in a room of its own unless it names one.
   *
   * @param {Job} job
   * @returns {Promise<Measured>}
   */
  async play(job) {
    const { url, pid, system } = this.server;
    const whole = { url, pid, room: `room-${++rooms}`, clients: 1, ...job };
    this.child.stdin.write(`${JSON.stringify(whole)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the load generator ended while it played ${job.workload}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(`${system.name}, ${job.workload}: ${answer.error}`);
    return answer;
  }

  stop() {
    this.child.kill();
  }
}
