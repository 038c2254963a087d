// What a month of rooms costs on Cloudflare: the example of docs/guide/limits-and-costs.md, computed.

import { main } from "./run.js";

/** What the Workers Paid plan includes each month, and the price in dollars of a million more. */
const PRICES = {
  "Worker requests": { included: 10e6, million: 0.3 },
  "object requests": { included: 1e6, million: 0.15 },
  "duration, GB-s": { included: 400e3, million: 12.5 },
  "rows written": { included: 50e6, million: 1 },
  "rows read": { included: 25e9, million: 0.001 },
};
const PLAN = 5;

/** An object is billed as if it had so much memory, in GB. */
const MEMORY = 0.128;

/** How many messages are billed as one request. */
const MESSAGES_A_REQUEST = 20;

/** What happens in one room in a day. */
const DAY = { connections: 20, messages: 600, alarms: 10 };
const DAYS = 30;

/** How long one thing that happens keeps an object at work, in seconds: far more than was measured. */
const SECONDS_AT_WORK = 0.005;

/** Rows, as tests/workerd/costs.test.js counts them. To set the alarm writes one more. */
const ROWS = {
  message: { written: 1, read: 3 },
  alarm: { written: 4 + 1 + 2 + 1, read: 2 + 6 },
};

/** @param {number} rooms */
function use(rooms) {
  const times = rooms * DAYS;
  const { connections, messages, alarms } = DAY;
  return {
    "Worker requests": times * connections,
    "object requests": times * (connections + messages / MESSAGES_A_REQUEST + alarms),
    "duration, GB-s": times * (2 * connections + messages + alarms) * SECONDS_AT_WORK * MEMORY,
    "rows written": times * (messages * ROWS.message.written + alarms * ROWS.alarm.written),
    "rows read": times * (messages * ROWS.message.read + alarms * ROWS.alarm.read),
  };
}

/** The bill as a table, for services of several sizes. */
export function billTable(sizes = [1_000, 10_000, 100_000]) {
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const uses = sizes.map(use);
  const totals = sizes.map(() => PLAN);
  const rows = Object.entries(PRICES).map(([name, { included, million }]) => {
    const cells = uses.map((use, i) => {
      const count = use[/** @type {keyof typeof PRICES} */ (name)];
      const price = (Math.max(0, count - included) / 1e6) * million;
      totals[i] = (totals[i] ?? 0) + price;
      return `${whole.format(count)}: $${price.toFixed(2)}`;
    });
    return [name, ...cells];
  });
  const head = ["a month of", ...sizes.map((size) => `${whole.format(size)} rooms`)];
  const all = [
    head,
    head.map((_, i) => (i === 0 ? "---" : "---:")),
    ...rows,
    ["the plan", ...sizes.map(() => `$${PLAN.toFixed(2)}`)],
    ["**all**", ...totals.map((total) => `**$${total.toFixed(2)}**`)],
  ];
  return all.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

await main(import.meta.url, async () => console.log(billTable()));
