// What is measured, how large it is, and what is to be reached.

/** @typedef {import("./load.js").Job} Job */

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} what
 * @property {number} target our CPU time a message, divided by that by hand, at most
 * @property {Job} job
 * @property {Job} quick what differs with --quick
 * @property {number} [rounds] at most, where one takes long
 * @property {"p50_micros"} [figure] what is compared, if not CPU time
 */

const pipelined = { clients: 10, window: 64 };

/** @type {Workload[]} */
export const workloads = [
  {
    name: "echo",
    what: "10 clients, pipelined, no storage",
    target: 1.05,
    job: { workload: "echo", ...pipelined, messages: 80_000, warmup: 10_000 },
    quick: { workload: "echo", messages: 15_000, warmup: 5_000 },
  },
  {
    name: "fan-out",
    what: "100 clients, each message to all, no storage",
    target: 1,
    job: { workload: "fan-out", clients: 100, messages: 2_000, warmup: 500 },
    quick: { workload: "fan-out", messages: 600, warmup: 200 },
  },
  {
    name: "durable",
    what: "10 clients, pipelined; each message changes the saved state and is answered",
    target: 0.2,
    job: { workload: "durable", ...pipelined, messages: 10_000, warmup: 4_000 },
    quick: { workload: "durable", messages: 3_000, warmup: 1_000 },
  },
  {
    name: "durable history",
    what: "the same, each message appended to a history of 100,000",
    target: 0.25,
    job: { workload: "history", ...pipelined, messages: 10_000, warmup: 4_000, size: 100_000 },
    quick: { workload: "history", messages: 3_000, warmup: 1_000, size: 20_000 },
  },
  {
    name: "one at a time",
    what: "1 client, one durable message in flight: latency",
    target: 1.05,
    figure: "p50_micros",
    job: { workload: "durable", clients: 1, messages: 5_000, warmup: 1_000 },
    quick: { workload: "durable", messages: 1_500, warmup: 500 },
  },
  {
    name: "schedule",
    what: "10,000 named events: planned, cancelled or moved, fired",
    target: 1,
    job: { workload: "schedule", clients: 1, messages: 10_000, window: 64 },
    quick: { workload: "schedule", messages: 400 },
    rounds: 2,
  },
  {
    name: "joining",
    what: "2,000 connects and closes a room",
    target: 1.05,
    job: { workload: "joining", clients: 2_000, warmup: 500 },
    quick: { workload: "joining", clients: 1_000, warmup: 500 },
  },
];
