// What must hold in every life.

import { settle } from "./clock.js";

/** Of sockets, and of looks: no more in any minute. */
const MOST_A_MINUTE = 62;

/**
 * @param {import("./life.js").LifeLived} life
 * @returns {Promise<string | undefined>}
 */
export async function judge(life) {
  return (await heardAll(life)) ?? sends(life) ?? order(life) ?? told(life) ?? storms(life);
}

/** @param {import("./life.js").LifeLived} life */
function present({ visits }) {
  return visits.filter(({ page }) => page.isAlive && !page.isFrozen);
}

/** @param {import("./life.js").LifeLived} life */
async function heardAll(life) {
  for (const { client, page } of present(life)) {
    if (client.state === "closed" || client.state === "open") continue;
    return `${page.name} is ${client.state} although all is well: ${client.why}`;
  }
  const speaker = present(life).find(({ client }) => client.state === "open");
  if (!speaker) return undefined;
  const words = "the last word";
  life.say(speaker, words);
  await settle();
  await life.advance(5_000);
  for (const { client, page, told } of present(life)) {
    if (client.state !== "open") continue;
    if (!told.some((it) => "words" in it && it.words === words))
      return `${page.name} has not heard the last word`;
  }
  return undefined;
}

/** @param {import("./life.js").LifeLived} life */
function sends(life) {
  const log = life.room.log();
  for (const { words, page, outcome, mayBeHandled } of life.said) {
    const times = log.filter((entry) => entry === words).length;
    const what = `"${words}" of page ${page + 1}, ${outcome}, was handled ${times} times`;
    if (times > 1) return what;
    if (outcome === "stored" && times !== 1) return what;
    const isRefused = outcome !== "stored" && outcome !== "pending" && !mayBeHandled;
    if (isRefused && times !== 0) return what;
    if (outcome === "unknown") {
      const why = whyUnknown(life, page);
      if (!why) return `${what}, and somebody could have known`;
    }
  }
  for (const { client, page } of present(life)) {
    if (client.pending.length > 0) return `${page.name} is ${client.state}, and waits for ever`;
  }
  // What a page said that is gone is the next one's; without a next one it is nobody's.
  for (const [{ words, page, outcome }, number] of life.expected) {
    if (page !== number) continue;
    const next = life.visits.find(({ before }) => before?.number === page);
    if (outcome !== "pending" || !next || !present(life).includes(next)) continue;
    if (next.client.isKept) return `"${words}" of page ${page + 1} was lost in a reload`;
  }
  return undefined;
}

/**
 * @param {import("./life.js").LifeLived} life
 * @param {number} number of a page
 */
function whyUnknown(life, number) {
  if (!life.keeps) return "a room that keeps nothing";
  const { visits } = life;
  const tab = visits[number]?.tab;
  // Whoever was in the tab after it may have been who waited.
  const after = visits.filter((visit) => visit.number >= number && visit.tab === tab);
  if (after.length > 1 && after.some(({ page }) => page.isFrozen || tab?.cached.length))
    return "others";
  return after.some(({ told }) =>
    told.some((it) => "reset" in it || ("state" in it && it.state === "closed")),
  )
    ? "forgotten, or closed"
    : life.wentOn.has(tab)
      ? "another page of the tab"
      : undefined;
}

/** @param {import("./life.js").LifeLived} life */
function order({ room, said }) {
  /** @type {Map<number, number>} */
  const last = new Map();
  for (const words of room.log()) {
    const it = said.find((said) => said.words === words);
    if (!it) continue;
    if (it.nth < (last.get(it.page) ?? Number.NEGATIVE_INFINITY))
      return `"${words}" was handled after what was said later`;
    if (!Number.isNaN(it.nth)) last.set(it.page, it.nth);
  }
  return undefined;
}

/** @param {import("./life.js").LifeLived} life */
function told({ visits, room, wentOn }) {
  const log = room.log();
  const places = new Map(log.map((words, at) => [words, at]));
  for (const { page, told } of visits) {
    /** @type {number | undefined} */
    let at;
    for (const it of told) {
      if ("reset" in it) at = undefined;
      if (!("words" in it)) continue;
      const place = places.get(it.words);
      if (place === undefined) return `${page.name} was told "${it.words}", which nobody said`;
      if (at !== undefined && place !== at + 1) {
        return `${page.name} was told "${it.words}" after "${log[at]}", and not of a reset`;
      }
      at = place;
    }
  }
  for (const { page, tab, told, before } of visits) {
    if (wentOn.has(tab)) continue;
    const arrival = told.find((it) => "resumed" in it);
    if (!before || !arrival || !("resumed" in arrival) || !arrival.resumed) continue;
    const [last, first] = [before.told.findLast(isWords), told.find(isWords)];
    if (!last || !first || told.slice(0, told.indexOf(first)).some((it) => "reset" in it)) continue;
    if (before.told.indexOf(last) < before.told.findLastIndex((it) => "reset" in it)) continue;
    const [from, to] = [last, first].map((it) => places.get("words" in it ? it.words : ""));
    if (to !== /** @type {number} */ (from) + 1) {
      return `${page.name} goes on with "${log[to ?? 0]}" after "${log[from ?? 0]}"`;
    }
  }
  return undefined;
}

/** @param {import("./life.js").Told} it */
const isWords = (it) => "words" in it;

/** @param {import("./life.js").LifeLived} life */
function storms({ visits }) {
  for (const { page } of visits) {
    for (const [what, moments] of Object.entries({ sockets: page.opened, pings: page.asked })) {
      for (const [i, at] of moments.entries()) {
        const within = (moments[i + MOST_A_MINUTE] ?? Number.POSITIVE_INFINITY) - at;
        if (within < 60_000) return `${page.name} made ${MOST_A_MINUTE} ${what} in ${within} ms`;
      }
    }
  }
  return undefined;
}
