// The client as a state machine: inputs make outputs. It has no socket, no clock, no chance and no page;
// room-client.js performs what it says.

import { Outbox, unknown } from "./outbox.js";
import { PROTOCOL, parseFrame } from "./protocol.js";
import { SendError } from "./send-error.js";

/** @typedef {import("./protocol.js").Payload} Payload */

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
 * @property {[id: string, number: number, payload: Payload][]} sends
 */

/**
 * @typedef {{ type: "start" | "close" | "reconnect" | "time" | "online" | "offline" | "shown" | "left" }
 *   | { type: "loaded", kept?: Kept, isSame?: boolean }
 *   | { type: "send", id: string, payload: Payload, timeout?: number }
 *   | { type: "address", line: number, url: string }
 *   | { type: "failed", line: number, why: string }
 *   | { type: "opened", line: number }
 *   | { type: "frame", line: number, data: unknown }
 *   | { type: "closed", line: number, code?: number, reason?: string }
 *   | { type: "probed", line: number, status: number, code?: string, message?: string, after?: number }
 * } Input
 *
 * - `loaded`: what was kept, if it is ours. `isSame`: as we left it. Answers `load`
 * - `left`: the page is left, perhaps for the back/forward cache; until `loaded` others may have its session
 * - `failed`: no address, or no socket
 * - `probed`: how the same address answers a plain request: 0 for not at all
 */

/**
 * @typedef {{ do: "load" | "part" | "over" }
 *   | { do: "ask" | "probe", line: number }
 *   | { do: "open", line: number, url: string, protocols: string[] }
 *   | { do: "transmit", line: number, frame: Payload }
 *   | { do: "hangUp", line: number, code?: number, reason?: string }
 *   | { do: "timer", in?: number }
 *   | { do: "keep", kept?: Kept }
 *   | { do: "restored", sends: { id: string, payload: Payload }[] }
 *   | { do: "settle", id: string, error?: SendError }
 *   | { do: "tell", name: string, details: any[] }
 * } Output
 *
 * - `part`: what is kept is another's too, and is to be told apart from now on
 * - `keep` comes before whatever leaves
 */

/** Close codes after which trying again makes no sense. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1010]);

/** Statuses that say "later". */
const LATER = new Set([408, 425, 426, 429]);

/** How long a server may ask us to wait. */
const LONGEST_WISH = 3_600_000;

/** What a route for upgrades alone may say to a plain request: believed when it says so twice. */
const DOUBTFUL = new Set([400, 404, 405]);

/** How long the first pause after a lost line may be: so that a deploy does not bring all back at once. */
const FIRST_PAUSE = 1_500;

/** No two tries and no two looks come closer than this, whatever the page says. */
const LEAST_GAP = 1_000;

/** How often a function is asked for another address after a 401. */
const MOST_RENEWALS = 2;

/** @param {number} status */
const isLater = (status) => LATER.has(status) || status >= 500;

export class Core {
  /** @type {State} */
  state = "closed";
  why = "not connected yet";
  /** @type {number | undefined} */
  status;
  /** @type {string | undefined} */
  code;
  /** @type {ReadonlySet<string>} */
  here = new Set();
  isCrowd = false;

  #options;
  #outbox = new Outbox((id, error) => this.#put({ do: "settle", id, error }));
  /** @type {Kept["place"]} */
  #place = null;
  /** Whether it has heard a room before, here or before a reload. */
  #hasBeen = false;
  /** Whether another page has heard what this one has not. */
  #isBehind = false;
  /** Whether it is known what was kept. */
  #isLoaded = false;
  /** Whether nobody else may have that now. */
  #isReady = false;

  /** @type {"idle" | "waiting" | "asking" | "opening" | "opened" | "greeted"} */
  #phase = "idle";
  #line = 0;
  #greetedLine = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #misses = 0;
  #renewals = 0;
  #doubt = 0;
  #notBefore = 0;
  /** @type {{ why: string, status?: number, code?: string } | undefined} why there is no line, as far as was asked */
  #explained;
  #isMute = false;
  /** @type {[ask: string, answer: string] | undefined} */
  #ping;
  /** @type {number | undefined} */
  #limit;

