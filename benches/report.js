// What the measurements come to, and the table of it.

import { median } from "./start-up.js";
import { byHand, dormouse, systems } from "./systems.js";

/** @typedef {import("./run.js").Results} Results */
/** @typedef {import("./run.js").Row} Row */
/** @typedef {import("./load.js").Measured} Measured */

/**
 * @typedef {object} Cell one system in one workload
 * @property {string} system
 * @property {number} value the median of what is compared
 * @property {number} ratio to by hand, the median over rounds of the ratio in each
 * @property {[least: number, most: number]} spread of that ratio
 * @property {number} wallMicros
 * @property {number} p50Micros
 * @property {number} p99Micros
 * @property {number} p99Ratio
 * @property {number} rssBytes
 */

/** @param {Row} row */
const isMemory = (row) => row.figure === "rss_bytes";

/**
 * What is compared of a measurement.
 *
 * @param {Row} row
 * @param {Measured} measured
 */
export function figure({ figure }, measured) {
  return figure === "cpu_nanos" ? measured.cpu_nanos / measured.messages / 1_000 : measured[figure];
}

/**
 * @param {Row} row
 * @returns {Cell[]}
 */
export function cells(row) {
  const base = row.rounds[byHand.name] ?? [];
  return Object.entries(row.rounds).map(([system, rounds]) => {
    /** @param {(one: Measured) => number} of */
    const ratios = (of) =>
      rounds.flatMap((one, i) => {
        const other = base[i];
        return other && of(other) > 0 ? [of(one) / of(other)] : [];
      });
    const compared = ratios((one) => figure(row, one));
    return {
      system,
      value: median(rounds.map((one) => figure(row, one))),
      ratio: median(compared),
      spread: [Math.min(...compared), Math.max(...compared)],
      wallMicros: median(rounds.map((one) => one.wall_nanos / one.messages / 1_000)),
      p50Micros: median(rounds.map((one) => one.p50_micros)),
      p99Micros: median(rounds.map((one) => one.p99_micros)),
      p99Ratio: median(ratios((one) => one.p99_micros)),
      rssBytes: median(rounds.map((one) => one.rss_bytes)),
    };
  });
}

/** @param {Results} results */
export function table({ about, missing, rows, startUp, scaling }) {
  const lines = [
    `workerd ${about.workerd}; ${about.rounds} rounds; ${about.seconds} s${about.quick ? "; quick" : ""}`,
    "Each figure is the median over rounds; [ ] is the least and the most of a round's ratio to by hand.",
    ...Object.entries(missing).map(([system, why]) => `${system} is missing: ${why}`),
  ];
  for (const row of rows) {
    const target = row.target === null ? "" : ` (Dormouse: at most ${row.target})`;
    const unit = isMemory(row) ? "bytes" : row.figure === "cpu_nanos" ? "CPU µs" : "p50 µs";
    lines.push("", `${row.name}: ${row.what}${target}`);
    lines.push(
      `  ${"".padEnd(12)}${unit.padStart(10)}   ÷ by hand               wall µs    p50 µs    p99 µs   rss MB`,
    );
    for (const cell of cells(row)) {
      const [least, most] = cell.spread.map((one) => one.toFixed(3));
      const numbers = isMemory(row)
        ? []
        : [cell.wallMicros, cell.p50Micros, cell.p99Micros].map((one) =>
            one.toFixed(1).padStart(10),
          );
      const memory = isMemory(row) ? "" : (cell.rssBytes / 1e6).toFixed(0).padStart(9);
      lines.push(
        `  ${cell.system.padEnd(12)}${cell.value.toFixed(1).padStart(10)}   ${cell.ratio.toFixed(3)} [${least} to ${most}]`.padEnd(
          49,
        ) +
          numbers.join("") +
          memory,
      );
    }
    for (const [system, failure] of Object.entries(row.failures ?? {})) {
      lines.push(`  ${system.padEnd(12)} failed: ${failure}`);
    }
    if (row.figure === "p50_micros") {
      const ours = cells(row).find(({ system }) => system === dormouse.name);
      if (ours) lines.push(`  p99 of Dormouse ÷ by hand: ${ours.p99Ratio.toFixed(3)}`);
    }
  }
  if (Object.keys(startUp).length > 0) {
    lines.push("", "start-up: size compressed, and times");
    for (const [name, one] of Object.entries(startUp)) {
      const parts = [`${kilobytes(one.gzipBytes)} in all`];
      if (one.wasmGzipBytes) parts.push(`${kilobytes(one.wasmGzipBytes)} of wasm`);
      if (one.compileMillis) parts.push(`compiled in ${one.compileMillis.toFixed(1)} ms`);
      if (one.firstMillis) parts.push(`server up in ${one.firstMillis.toFixed(0)} ms`);
      lines.push(`  ${name.padEnd(26)}${parts.join(", ")}`);
    }
  }
  for (const { name, unit, points } of scaling) {
    lines.push("", `scaling: ${name}; CPU µs by ${unit}`);
    for (const [system, line] of Object.entries(points)) {
      const figures = line.map(({ size, cpuMicros }) => `${size}: ${cpuMicros.toFixed(1)}`);
      lines.push(`  ${system.padEnd(12)}${figures.join("   ")}`);
    }
  }
  if (rows.length > 0) lines.push("", ...verdict(rows));
  return lines.join("\n");
}

/**
 * What was to be reached and was not.
 *
 * @param {Row[]} rows
 */
export function verdict(rows) {
  const missed = [];
  for (const row of rows) {
    const found = cells(row);
    const ours = found.find(({ system }) => system === dormouse.name);
    if (!ours) continue;
    if (row.target !== null && ours.ratio > row.target) {
      missed.push(`${row.name}: ${ours.ratio.toFixed(3)}, at most ${row.target} was to be reached`);
    }
    for (const { system, value } of found) {
      const isPeer = order.includes(system) && ![byHand.name, dormouse.name].includes(system);
      if (isPeer && value < ours.value) {
        missed.push(`${row.name}: ${system} is ahead`);
      }
    }
  }
  return missed.length === 0
    ? ["Every target was reached, and no peer is ahead on any row."]
    : ["Not reached:", ...missed.map((line) => `  ${line}`)];
}

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1_000).toFixed(1)} KB`;

export const order = systems.map(({ name }) => name);
