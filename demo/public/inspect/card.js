// A batch as a card: what came in, and what it led to, in order.

import { make } from "./dom.js";
import { inline, inlineText } from "./json.js";
import { preciseTime, span } from "./time.js";
import { effectWords, inputWords } from "./words.js";

/** @typedef {import("./types.js").Batch} Batch */
/** @typedef {import("./words.js").Words} Words */

const PHASES = {
  stored: "Stored, all or nothing",
  sent: "Then, on sockets",
  closed: "Then closed",
  logged: "To the log",
};

/** @param {Batch} batch */
export function card(batch) {
  const made = make("li.batch");
  made.append(header(batch), inputs(batch));
  if (batch.fate !== "done") made.append(broken(batch));
  else made.append(...effects(batch));
  if (batch.left > 0) made.append(make("p.aside", `${batch.left} more are not shown.`));
  if (batch.effects.length > 0) made.append(asData(batch));
  return made;
}

/** @param {Batch} batch */
function header({ at, inputs, effects, fate, rust, whole }) {
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.append(preciseTime(at));
  const sizes = `${count(inputs.length, "input")}, ${count(effects.length, "effect")}`;
  const size = make("span.size", fate === "done" ? sizes : count(inputs.length, "input"));
  const took = make("span.took", duration(whole), make("span.of", `Rust ${duration(rust)}`));
  return make("header", time, size, took);
}

/** The clock has steps of a millisecond. @param {number} ms */
const duration = (ms) => (ms < 1 ? "< 1 ms" : span(ms));

/**
 * @param {number} many
 * @param {string} what
 */
const count = (many, what) => `${many} ${what}${many === 1 ? "" : "s"}`;

/** @param {Batch} batch */
function inputs(batch) {
  const rows = batch.inputs.map((input) => row(inputWords(input, batch)));
  return phase("input", "Came in", make("ul", ...rows));
}

/** @param {Batch} batch */
function* effects(batch) {
  let broadcasts = 0;
  const all = batch.effects.map((effect) =>
    effectWords(effect, batch, batch.reach[effect.effect === "broadcast" ? broadcasts++ : -1] ?? 0),
  );
  let from = 0;
  while (from < all.length) {
    const kind = all[from]?.phase ?? "sent";
    let to = from;
    while (all[to]?.phase === kind) to += 1;
    const list = document.createElement("ol");
    list.start = from + 1;
    list.style.setProperty("--before", `${from}`);
    list.append(...all.slice(from, to).map(row));
    yield phase(kind, PHASES[kind], list);
    from = to;
  }
  if (all.length === 0)
    yield make("p.aside.none", "No effects: nothing to store, nothing to send.");
  if (batch.answers.length > 0) {
    yield phase("answered", "Then answered", make("ul", ...batch.answers.map(answer)));
  }
}

/** @param {Batch["answers"][number]} answer */
function answer(answer) {
  if ("ok" in answer) {
    const words = { kind: "ok" };
    return answer.ok === null ? row(words) : row({ ...words, text: JSON.stringify(answer.ok) });
  }
  const { _tag, message } = answer.error;
  return row({ kind: "refused", about: `${_tag}: ${message}` });
}

/** @param {Batch} batch */
function broken({ fate }) {
  const why = fate === "trapped" ? "A handler panicked." : "This could not be stored.";
  const what = `${why} It has no effects; the batch runs again without what was at fault.`;
  return make("p.broken", what);
}

/**
 * @param {string} kind
 * @param {string} title
 * @param {HTMLElement} list
 */
function phase(kind, title, list) {
  return make(`div.phase.${kind}`, make("h4", title), list);
}

/** @param {Words} words */
function row({ kind, about, text, changes }) {
  const made = make("li", make("span.kind", kind));
  if (about) made.append(" ", make("span.about", about));
  if (text !== undefined) made.append(" ", inlineText(text));
  if (changes)
    made.append(" ", ...(changes.length > 0 ? changes.slice(0, 12).map(change) : ["as it was"]));
  if (changes && changes.length > 12) made.append(` and ${changes.length - 12} more changes`);
  return made;
}

/** @param {import("./changes.js").Change} change */
function change({ path, before, after }) {
  const made = make("span.change", make("span.path", path || "all of it"), " ");
  if (before !== undefined) {
    made.append(make("del", inline(before)));
    if (after !== undefined) made.append(make("span.arrow", " → "));
  }
  if (after !== undefined) made.append(make("ins", inline(after)));
  return made;
}

/** @param {Batch} batch */
function asData({ effects }) {
  const details = document.createElement("details");
  details.append(make("summary", "The effects as data"));
  // Most are never opened.
  details.addEventListener(
    "toggle",
    () => {
      const lines = effects.map((effect) => JSON.stringify(readable(effect)));
      details.append(make("pre.json", `[\n  ${lines.join(",\n  ")}\n]`));
    },
    { once: true },
  );
  return details;
}

/**
 * What is JSON inside of JSON is shown as what it stands for.
 *
 * @param {import("./types.js").Effect} effect
 */
function readable(effect) {
  return JSON.parse(JSON.stringify(effect), (key, value) => {
    if (!["json", "text", "row", "payload", "attachment", "letter"].includes(key)) return value;
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  });
}