  /** @type {Map<string, number>} what is to happen, and when */
  #due = new Map();
  /** @type {number | undefined} */
  #timer;
  #clock = 0;
  #read = 0;
  #random = 0;
  /** @type {Output[]} */
  #outputs = [];
  #isChanged = false;

  /** @param {import("./options.js").Checked & { renews: boolean }} options `renews`: the address may be another next time */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @param {Input} input
   * @param {number} now milliseconds of any clock
   * @param {number} random from 0 up to 1
   * @returns {Output[]} to be performed in order
   */
  step(input, now, random) {
    // While a clock is set back, ours stands.
    this.#clock += Math.max(0, now - this.#read || 0);
    this.#read = now;
    this.#random = random;
    this.#outputs = [];
    this.#take(input);
    this.#flush();
    this.#arm();
    const outputs = this.#outputs;
    if (this.#isChanged && this.#isLoaded) {
      outputs.unshift({ do: "keep", kept: this.#kept() });
      this.#isChanged = false;
    }
    return outputs;
  }

  /** @param {Input} input */
  #take(input) {
    switch (input.type) {
      case "start":
      case "reconnect":
        return this.state === "closed" ? this.#start() : this.#renew("connecting anew");
      case "loaded":
        return this.#loaded(input);
      case "send":
        return this.#send(input);
      case "close":
        return this.#end("closed by this page", { closeCode: 1000 });
      case "time":
        return this.#passed();
      case "left":
        this.#isReady = false;
        return;
      case "offline":
        // A hint, and sometimes a lie: what is true is what answers.
        if (this.#phase === "greeted") this.#look(3_000);
        this.#isMute = true;
        return;
      case "online":
        if (this.#phase === "greeted" && !this.#ping && this.#isMute)
          return this.#renew("no sign of life");
        return this.#hurry();
      case "shown":
        return this.#hurry();
      case "probed":
        return this.#probed(input);
    }
    // The rest is of a line, and only that of the present one counts.
    if (input.line !== this.#line || this.#phase === "idle" || this.#phase === "waiting") return;
    switch (input.type) {
      case "address": {
        this.#phase = "opening";
        const { session, epoch, offset } = this.#place ?? {};
        const claim = session ? [`dormouse.resume.${session}.${epoch}.${offset}`] : [];
        const protocols = [PROTOCOL, ...claim, ...this.#options.protocols];
        return this.#put({ do: "open", line: input.line, url: input.url, protocols });
      }
      case "failed":
        return this.#failed(input.why, { isKnown: true });
      case "opened":
        this.#phase = "opened";
        return;
      case "frame":
        return this.#frame(input.data);
      case "closed":
        return this.#closed(input.code ?? 1006, input.reason ?? "");
    }
  }

  #start() {
    this.#phase = "waiting";
    this.#failures = this.#misses = this.#renewals = this.#doubt = this.#notBefore = 0;
    this.#isReady = this.#isLoaded = false;
    this.#setState("connecting", "");
    this.#after("giveUp", this.#options.giveUpAfter);
    if (this.#options.key === undefined) this.#loaded({ isSame: true });
    else this.#put({ do: "load" });
  }

  /** @param {{ kept?: Kept, isSame?: boolean }} input */
  #loaded({ kept, isSame }) {
    if (this.state === "closed" || this.#isReady) return;
    this.#isReady = this.#isLoaded = true;
    if (!isSame) this.#adopt(kept);
    if (this.#phase === "waiting") this.#connect();
    else this.#hurry();
  }

  /** @param {Kept} [kept] by a page before, or by one that has had our session meanwhile */
  #adopt(kept) {
    const wasHere = this.#place;
    const ids = new Set(kept?.sends.map(([id]) => id));
    const why = "another page has this session";
    // What was kept has gone to whoever took it.
    this.#outbox.rejectAll(({ id, isKept }) => isKept === true && !ids.has(id), unknown(why));
    if (this.#phase !== "waiting") {
      this.#hangUp();
      this.#setState("resuming", why);
    }
    const own = this.#outbox.sends;
    this.#place = kept?.place ?? null;
    this.#outbox.next = kept?.next ?? 1;
    const mine = new Map(own.map((sent) => [sent.id, sent]));
    /** @type {{ id: string, payload: Payload }[]} */
    const theirs = [];
    this.#outbox.sends = [];
    for (const [id, number, payload] of kept?.sends ?? []) {
      const sent = { ...mine.get(id), id, number, payload, line: 0, isOld: true };
      this.#outbox.sends.push(sent);
      if (!mine.has(id)) theirs.push(sent);
    }
    this.#outbox.sends.push(...own.filter(({ id }) => !ids.has(id)));
    // What the other page heard this one did not.
    const { session, epoch } = this.#place ?? {};
    if (wasHere && wasHere.session === session && wasHere.epoch === epoch) this.#place = wasHere;
    else if (this.#hasBeen) this.#isBehind = true;
    if (this.#place) this.#hasBeen = true;
    this.#isChanged = true;
    if (theirs.length > 0) this.#put({ do: "restored", sends: theirs });
  }

  /** @param {{ id: string, payload: Payload, timeout?: number }} send */
  #send({ id, payload, timeout }) {
    const { buffer } = this.#options;
    const error =
      this.state === "closed"
        ? new SendError("closed", `closed: ${this.why}`)
        : this.#outbox.sends.length >= buffer
          ? new SendError("buffer_full", `${buffer} wait already`)
          : undefined;
    if (error) return this.#put({ do: "settle", id, error });
    const until = timeout === undefined ? undefined : this.#clock + timeout;
    this.#outbox.sends.push({ id, payload, number: 0, line: 0, until });
    this.#isChanged = true;
  }

  /** Whatever may leave leaves. */
  #flush() {
    if (this.#phase !== "greeted" || !this.#isReady) return;
    const before = this.#outbox.sends.length;
    const frames = this.#outbox.leaving(this.#line, this.#limit);
    for (const frame of frames) this.#put({ do: "transmit", line: this.#line, frame });
    if (frames.length > 0 || before !== this.#outbox.sends.length) this.#isChanged = true;
  }

  #connect() {
    if (this.state === "closed" || !this.#isReady) return;
    this.#line += 1;
    this.#phase = "asking";
    this.#triedAt = this.#clock;
    this.#due.delete("retry");
    // A peer that answers nothing at all, or an address that never comes.
    this.#after("hello", this.#options.pongWithin * 2);
    this.#put({ do: "ask", line: this.#line });
  }

  /** @param {unknown} data */
  #frame(data) {
    this.#isMute = false;
    if (this.#phase === "opening") this.#phase = "opened";
    if (this.#phase === "greeted") {
      this.#due.delete("pong");
      this.#after("look", this.#options.pingEvery);
      if (this.#ping && data === this.#ping[1]) return;
    }
    let frame;
    try {
      frame = parseFrame(data);
    } catch (error) {
      this.#put({ do: "tell", name: "error", details: [error] });
      return this.#failed("a frame that cannot be read");
    }
    const { kind, number, payload } = frame;
    if (kind === "h") return this.#greeted(payload);
    if (this.#phase !== "greeted") return;
    switch (kind) {
      case "m":
        if (number > 0) {
          if (!this.#place || number <= this.#place.offset) return;
          this.#place = { ...this.#place, offset: number };
          this.#isChanged = true;
        }
        return this.#tell("message", payload, number);
      case "k":
        this.#due.delete("tally");
        this.#isChanged = true;
        return this.#outbox.handled(number);
      case "e":
        this.#isChanged = true;
        return this.#outbox.refused(number, payload ?? {});
      case "+":
        return this.#setHere([...this.here, payload], { came: payload });
      case "-":
        return this.#setHere(
          [...this.here].filter((id) => id !== payload),
          { went: payload },
        );
      case "~":
        return this.#setHere(undefined, {});
    }
  }

  /** @param {import("./protocol.js").Hello} hello */
  #greeted({ session, epoch, offset, resumed, same, here, ping, limit, handled }) {
    const isAgain = this.#phase === "greeted";
    this.#phase = "greeted";
    this.#greetedLine = this.#line;
    this.#misses = this.#renewals = this.#doubt = this.#notBefore = 0;
    this.#ping = ping;
    this.#explained = undefined;
    this.#limit = typeof limit === "number" ? limit : undefined;
    for (const name of ["hello", "giveUp"]) this.#due.delete(name);
    this.#after("look", this.#options.pingEvery);
    if (!isAgain) this.#after("held", this.#options.minUptime);

    if (!isAgain) this.#outbox.tally = 0;
    if (session === "" || session !== this.#place?.session) {
      this.#outbox.forget("the room has forgotten this client");
    } else if (!isAgain) {
      // Before anything new leaves, it must be known how far the room is: its next word says so.
      this.#outbox.tally = undefined;
      if (typeof handled === "number") this.#outbox.count(handled);
      else if (this.#outbox.next === 1) this.#outbox.tally = 0;
      else this.#after("tally", this.#options.pongWithin * 2);
    }
    this.#place = session === "" ? null : { session, epoch, offset };
    this.#isChanged = true;
    this.#setState("open", "");
    const isWhole = resumed === true && !this.#isBehind;
    this.#tell("arrival", { same: same === true, resumed: isWhole });
    if (this.#hasBeen && !isWhole) this.#tell("reset");
    this.#hasBeen = true;
    this.#isBehind = false;
    this.#setHere(here, {});
  }

  /**
   * @param {string[] | undefined} here
   * @param {{ came?: string, went?: string }} change
   */
  #setHere(here, change) {
    this.isCrowd = here === undefined;
    this.here = new Set(here);
    this.#tell("presence", this.here, change);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    const wasGreeted = this.#phase === "greeted";
    const why = reason || (code === 1006 ? "the line is lost" : `closed by the room with ${code}`);
    if (!wasGreeted && code >= 4400 && code < 4600) {
      const [, name, message = reason] = /^([\w-]+): (.*)$/s.exec(reason) ?? [];
      return this.#refused(message || why, code - 4000, name);
    }
    if (reason.startsWith("replaced by") || FINAL.has(code) || code >= 3000) {
      return this.#end(why, { closeCode: code });
    }
    if (wasGreeted && code === 1009) this.#outbox.suspect();
    if (reason.startsWith("taken over by")) {
      // Another page has our session, as a copy of this one would. Two that take it from each other would
      // never end: we begin a new one.
      this.#place = null;
      this.#outbox.forget("another page has this session");
      this.#put({ do: "part" });
      this.#isChanged = true;
    }
    this.#failed(why, { isKnown: this.#phase !== "opening" });
  }

  /**
   * No line, and another try later.
   *
   * @param {string} why
   * @param {{ isKnown?: boolean, isSoon?: boolean, status?: number, code?: string }} [how] `isKnown`:
   *   nobody need be asked why
   */
  #failed(why, { isKnown = this.#phase !== "opening", isSoon = false, status, code } = {}) {
    const wasGreeted = this.#phase === "greeted";
    this.#hangUp();
    // In a room that keeps nothing nobody will ever know.
    if (wasGreeted && !this.#place) this.#outbox.forget("the line is lost");
    if (wasGreeted) this.#after("giveUp", this.#options.giveUpAfter);
    else this.#misses += 1;
    this.#isChanged = true;
    const { maxTries, slowest } = this.#options;
    if (maxTries !== undefined && this.#misses >= maxTries) {
      return this.#end(`given up after ${maxTries} tries: ${why}`, { code: "gave_up" });
    }
    // What was found out about a line that will not come says more than that it did not.
    const known = isKnown ? undefined : this.#explained;
    const state = this.#greetedLine > 0 ? "resuming" : "connecting";
    this.#setState(state, known?.why ?? why, known?.status ?? status, known?.code ?? code);
    const longest = Math.min(slowest, FIRST_PAUSE * 2 ** Math.min(this.#failures, 30));
    const least = this.#failures === 0 ? 0 : longest / 5;
    const pause = least + (longest - least) * this.#random;
    const soon = Math.max(0, this.#triedAt + LEAST_GAP - this.#clock);
    this.#after("retry", Math.max(isSoon ? soon : pause, this.#notBefore - this.#clock));
    this.#failures += 1;
    const isAsked = this.#misses <= 3 || this.#misses % 8 === 0;
    if (!isKnown && isAsked && this.#options.probe) this.#put({ do: "probe", line: this.#line });
  }

  /** @param {{ line: number, status: number, code?: string, message?: string, after?: number }} answer */
  #probed({ line, status, code, message, after = 0 }) {
    if (this.state === "closed" || line <= this.#greetedLine) return;
    const why =
      message ?? (status === 0 ? "the server cannot be reached" : `the server answered ${status}`);
    // An upgrade would be fine: it was the line.
    if (status > 0 && (status < 400 || status === 426)) return;
    const isDoubtful = DOUBTFUL.has(status) && this.#doubt !== status;
    this.#doubt = status;
    if (status > 0 && !isDoubtful && !isLater(status)) return this.#refused(why, status, code);
    this.#explained = { why, status: status || undefined, code };
    this.#setState(this.state, why, status || undefined, code);
    this.#notBefore = this.#clock + Math.min(after, LONGEST_WISH) * (1 + this.#random / 4);
    const retry = this.#due.get("retry");
    if (retry !== undefined) this.#due.set("retry", Math.max(retry, this.#notBefore));
  }

  /**
   * The Worker or the room does not take us.
   *
   * @param {string} why
   * @param {number} status
   * @param {string} [code]
   */
  #refused(why, status, code) {
    const isRenewed = status === 401 && this.#options.renews && this.#renewals < MOST_RENEWALS;
    if (!isRenewed && !isLater(status)) return this.#end(why, { status, code });
    if (isRenewed) this.#renewals += 1;
    // It is known already that the line has failed, if somebody had to be asked why.
    if (this.#phase !== "waiting") {
      return this.#failed(why, { isKnown: true, isSoon: isRenewed, status, code });
    }
    this.#setState(this.state, why, status, code);
    this.#hurry();
  }

  /**
   * Gives up a line that may be dead, and tries another.
   *
   * @param {string} why
   */
  #renew(why) {
    if (this.#phase === "idle") return;
    if (this.#phase === "waiting") return this.#connect();
    this.#failed(why, { isKnown: true, isSoon: true });
  }

  /** Somebody may be looking, or the net may be back: what waits need not. */
  #hurry() {
    if (this.#phase === "greeted") return this.#look(this.#options.pongWithin);
    if (this.#phase !== "waiting") return;
    const at = Math.max(this.#clock, this.#triedAt + LEAST_GAP, this.#notBefore);
    if (at <= this.#clock) this.#connect();
    else if (this.#due.has("retry")) this.#due.set("retry", at);
  }

  /**
   * Asks for a sign of life; without one the line is given up.
   *
   * @param {number} within
   */
  #look(within) {
    this.#due.delete("look");
    // Nothing to ask with: to come anew every time would wake the room for nothing.
    if (!this.#ping || !this.#isReady) return;
    if (this.#clock - this.#lookedAt < LEAST_GAP) return this.#after("look", LEAST_GAP);
    this.#lookedAt = this.#clock;
    const at = this.#clock + Math.min(within, this.#options.pongWithin);
    this.#due.set("pong", Math.min(at, this.#due.get("pong") ?? at));
    this.#put({ do: "transmit", line: this.#line, frame: this.#ping[0] });
  }

  #passed() {
    this.#timer = undefined;
    for (const [name, at] of [...this.#due]) {
      if (at > this.#clock || this.#due.get(name) !== at) continue;
      this.#due.delete(name);
      this.#happen(name);
    }
    this.#outbox.expire(this.#clock);
  }

  /** @param {string} name of what is due */
  #happen(name) {
    switch (name) {
      case "retry":
        return this.#connect();
      case "hello":
        return this.#failed("no answer");
      case "look":
        return this.#look(this.#options.pongWithin);
      case "pong":
        return this.#failed("no sign of life", { isKnown: true, isSoon: this.#failures === 0 });
      case "held":
        this.#failures = 0;
        return;
      case "tally":
        // It will not say: what left is in doubt, and a new session begins.
        this.#place = null;
        this.#outbox.forget("the room does not say what was handled");
        return this.#failed("the room does not say what was handled", { isKnown: true });
      case "giveUp":
        return this.#end(`given up: ${this.why}`, { code: "gave_up" });
    }
  }

  /**
   * @param {string} why
   * @param {{ closeCode?: number, status?: number, code?: string }} [how]
   */
  #end(why, { closeCode, status, code } = {}) {
    if (this.state === "closed") return;
    this.#hangUp(closeCode === 1000 ? 1000 : undefined, why);
    this.#phase = "idle";
    this.#due.clear();
    this.#place = null;
    this.#greetedLine = 0;
    this.#setState("closed", why, status, code);
    this.#outbox.close(`closed: ${why}`);
    this.#isChanged = true;
    this.#put({ do: "over" });
  }

  /**
   * The present line is none of ours any more.
   *
   * @param {number} [code]
   * @param {string} [reason]
   */
  #hangUp(code, reason) {
    if (this.#phase !== "waiting" && this.#phase !== "idle") {
      this.#put({ do: "hangUp", line: this.#line, code, reason });
    }
    this.#phase = "waiting";
    for (const name of ["look", "pong", "hello", "held", "tally"]) this.#due.delete(name);
  }

  /**
   * @param {string} name
   * @param {number | undefined} pause
   */
  #after(name, pause) {
    if (pause !== undefined) this.#due.set(name, this.#clock + pause);
  }

  /** One timer, at the earliest of what is due; one that is early already may stay. */
  #arm() {
    let first = Number.POSITIVE_INFINITY;
    for (const at of this.#due.values()) first = Math.min(first, at);
    for (const { until } of this.#outbox.sends) first = Math.min(first, until ?? first);
    if (first === Number.POSITIVE_INFINITY) {
      if (this.#timer !== undefined) this.#put({ do: "timer" });
      this.#timer = undefined;
    } else if (this.#timer === undefined || first < this.#timer) {
      this.#timer = first;
      this.#put({ do: "timer", in: Math.max(0, first - this.#clock) });
    }
  }

  /** @returns {Kept | undefined} */
  #kept() {
    if (this.state === "closed") return undefined;
    const sends = this.#outbox.sends;
    return {
      place: this.#place,
      next: this.#outbox.next,
      sends: sends.map((sent) => {
        sent.isKept = true;
        return [sent.id, sent.number, sent.payload];
      }),
    };
  }

  /**
   * @param {State} state
   * @param {string} why
   * @param {number} [status]
   * @param {string} [code]
   */
  #setState(state, why, status, code) {
    if (this.state === state && this.why === why && this.status === status) return;
    [this.state, this.why, this.status, this.code] = [state, why, status, code];
    this.#tell("state", state, why, { status, code });
  }

  /**
   * @param {string} name
   * @param {...any} details
   */
  #tell(name, ...details) {
    this.#put({ do: "tell", name, details });
  }

  /** @param {Output} output */
  #put(output) {
    this.#outputs.push(output);
  }
}
