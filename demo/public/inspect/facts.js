// What a room is like now.

import { changes } from "./changes.js";
import { find, make, write } from "./dom.js";
import { block, inline, inlineText, parse } from "./json.js";
import { countdown, preciseTime, span, timeOfDay } from "./time.js";
import { alarmName } from "./words.js";

/** @typedef {import("./types.js").Inspection} Inspection */
/** @typedef {import("./types.js").ScheduledAlarm} ScheduledAlarm */
/** @typedef {import("./types.js").Wakes} Wakes */

/** What each panel shows, so that one that did not change is left alone. */
/** @type {Map<string, string>} */
const shown = new Map();
/** @type {string | null | undefined} */
let state;

/** @param {Inspection} inspection */
export function showFacts(inspection) {
  const { connections, schedule, letters, values, histories, wakes, alarm } = inspection;
  showState(inspection.state);
  panel("connections", connections, connectionList, connections.count);
  panel("schedule", { schedule, alarm, letters }, scheduleList, schedule.pending.length);
  panel("histories", histories, historyList, histories.length);
  panel("values", values, valueList, values.length);
  const { last: _last, ...rest } = wakes;
  panel("wakes", { ...rest, last: wakes.last.slice(-5) }, wakeList, wakes.wakes);
}

/** Times that pass. */
export function tick() {
  for (const element of document.querySelectorAll("[data-at]")) {
    if (element instanceof HTMLElement) write(element, countdown(Number(element.dataset.at)));
  }
}

/** @param {string | null} json */
function showState(json) {
  if (json === state) return;
  const value = json === null ? undefined : parse(json);
  const changed =
    typeof state === "string" && value !== undefined
      ? changes(parse(state), value).map(({ path }) => path)
      : [];
  state = json;
  find("state", HTMLElement).replaceChildren(
    json === null ? nothing("Nothing is saved.") : block(value, new Set(changed)),
  );
}

/**
 * @template T
 * @param {string} id
 * @param {T} facts
 * @param {(facts: T) => Node[]} draw
 * @param {number} count
 */
function panel(id, facts, draw, count) {
  write(find(`${id}-count`, HTMLElement), `${count}`);
  const json = JSON.stringify(facts);
  if (shown.get(id) === json) return;
  shown.set(id, json);
  find(id, HTMLElement).replaceChildren(...draw(facts));
}

/** @param {Inspection["connections"]} connections */
function connectionList({ count, first }) {
  if (count === 0) return [nothing("Nobody is connected.")];
  const items = first.map(({ id, tags, connectedAt, state }) => {
    const item = make("li", make("b", id));
    for (const tag of tags) item.append(" ", make("span.tag", tag));
    item.append(make("span.since", `since ${timeOfDay(connectedAt)}`));
    if (state !== null) item.append(make("div", inline(state)));
    return item;
  });
  const more = count - first.length;
  return [make("ul.facts", ...items), ...(more > 0 ? [nothing(`and ${more} more`)] : [])];
}

/** @param {{ schedule: Inspection["schedule"], alarm: number | null, letters: string[] }} facts */
function scheduleList({ schedule: { pending, failed }, alarm, letters }) {
  const nodes = [];
  const stands = make("p.alarm", "The alarm is ");
  if (alarm === null) stands.append("not set.");
  else stands.append("set for ", timeOfDay(alarm), ", ", clock(alarm), ".");
  nodes.push(stands);
  if (pending.length > 0) nodes.push(make("ul.facts", ...pending.map(event)));
  if (failed.length > 0) {
    nodes.push(make("h4", "Failed for good"), make("ul.facts.failed", ...failed.map(event)));
  }
  if (letters.length > 0) {
    const items = letters.map((json) => make("li", inlineText(json)));
    nodes.push(make("h4", "Letters on their way"), make("ul.facts", ...items));
  }
  return nodes;
}

/** @param {ScheduledAlarm} event */
function event({ name, at, due, period, failures, error, payload }) {
  const item = make("li", make("b", alarmName(name)), make("span.since", clock(at)));
  const facts = [`due ${timeOfDay(due)}`];
  if (period) facts.push(`every ${span(period)}`);
  if (failures > 0) facts.push(`${failures} failed tries`);
  item.append(make("div.quiet", facts.join(" · ")));
  if (payload !== "null") item.append(make("div", inlineText(payload)));
  if (error) item.append(make("div.error", error));
  return item;
}

/** @param {number} at */
function clock(at) {
  const made = make("span.clock", countdown(at));
  made.dataset.at = `${at}`;
  return made;
}

/** @param {Inspection["histories"]} histories */
function historyList(histories) {
  if (histories.length === 0) return [nothing("No rows are kept.")];
  return histories.map(({ name, ends: { last, trimmed }, rows }) => {
    const first = trimmed + 1;
    const range = last < first ? "empty" : `rows ${first} to ${last}`;
    const items = rows.map(({ seq, at, row }) =>
      make(
        "li",
        make("b", `${seq}`),
        make("span.since", timeOfDay(at)),
        make("div", inlineText(row)),
      ),
    );
    return make("div", make("h4", `${name}: ${range}`), make("ul.facts", ...items));
  });
}

/** @param {Inspection["values"]} values */
function valueList(values) {
  if (values.length === 0) return [nothing("No keyed values are kept.")];
  const items = values.map(([key, json]) =>
    make("li", make("b", key), make("div", inlineText(json))),
  );
  return [make("ul.facts", ...items)];
}

/** @param {Omit<Wakes, "inputs">} wakes */
function wakeList({ since, wakes, wokenBy, keptAwakeMs, last }) {
  const by = Object.entries(wokenBy).map(([kind, times]) => `${kindName(kind)} ${times}`);
  const total = `${wakes === 1 ? "Once" : `${wakes} times`} since ${timeOfDay(since)}`;
  const nodes = [make("p", by.length > 0 ? `${total}, by ${by.join(", ")}.` : `${total}.`)];
  const longest = Math.max(1, ...Object.values(keptAwakeMs));
  const bars = Object.entries(keptAwakeMs)
    .sort(([, one], [, other]) => other - one)
    .map(([kind, ms]) => {
      const bar = make("span.bar");
      bar.style.setProperty("--part", `${ms / longest}`);
      return make("li", make("span", kindName(kind)), bar, make("span.since", span(ms)));
    });
  if (bars.length > 0) nodes.push(make("h4", "What kept it awake"), make("ul.bars", ...bars));
  const lines = last.toReversed().map(({ at, by, inputs }) => {
    const what = `${by ? kindName(by) : "nothing yet"}, ${inputs} ${inputs === 1 ? "input" : "inputs"}`;
    return make("li", make("time", preciseTime(at)), " ", what);
  });
  nodes.push(make("h4", "Last wakings"), make("ul.wakings", ...lines));
  return nodes;
}

/** @type {Record<string, string>} */
const NAMES = { inspect: "looking at it here", alarmFired: "the alarm" };

/** @param {string} kind */
const kindName = (kind) => NAMES[kind] ?? kind;

/** @param {string} words */
const nothing = (words) => make("p.quiet", words);
