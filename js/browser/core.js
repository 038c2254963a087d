// The client as a state machine: inputs make outputs. It has no socket, no clock, no chance and no page;
// room-client.js performs what it says.

import { Outbox, unknown } from "./outbox.js";
import { PROTOCOL, parseFrame } from "./protocol.js";
import { SendError } from "./send-error.js";

/** @typedef {import("./protocol.js").Payload} Payload */
/** @typedef {import("./outbox.js").Sent} Sent */

/**
 * @typedef {"connecting" | "open" | "resuming" | "closed"} State
 *
 * - `connecting`: no connection has been there yet
 * - `open`: connected, and nothing is missing
 * - `resuming`: the line is lost; what is sent waits, and what is missed will come
 * - `closed`: over, by us or by the room; it does not connect again by itself
 */

/**
 * All that belongs to the session, to be kept where a reload finds it.
 *
 * @typedef {object} Kept
 * @property {{ session: string, epoch: string, offset: number } | null} place
 * @property {number} next
 * @property {Sent[]} sends
 */

/**
 * Puts what was kept together with what is here.
 *
 * @callback Merge
 * @param {Kept} here
 * @param {Kept} [kept]
 * @returns {Kept & { theirs: Sent[], lost: Sent[] }} `theirs`: what another page had sent. `lost`: what was
 *   kept by this one and has gone to whoever took it
 */

/**
 * @typedef {{ type: "address", line: number, url: string }
 *   | { type: "opened", line: number }
 *   | { type: "frame", line: number, data: unknown }
 *   | { type: "closed", line: number, code?: number, reason?: string, isKnown?: boolean }
 * } LineInput
 *
 * - `closed`: or there is no address, or no socket; `isKnown`: and nobody need be asked why
 */

/**
 * @typedef {{ type: "close" | "reconnect" | "time" | "online" | "offline" | "shown" | "left" }
 *   | { type: "loaded", merge?: Merge, kept?: Kept }
 *   | { type: "send", id: string, payload: Payload, timeout?: number }
 *   | { type: "probed", asked: number, status?: number, code?: string, message?: string, after?: number }
 *   | LineInput
 * } Input
 *
 * - `loaded`: what was kept, if it is ours. Without `merge` it is as we left it. Answers `load`
 * - `left`: the page is left, perhaps for the back/forward cache; until `loaded` others may have its session
 * - `probed`: how the same address answers a plain request, if it does
 */

/**
 * What is done with each of them.
 *
 * @template {{ type: string }} It
 * @typedef {{ [Type in It["type"]]: (input: Extract<It, { type: Type }>) => void }} Takes
 */

/**
 * @typedef {{ do: "load" | "part" | "over" }
 *   | { do: "ask" | "probe", line: number }
 *   | { do: "open", line: number, url: string, protocols: string[] }
 *   | { do: "transmit", line: number, frame: Payload }
 *   | { do: "hangUp", reason?: string }
 *   | { do: "timer", in?: number }
 *   | { do: "keep", kept?: Kept }
 *   | { do: "restored", sends: { id: string, payload: Payload }[] }
 *   | { do: "settle", id: string, error?: SendError }
 *   | { do: "tell", name: string, details: any[] }
 * } Output
 *
 * - `hangUp`: with 1000 if there is a reason: then it is a leave
 * - `part`: what is kept is another's too, and is to be told apart from now on
 * - `keep` comes before whatever leaves
 */

/** Close codes after which trying again makes no sense. */
const FINAL = [1000, 1002, 1003, 1007, 1008, 1010];

/** Statuses that say "later". */
const LATER = [408, 425, 426, 429];

/** How long a server may ask us to wait. */
const LONGEST_WISH = 3_600_000;

/** What a route for upgrades alone may say to a plain request: believed when it says so twice. */
const DOUBTFUL = [400, 404, 405];

/** How long the first pause after a lost line may be: so that a deploy does not bring all back at once. */
const FIRST_PAUSE = 1_500;

/** No two tries and no two looks come closer than this, whatever the page says. */
const LEAST_GAP = 1_000;

/** How often a function is asked for another address after a 401. */
const MOST_RENEWALS = 2;

