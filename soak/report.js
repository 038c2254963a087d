// What a soak tells: a line now and then, and a table at the end.

/** @typedef {import("./tally.js").Tally} Tally */
/** @typedef {import("./health.js").Health} Health */
/** @typedef {import("./health.js").Sample} Sample */

/** @param {number} value */
const number = (value) => value.toLocaleString("en");

/** @param {Sample | undefined} sample */
const memory = (sample) => (sample ? `${(sample.rss / 1e6).toFixed(0)} MB` : "unknown");

/** @param {Sample | undefined} sample */
const descriptors = (sample) => (sample ? number(sample.descriptors) : "unknown");

/**
 * @param {Tally} tally
 * @param {Health} health
 */
export function progress(tally, health) {
  const seconds = Math.round((Date.now() - tally.startedAt) / 1_000);
  const now = health.now();
  return [
    `soak: ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`,
    `${number(tally.open)} open`,
    `${number(tally.connects)} connects`,
    `${number(tally.said)} sent`,
    `${number(tally.heard)} heard`,
    `${number(tally.woke)} wakings`,
    memory(now),
    `${descriptors(now)} descriptors`,
    `${number(tally.faultCount)} faults`,
  ].join(", ");
}

/**
 * @param {Tally} tally
 * @param {Health} health
 */
export function table(tally, health) {
  const growth = health.growth();
  /** @type {[string, string][]} */
  const rows = [
    ["minutes", String(tally.minutes)],
    ["sockets at a time", number(tally.mostOpen)],
    ["connects", number(tally.connects)],
    ["frames sent", number(tally.said)],
    ["frames heard", number(tally.heard)],
    ...[...tally.closes]
      .sort()
      .map(([kind, count]) => /** @type {[string, string]} */ ([`closes ${kind}`, number(count)])),
    ["pauses with exact counts", number(tally.pauses)],
    ["rooms that slept", number(tally.slept)],
    ["rooms that woke", number(tally.woke)],
    ["memory", `${memory(growth?.begin)} at the beginning, ${memory(growth?.end)} at the end`],
    [
      "file descriptors",
      `${descriptors(growth?.begin)} at the beginning, ${descriptors(growth?.end)} at the end`,
    ],
    ...[...tally.faults].map(
      ([kind, count]) => /** @type {[string, string]} */ ([kind, number(count)]),
    ),
  ];
  return rows.map(([name, value]) => `${name.padEnd(26)}${value}`).join("\n");
}
