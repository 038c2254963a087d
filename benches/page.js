// The results as one page that stands by itself: bars for the workloads, curves for the scaling.

import { cells, order, verdict } from "./report.js";

/** @typedef {import("./run.js").Results} Results */

/** @param {Results} results */
export function page(results) {
  const { about, missing, rows, scaling } = results;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dormouse: the benchmark</title>
<style>
  :root { color-scheme: light dark; --ours: #c2571a; --other: #8b95a1; --line: #8886; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
  p { margin: .25rem 0 .75rem; }
  svg { width: 100%; height: auto; font-size: 12px; }
  text { fill: currentColor; }
</style>
<h1>Dormouse: the benchmark</h1>
<p>workerd ${about.workerd}, ${about.rounds} rounds, ${about.date}${about.quick ? ", quick" : ""}.
Bars are medians divided by hand-written JavaScript's in the same round; the thin line is the spread
over rounds. Shorter is better.</p>
<ul>${[
    ...verdict(rows),
    ...Object.entries(missing).map(([name, why]) => `${name} is missing: ${why}`),
  ]
    .map((line) => `<li>${escaped(line)}</li>`)
    .join("")}</ul>
${rows.map((row) => `<h2>${escaped(row.name)}</h2><p>${escaped(row.what)}</p>${bars(row)}`).join("\n")}
${scaling.map((curve) => `<h2>${escaped(curve.name)}</h2><p>CPU µs a message by ${escaped(curve.unit)}, both logarithmic</p>${curves(curve)}`).join("\n")}
</html>
`;
}

/** @param {import("./run.js").Row} row */
function bars(row) {
  const found = cells(row).toSorted(
    (one, other) => order.indexOf(one.system) - order.indexOf(other.system),
  );
  const most = Math.max(1, ...found.map(({ spread }) => spread[1]));
  /** @param {number} ratio */
  const x = (ratio) => 110 + (ratio / most) * 500;
  const lines = found.map(({ system, ratio, spread }, i) => {
    const y = i * 24 + 4;
    const color = system === "Dormouse" ? "var(--ours)" : "var(--other)";
    return `<text x="100" y="${y + 13}" text-anchor="end">${escaped(system)}</text>
<rect x="110" y="${y}" width="${Math.max(1, x(ratio) - 110)}" height="18" fill="${color}"/>
<line x1="${x(spread[0])}" x2="${x(spread[1])}" y1="${y + 9}" y2="${y + 9}" stroke="currentColor"/>
<text x="${x(spread[1]) + 6}" y="${y + 13}">${ratio.toFixed(3)}</text>`;
  });
  const height = found.length * 24 + 6;
  const one = `<line x1="${x(1)}" x2="${x(1)}" y1="0" y2="${height}" stroke="var(--line)" stroke-dasharray="3"/>`;
  return `<svg viewBox="0 0 680 ${height}" role="img" aria-label="${escaped(row.name)}">${one}${lines.join("")}</svg>`;
}

/** @param {import("./scaling.js").Curve} curve */
function curves({ name, points }) {
  const all = Object.values(points).flat();
  const [left, right] = range(all.map(({ size }) => size));
  const [low, high] = range(all.map(({ cpuMicros }) => cpuMicros));
  /** @param {number} size */
  const x = (size) => 60 + ((Math.log10(size) - left) / (right - left || 1)) * 480;
  /** @param {number} cost */
  const y = (cost) => 210 - ((Math.log10(cost) - low) / (high - low || 1)) * 190;
  const marks = (/** @type {number} */ from, /** @type {number} */ to) =>
    Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  const axes = [
    ...marks(left, right).map(
      (
        size,
      ) => `<text x="${x(size)}" y="230" text-anchor="middle">${size.toLocaleString("en")}</text>
<line x1="${x(size)}" x2="${x(size)}" y1="20" y2="214" stroke="var(--line)"/>`,
    ),
    ...marks(low, high).map(
      (
        cost,
      ) => `<text x="52" y="${y(cost) + 4}" text-anchor="end">${cost.toLocaleString("en")}</text>
<line x1="56" x2="540" y1="${y(cost)}" y2="${y(cost)}" stroke="var(--line)"/>`,
    ),
  ];
  const lines = Object.entries(points).map(([system, line]) => {
    const color = system === "Dormouse" ? "var(--ours)" : "var(--other)";
    const path = line.map(({ size, cpuMicros }) => `${x(size)},${y(cpuMicros)}`).join(" ");
    const last = line.at(-1);
    const label = last
      ? `<text x="548" y="${y(last.cpuMicros) + 4}">${escaped(system)} ${last.cpuMicros.toFixed(1)}</text>`
      : "";
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2.5"/>${label}`;
  });
  return `<svg viewBox="0 0 680 240" role="img" aria-label="${escaped(name)}">${axes.join("")}${lines.join("")}</svg>`;
}

/**
 * The powers of ten around some numbers.
 *
 * @param {number[]} values
 */
function range(values) {
  const logs = values.map((value) => Math.log10(value));
  return /** @type {const} */ ([
    Math.floor(Math.min(...logs) + 1e-9),
    Math.ceil(Math.max(...logs) - 1e-9),
  ]);
}

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