/**
 * Why it is as it is: the status and the code if it was refused.
 *
 * @typedef {{ why: string, status?: number, code?: string }} Reason
 */

/** @param {number} status */
const isLater = (status) => LATER.includes(status) || status >= 500;

/**
 * What is to be seen of a client.
 *
 * @typedef {object} Seen
 * @property {State} state
 * @property {string} why
 * @property {number} [status]
 * @property {string} [code]
 * @property {ReadonlySet<string>} here
 * @property {boolean} isCrowd
 */

/**
 * @typedef {object} Core
 * @property {Readonly<Seen>} seen
 * @property {(inputs: Input[], now: number, random: number) => Output[]} step what is to be performed, in
 *   order. `now`: milliseconds of any clock; `random`: from 0 up to 1
 */

/**
 * @param {import("./options.js").Checked & { renews: boolean }} options `renews`: the address may be another
 *   next time
 * @returns {Core}
 */
export function core(options) {
  /** @type {Seen} */
  const seen = { state: "closed", why: "not connected", here: new Set(), isCrowd: false };

  const outbox = new Outbox((id, error) => {
    isChanged = true;
    put({ do: "settle", id, error });
  });
  /** @type {Kept["place"]} */
  let place = null;
  /** Whether it has heard a room before, here or before a reload. */
  let hasBeen = false;
  /** Whether another page has heard what this one has not. */
  let isBehind = false;
  /** Whether it is known what was kept. */
  let isLoaded = false;
  /** Whether nobody else may have that now. */
  let isReady = false;

  /** @type {"idle" | "waiting" | "asking" | "opening" | "opened" | "greeted"} */
  let phase = "idle";
  let line = 0;
  let greetedLine = 0;
  let triedAt = -LEAST_GAP;
  let lookedAt = -LEAST_GAP;
  let failures = 0;
  let misses = 0;
  /** How many tries were given up that may yet reach the room, and take our session from ourselves. */
  let strays = 0;
  let renewals = 0;
  let doubt = 0;
  let notBefore = 0;
  /** @type {Reason | undefined} why there is no line, as far as was asked */
  let explained;
  let isMute = false;
  /** @type {[ask: string, answer: string] | undefined} */
  let ping;
  /** @type {number | undefined} */
  let limit;

  /** When what is to happen. @type {Partial<Record<keyof typeof happens, number>>} */
  let due = {};
  /** @type {number | undefined} */
  let timer;
  let clock = 0;
  let readAt = 0;
  let chance = 0;
  /** @type {Output[]} */
  let outputs = [];
  let isChanged = false;

  /** What each input does. @type {Takes<Input>} */
  const takes = {
    reconnect: again,
    loaded,
    send,
    close() {
      const why = "closed by this page";
      hangUp(why);
      end({ why });
    },
    time: passed,
    left() {
      isReady = false;
    },
    offline() {
      // A hint, and sometimes a lie: what is true is what answers.
      if (phase === "greeted") look(3_000);
      isMute = true;
    },
    online() {
      if (phase === "greeted" && !ping && isMute) renew("no sign of life");
      else hurry();
    },
    shown: hurry,
    probed,
    // The rest is of a line, and only that of the present one counts.
    address({ url }) {
      phase = "opening";
      const claim = place && `dormouse.resume.${place.session}.${place.epoch}.${place.offset}`;
      put({
        do: "open",
        line,
        url,
        protocols: [PROTOCOL, ...(claim ? [claim] : []), ...options.protocols],
      });
    },
    opened() {
      phase = "opened";
    },
    frame({ data }) {
      isMute = false;
      if (phase === "greeted") {
        delete due.pong;
        due.look = clock + options.pingEvery;
        if (ping && data === ping[1]) return;
      }
      try {
        const { kind, number, payload } = parseFrame(data);
        if (phase === "greeted" || kind === "h") means[kind]?.(payload, number);
      } catch (error) {
        tell("error", error);
        failed({ why: "a broken frame" });
      }
    },
    closed,
  };

  /** What the room says by a frame of each kind. @type {Record<string, (payload: any, number: number) => void>} */
  const means = {
    h: greeted,
    m(payload, number) {
      if (number) {
        if (!place || number <= place.offset) return;
        place = { ...place, offset: number };
        isChanged = true;
      }
      tell("message", payload, number);
    },
    k(_, number) {
      delete due.tally;
      outbox.handled(number);
    },
    e: (error, number) => outbox.refused(number, error ?? {}),
    "+": (id) => setHere([...seen.here, id], { came: id }),
    "-": (id) =>
      setHere(
        [...seen.here].filter((it) => it !== id),
        { went: id },
      ),
    "~": () => setHere(),
  };

  /** What is due by a name. */
  const happens = {
    retry: connect,
    hello: () => failed({ why: "no answer" }),
    look: () => look(),
    pong: () => failed({ why: "no sign of life" }, { isSoon: failures === 0 }),
    held() {
      failures = strays = 0;
    },
    tally() {
      // It will not say: what left is in doubt, and a new session begins.
      const why = "no answer";
      place = null;
      outbox.forget(why);
      failed({ why });
    },
    giveUp: () => giveUp(seen.why),
  };

  function again() {
    if (phase !== "idle") return renew("asked for");
    phase = "waiting";
    failures = misses = renewals = doubt = notBefore = 0;
    isReady = isLoaded = false;
    setState("connecting", { why: "" });
    due.giveUp = options.giveUpAfter && clock + options.giveUpAfter;
    if (options.key === undefined) loaded({});
    else put({ do: "load" });
  }

  /** @param {{ merge?: Merge, kept?: Kept }} found */
  function loaded({ merge, kept }) {
    if (phase === "idle" || isReady) return;
    isReady = isLoaded = true;
    if (merge) adopt(merge({ place, next: outbox.next, sends: outbox.sends }, kept));
    if (phase === "waiting") connect();
    else hurry();
  }

  /** @param {ReturnType<Merge>} merged with what a page before has kept, or one that has had our session meanwhile */
  function adopt({ lost, theirs, ...merged }) {
    const why = "another page has this session";
    for (const sent of lost) outbox.settle(sent, unknown(why));
    if (phase !== "waiting") {
      hangUp();
      setState("resuming", { why });
    }
    // What the other page heard this one did not.
    isBehind ||= hasBeen && place !== merged.place;
    ({ place, next: outbox.next, sends: outbox.sends } = merged);
    hasBeen ||= place !== null;
    isChanged = true;
    if (theirs[0]) put({ do: "restored", sends: theirs });
  }

  /** @param {{ id: string, payload: Payload, timeout?: number }} send */
  function send({ id, payload, timeout }) {
    const error =
      phase === "idle"
        ? new SendError("closed", `closed: ${seen.why}`)
        : outbox.sends.length >= options.buffer && new SendError("buffer_full", "too many wait");
    if (error) return put({ do: "settle", id, error });
    outbox.sends.push({ id, payload, number: 0, line: 0, until: timeout && clock + timeout });
    isChanged = true;
  }

  /** Whatever may leave leaves. */
  function flush() {
    if (phase !== "greeted" || !isReady) return;
    for (const frame of outbox.leaving(line, limit)) {
      isChanged = true;
      put({ do: "transmit", line, frame });
    }
  }

  function connect() {
    if (phase === "idle" || !isReady) return;
    line += 1;
    phase = "asking";
    triedAt = clock;
    delete due.retry;
    // A peer that answers nothing at all, or an address that never comes.
    due.hello = clock + options.pongWithin * 2;
    put({ do: "ask", line });
  }

  /** @param {import("./protocol.js").Hello} hello */
  function greeted(hello) {
    const { session, epoch, offset, handled } = hello;
    const isAgain = phase === "greeted";
    phase = "greeted";
    greetedLine = line;
    misses = renewals = doubt = notBefore = 0;
    ping = hello.ping;
    explained = undefined;
    limit = hello.limit || undefined;
    const isSame = session !== "" && session === place?.session;
    if (!isSame) outbox.forget("the room forgot");
    if (!isAgain) {
      due = { held: clock + options.minUptime };
      // Before anything new leaves, it must be known how far the room is: if not this word, its next says so.
      outbox.tally = isSame ? -1 : 0;
      if (typeof handled === "number") outbox.count(handled);
      else if (outbox.next === 1) outbox.tally = 0;
      else due.tally = clock + options.pongWithin * 2;
    }
    due.look = clock + options.pingEvery;
    place = session === "" ? null : { session, epoch, offset };
    setState("open", { why: "" });
    const isWhole = hello.resumed === true && !isBehind;
    tell("arrival", { same: hello.same === true, resumed: isWhole });
    if (hasBeen && !isWhole) tell("reset");
    hasBeen = true;
    isBehind = false;
    setHere(hello.here);
  }

  /**
   * @param {string[]} [here]
   * @param {{ came?: string, went?: string }} [change]
   */
  function setHere(here, change = {}) {
    seen.isCrowd = !here;
    seen.here = new Set(here);
    tell("presence", seen.here, change);
  }

  /** @param {Extract<LineInput, { type: "closed" }>} how */
  function closed({ code = 1006, reason = "", isKnown }) {
    const wasGreeted = phase === "greeted";
    const why = reason || (code === 1006 ? "the line is lost" : `closed with ${code}`);
    if (!wasGreeted && code >= 4400 && code < 4600) {
      const [, name, message] = /^([\w-]+): (.*)$/s.exec(reason) ?? [];
      return refused({ why: message || why, status: code - 4000, code: name });
    }
    if (reason.startsWith("replaced by") || FINAL.includes(code) || code >= 3000) {
      return end({ why });
    }
    if (wasGreeted && code === 1009) outbox.suspect();
    // Of ourselves, perhaps, or else of another.
    if (reason.startsWith("taken over by") && !(strays && strays--)) {
      // Another page has our session, as a copy of this one would. Two that take it from each other would
      // never end: we begin a new one.
      put({ do: "part" });
      place = null;
      outbox.forget("another page has this session");
    }
    failed({ why }, { isKnown });
  }

  /**
   * No line, and another try later.
   *
   * @param {Reason} reason
   * @param {{ isKnown?: boolean, isSoon?: boolean }} [how] `isKnown`: nobody need be asked why
   */
  function failed(reason, { isKnown = phase !== "opening", isSoon } = {}) {
    const wasGreeted = phase === "greeted";
    hangUp();
    // In a room that keeps nothing nobody will ever know.
    if (wasGreeted && !place) outbox.forget("the line is lost");
    if (wasGreeted) due.giveUp = options.giveUpAfter && clock + options.giveUpAfter;
    else {
      misses += 1;
      strays += 1;
    }
    const { maxTries, slowest } = options;
    if (maxTries && misses >= maxTries) return giveUp(`${maxTries} tries: ${reason.why}`);
    // What was found out about a line that will not come says more than that it did not.
    const known = isKnown ? reason : (explained ?? reason);
    setState(greetedLine ? "resuming" : "connecting", known);
    const longest = Math.min(slowest, FIRST_PAUSE * 2 ** failures);
    const least = failures && longest / 5;
    const at = isSoon ? triedAt + LEAST_GAP : clock + least + (longest - least) * chance;
    due.retry = Math.max(clock, at, notBefore);
    failures += 1;
    const isAsked = misses <= 3 || misses % 8 === 0;
    if (!isKnown && isAsked && options.probe) put({ do: "probe", line });
  }

  /** @param {Extract<Input, { type: "probed" }>} answer */
  function probed(answer) {
    if (phase === "idle" || answer.asked <= greetedLine) return;
    const { status = 0, code, message, after = 0 } = answer;
    // An upgrade would be fine: it was the line.
    if (status && (status < 400 || status === 426)) return;
    const told = status ? `the server answered ${status}` : "the server cannot be reached";
    const reason = { why: message ?? told, status: answer.status, code };
    const isDoubtful = DOUBTFUL.includes(status) && doubt !== status;
    doubt = status;
    if (status && !isDoubtful && !isLater(status)) return refused(reason);
    explained = reason;
    setState(seen.state, reason);
    notBefore = clock + Math.min(after, LONGEST_WISH) * (1 + chance / 4);
    due.retry &&= Math.max(due.retry, notBefore);
  }

  /**
   * The Worker or the room does not take us.
   *
   * @param {Reason & { status?: number }} reason
   */
  function refused(reason) {
    const { status = 0 } = reason;
    const isRenewed = status === 401 && options.renews && renewals < MOST_RENEWALS;
    if (!isRenewed && !isLater(status)) return end(reason);
    if (isRenewed) renewals += 1;
    // It is known already that the line has failed, if somebody had to be asked why.
    if (phase !== "waiting") return failed(reason, { isKnown: true, isSoon: isRenewed });
    setState(seen.state, reason);
    hurry();
  }

  /**
   * Gives up a line that may be dead, and tries another.
   *
   * @param {string} why
   */
  function renew(why) {
    if (phase === "waiting") return connect();
    failed({ why }, { isKnown: true, isSoon: true });
  }

  /** Somebody may be looking, or the net may be back: what waits need not. */
  function hurry() {
    const at = Math.max(clock, triedAt + LEAST_GAP, notBefore);
    if (phase === "greeted") look();
    else if (phase === "waiting" && at <= clock) connect();
    else due.retry &&= at;
  }

  /**
   * Asks for a sign of life; without one the line is given up.
   *
   * @param {number} [within]
   */
  function look(within = options.pongWithin) {
    delete due.look;
    // Nothing to ask with: to come anew every time would wake the room for nothing.
    if (!ping || !isReady) return;
    if (clock - lookedAt < LEAST_GAP) {
      due.look = clock + LEAST_GAP;
      return;
    }
    lookedAt = clock;
    const at = clock + Math.min(within, options.pongWithin);
    due.pong = Math.min(at, due.pong ?? at);
    put({ do: "transmit", line, frame: ping[0] });
  }

  function passed() {
    timer = undefined;
    for (const name of /** @type {(keyof typeof happens)[]} */ (Object.keys(due))) {
      if (!(Number(due[name]) <= clock)) continue;
      delete due[name];
      happens[name]();
    }
    outbox.expire(clock);
  }

  /** @param {string} why */
  function giveUp(why) {
    end({ why: `given up: ${why}`, code: "gave_up" });
  }

  /** @param {Reason} reason */
  function end(reason) {
    if (phase === "idle") return;
    hangUp();
    phase = "idle";
    due = {};
    place = null;
    greetedLine = 0;
    setState("closed", reason);
    outbox.close(`closed: ${reason.why}`);
    put({ do: "over" });
  }

  /**
   * The present line is none of ours any more.
   *
   * @param {string} [reason] of a leave
   */
  function hangUp(reason) {
    if (phase === "idle") return;
    if (phase !== "waiting") put({ do: "hangUp", reason });
    // What comes of it from now on is of none.
    line += 1;
    phase = "waiting";
    due = { giveUp: due.giveUp };
  }

  /** One timer, at the earliest of what is due; one that is early already may stay. */
  function arm() {
    const [first] = [
      ...Object.values(due),
      ...outbox.sends.flatMap(({ until }) => until ?? []),
    ].sort((a, b) => a - b);
    if (first !== undefined && /** @type {number} */ (timer) <= first) return;
    timer = first;
    put({ do: "timer", in: first && first - clock });
  }

  /**
   * @param {State} state
   * @param {Reason} reason
   */
  function setState(state, { why, status, code }) {
    isChanged = true;
    if (seen.state === state && seen.why === why && seen.status === status) return;
    Object.assign(seen, { state, why, status, code });
    tell("state", state, why, { status, code });
  }

  /**
   * @param {string} name
   * @param {...any} details
   */
  function tell(name, ...details) {
    put({ do: "tell", name, details });
  }

  /** @param {Output} output */
  function put(output) {
    outputs.push(output);
  }

  return {
    seen,
    step(inputs, now, random) {
      // While a clock is set back, ours stands.
      clock += Math.max(0, now - readAt || 0);
      readAt = now;
      chance = random;
      outputs = [];
      for (const input of inputs) {
        const of = /** @type {{ line?: number }} */ (input).line ?? line;
        if (of === line) /** @type {any} */ (takes)[input.type](input);
        flush();
      }
      arm();
      if (isChanged && isLoaded) {
        outputs.unshift({
          do: "keep",
          kept: phase === "idle" ? undefined : { place, next: outbox.next, sends: outbox.sends },
        });
        isChanged = false;
      }
      return outputs;
    },
  };
}
