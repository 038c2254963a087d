// A room's life: it fills, talks, rests, sleeps, wakes and empties.

import { setTimeout as sleep } from "node:timers/promises";
import { roomApi } from "./api.js";
import { connect } from "./client.js";
import { bare, closes, coded, cut } from "./closes.js";
import { Speech } from "./speech.js";
import { Transcript } from "./transcript.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./closes.js").Close} Close */

/** How long a room talks between two rests, on average. */
const TALK_MILLIS = 8_000;
/** An object sleeps after ten seconds in which nothing happens. */
const SLEEP_MILLIS = 12_000;
/** How long what is on its way may take. */
const SETTLE_MILLIS = 10_000;
/** How many come at a time while a room fills. */
const AT_A_TIME = 5;

/** @template T @param {T[]} list */
const anyOf = (list) => list[Math.floor(Math.random() * list.length)];

export class Room {
  /**
   * @param {object} options
   * @param {string} options.url of the server
   * @param {number} options.number
   * @param {number} options.size how many sockets it has, its witness among them
   * @param {number} options.budget how many frames its clients are to hear in a second, about
   * @param {import("./tally.js").Tally} options.tally
   * @param {AbortSignal} options.over ends it
   */
  constructor({ url, number, size, budget, tally, over }) {
    this.number = number;
    this.size = size;
    this.budget = budget;
    this.tally = tally;
    this.over = over;
    this.name = `room-${number}`;
    this.sockets = `${url.replace(/^http/, "ws")}/ws/chat/${this.name}`;
    this.api = roomApi(url, this.name);
    this.transcript = new Transcript(this.name, tally.fault);
    this.speech = new Speech(this.name, tally.fault);
    /** @type {Client | undefined} */
    this.witness = undefined;
    /** The others that are open. @type {Client[]} */
    this.present = [];
    /** Those that left since the last rest. @type {Client[]} */
    this.gone = [];
    /** Comings and leavings that are not done. @type {Promise<void>[]} */
    this.moves = [];
    this.made = 0;
    /** How many are to be said to have come, and to have left. */
    this.comers = 0;
    this.leavers = 0;
    this.sleeps = 0;
    this.traps = 0;
  }

  async fill() {
    this.witness = await connect(this.sockets, {
      id: `${this.name}-witness`,
      tally: this.tally,
      hear: (_, frame) => this.#witness(frame),
    });
    while (this.present.length < this.size - 1) {
      this.#fillUp(AT_A_TIME);
      await this.#moved();
    }
    await this.#rest();
  }

  /** @param {number} until */
  async live(until) {
    for (let turn = this.number; Date.now() < until; turn++) {
      await this.#talk(Math.min(until, Date.now() + TALK_MILLIS * (0.5 + Math.random())));
      await this.#rest();
      // Half of the rooms sleep while the others talk.
      if (turn % 2 === 1 && Date.now() < until) await this.#sleep();
    }
  }

  async empty() {
    await this.#moved();
    while (this.present.length > 0) this.#leave(/** @type {Close} */ (anyOf(closes)));
    await this.#rest();
    await this.witness?.leave(bare);
    this.witness = undefined;
    await this.#count();
  }

  /** @param {number} until */
  async #talk(until) {
    while (Date.now() < until) {
      const broadcasts = this.#act(Math.random());
      const millis = (1_000 * broadcasts * this.size) / this.budget;
      await this.#pause(Math.min(millis * (0.5 + Math.random()), until - Date.now()));
    }
  }

  /**
   * Something that clients do, at once.
   *
   * @param {number} dice
   * @returns {number} how many broadcasts the room makes of it
   */
  #act(dice) {
    if (dice < 0.5) {
      this.#say();
      return 1;
    }
    if (dice < 0.6) {
      this.#ask();
      return 1;
    }
    if (dice < 0.7) {
      // Several in one commit.
      for (let i = 0; i < 5; i++) this.#say();
      return 5;
    }
    // One who leaves has often just spoken; one who comes may be spoken to at once.
    const leavers = dice < 0.9 ? 1 : 4;
    for (let i = 0; i < leavers; i++) {
      this.#say();
      this.#leave(/** @type {Close} */ (anyOf(closes)), dice < 0.8 ? undefined : this.#say());
      this.#come();
    }
    return 4 * leavers;
  }

  /** Silence until the object sleeps; then something wakes it. */
  async #sleep() {
    const before = (await this.api.counts()).inputs;
    await this.#pause(SLEEP_MILLIS);
    this.tally.slept += 1;
    /** What may wake it, and how many inputs that is. @type {[number, () => void][]} */
    const wakers = [
      [1, () => this.#say()],
      // As when a line goes down that several share.
      [5, () => Array.from({ length: 5 }, () => this.#leave(cut))],
      [1, () => this.#leave(bare)],
      [1, () => this.#leave(cut)],
      [1, () => this.#leave(coded(4009, "good morning"))],
      [1, () => this.#come()],
      [1, () => this.#ask()],
    ];
    const which = (this.number + this.sleeps++) % wakers.length;
    const [inputs, wake] = /** @type {[number, () => void]} */ (wakers[which]);
    wake();
    await this.#settle();
    // An object that woke counts anew.
    const after = (await this.api.counts()).inputs;
    if (after < before + inputs) this.tally.woke += 1;
    else this.tally.fault("did not sleep", `${this.name}: ${before} inputs before, ${after} after`);
    await this.#rest();
    this.#fillUp(this.size);
    if (this.present.length >= this.size) this.#leave(bare);
  }

  /** Says something as one of those who are there. */
  #say() {
    const speaker = anyOf(this.present);
    if (!speaker) return undefined;
    speaker.say(this.speech.text(speaker.id));
    this.tally.said += 1;
    return speaker;
  }

  /** Says something by the API. */
  #ask() {
    this.tally.said += 1;
    this.#move(this.api.say(this.speech.text("system")));
  }

  #come() {
    const id = `${this.name}-${++this.made}`;
    this.comers += 1;
    const hear = (/** @type {Client} */ client, /** @type {string} */ frame) => {
      client.ahead.push(frame);
      this.transcript.follow(client);
    };
    const coming = connect(this.sockets, { id, tally: this.tally, hear });
    this.#move(coming.then((client) => void this.present.push(client)));
  }

  /** @param {number} most how many come at once at most */
  #fillUp(most) {
    const lacking = this.size - 1 - this.present.length;
    for (let i = 0; i < Math.min(lacking, most); i++) this.#come();
  }

  /**
   * @param {Close} close
   * @param {Client} [client]
   */
  #leave(close, client = anyOf(this.present)) {
    if (!client) return;
    this.present.splice(this.present.indexOf(client), 1);
    this.gone.push(client);
    this.leavers += 1;
    // What the room had said before a client closes is sent to it before the close is answered.
    if (close === cut) this.speech.cut(client.id);
    else client.mustHear = this.transcript.length;
    this.#move(client.leave(close));
  }

  /** @param {Promise<void>} move */
  #move(move) {
    // Its failure is for whoever waits for the moves.
    move.catch(() => {});
    this.moves.push(move);
  }

  async #moved() {
    while (this.moves.length > 0) await Promise.all(this.moves.splice(0));
  }

  /** @param {string} frame */
  #witness(frame) {
    const heard = this.transcript.add(frame);
    if (heard?._tag === "Message") this.speech.hear(heard.text);
  }

  /** Waits until all that was said and done is heard. */
  async #settle() {
    await this.#moved();
    const latest = Date.now() + SETTLE_MILLIS;
    while (!this.#isSettled() && Date.now() < latest) await this.#pause(50);
  }

  #isSettled() {
    const { transcript, speech } = this;
    for (const client of [...this.present, ...this.gone]) transcript.follow(client);
    return (
      transcript.joined.size >= this.comers &&
      transcript.left.size >= this.leavers &&
      speech.isHeard &&
      this.present.every((client) => transcript.hasAll(client))
    );
  }

  /** A pause, in which everything is as it is to be. */
  async #rest() {
    await this.#settle();
    const { transcript, speech, tally } = this;
    for (const client of this.present) this.#judge(client);
    for (const client of this.gone.splice(0)) {
      this.#judge(client, client.mustHear);
      if (!transcript.left.has(client.id)) {
        tally.fault("lost", `${this.name}: that ${client.id} left`);
        this.leavers -= 1;
      }
    }
    this.#expect("users who joined", transcript.joined.size, this.comers);
    this.#expect("users who left", transcript.left.size, this.leavers);
    speech.judge();
    await this.#count();
  }

  /**
   * @param {Client} client
   * @param {number} [end]
   */
  #judge(client, end) {
    // That it came was never said, which is told once.
    if (client.next === undefined) this.comers -= 1;
    this.transcript.judge(client, end);
  }

  /** Holds what the room knows against what it is to know. */
  async #count() {
    this.tally.pauses += 1;
    this.#expect("messages", await this.api.messageCount(), this.speech.count);
    const open = [this.witness, ...this.present].flatMap((client) => client?.id ?? []);
    const listed = await this.api.connections();
    this.#expect("connections", listed.sort().join(" "), open.sort().join(" "));
    const { traps } = await this.api.counts();
    if (traps > this.traps) this.tally.fault("traps", `${this.name}: ${traps} since it woke`);
    this.traps = traps;
  }

  /**
   * @template T
   * @param {string} what
   * @param {T} found
   * @param {T} expected
   */
  #expect(what, found, expected) {
    if (found === expected) return;
    this.tally.fault("wrong counts", `${this.name}: ${what}: ${found} instead of ${expected}`);
  }

  /** @param {number} millis */
  #pause(millis) {
    return sleep(Math.max(0, millis), undefined, { signal: this.over });
  }
}
