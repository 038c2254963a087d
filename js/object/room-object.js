// The Durable Object: an inbox and what the platform calls. It holds no rule of any room.

import { DurableObject } from "cloudflare:workers";
import { checkOptionalText, checkText, checkWhole } from "../base/arguments.js";
import { errorResponse, failure, incomplete, internal, RoomError } from "../base/errors.js";
import { logError } from "../base/log.js";
import { upgradeOf } from "../base/upgrade.js";
import { checkName, checkStorage } from "./checks.js";
import * as inputs from "./inputs.js";
import { deliver } from "./letters.js";
import { Pace } from "./pace.js";
import { perform } from "./perform.js";
import { Sockets } from "./sockets.js";
import { RoomStorage } from "./storage.js";
import { Turns } from "./turns.js";

/** @typedef {import("../base/commit.js").Commit} Commit */
/** @typedef {import("../base/glue.js").Answer} Answer */
/** @typedef {import("../base/glue.js").Failure} Failure */
/** @typedef {import("./inputs.js").Input} Input */
/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("./letters.js").Call} Call */
/** @typedef {import("./letters.js").Letter} Letter */
/** @typedef {import("./perform.js").Performed & { missed: string[] }} Performed */
/** @typedef {import("./watch.js").Question} Question */
/** @typedef {import("./watch.js").Watch} Watch */

/**
 * The class as others see it; the storage is for tests, which plant faults there.
 *
 * @typedef {new (ctx: DurableObjectState, env: any) =>
 *   DurableObject & { alarm(): Promise<void>, storage: RoomStorage }} RoomClass
 */

/** How soon, and how late, an alarm that could not be handled is tried again, in milliseconds. */
const SOON = 2_000;
const LATE = 3_600_000;

/** How long a failed alarm is left alone, whatever else is stored, in milliseconds. */
const PAUSE = 1_000;

/** The most rows of a history that are read at a time. */
const HISTORY_ROWS = 500;

/** The most inputs that a recording keeps for sure. */
const RECORDED_INPUTS = 10_000;

/** Something that was due was not done. */
const undone = () => {
  const message = "what was due could not be handled or stored: it is tried again";
  return failure("AlarmFailed", "alarm_failed", 500, message);
};

/** The platform did not take a socket. */
const unaccepted = () =>
  failure("SocketRefused", "socket_refused", 503, "no more connections can be opened here now");

/**
 * The Durable Object class for the rooms of an instance.
 *
 * Everything that happens to an object goes into its inbox. A drain takes all that is there in one
 * synchronous turn: Rust handles each input, and what they did is stored in one transaction and then
 * sent. An input that comes alone is drained at once; where many come, they share a drain.
 *
 * @param {Instance} instance
 * @param {object} [options]
 * @param {string} [options.binding] the name in `env` under which rooms find one another
 * @param {Record<string, Call>} [options.calls] functions that rooms can call
 * @param {Watch} [options.watch] who looks on
 * @returns {RoomClass}
 */
export function roomObject(instance, { binding = "ROOMS", calls = {}, watch } = {}) {
  /** Rooms whose object was collected; a handle of an instance that is gone means nothing. */
  const collected = new FinalizationRegistry(
    /** @param {{ generation: number, handle: number }} room */
    ({ generation, handle }) => {
      if (generation === instance.generation) instance.glue.release(handle);
    },
  );

  /** The class was seen to have the storage that rooms need. */
  let hasStorage = false;

  return class RoomObject extends DurableObject {
    /**
     * @param {DurableObjectState} ctx
     * @param {any} env
     */
    constructor(ctx, env) {
      super(ctx, env);
      if (!hasStorage) checkStorage(ctx);
      hasStorage = true;
      this.name = checkName(ctx);
      this.sockets = new Sockets(ctx);
      this.storage = new RoomStorage(ctx.storage, (error) =>
        this.#log("the platform refused an alarm", { error }),
      );
      /** @type {Set<number>} letters that are on their way */
      this.inFlight = new Set();
      const { storage, sockets, inFlight } = this;
      this.readable = { storage, sockets, env, inFlight };
      this.generation = 0;
      this.handle = 0;
      this.maxFrameBytes = 0;
      /** @type {Input[]} */
      this.inbox = [];
      this.pace = new Pace();
      this.gathering = false;
      /** When the alarm failed, if nothing was stored since. @type {number | undefined} */
      this.failedAt = undefined;
      /** What this object has done since it woke. */
      this.counts = { inputs: 0, drains: 0, commits: 0, traps: 0 };
      this.watcher = watch?.({
        id: ctx.id.toString(),
        name: this.name,
        readable: this.readable,
        counts: this.counts,
        alarm: () => ctx.storage.getAlarm(),
        forget: () => this.#forget(),
      });
      /** @type {Turns<Performed>} */
      this.turns = new Turns({
        instance,
        readable: this.readable,
        watcher: this.watcher,
        counts: this.counts,
        wake: () => this.#wake(),
        perform: (commit) => this.#perform(commit),
        answer: answerOf,
        performed: (performed) => this.#performed(performed),
        refuse: (batch, error) => this.#refuse(batch, error),
        drop: ({ socket }) => socket && this.sockets.hangUp(socket),
        log: (message, about) => this.#log(message, about),
      });
      void this.#heal();
    }

    // What is private here is so because others can call from afar what a class has in public.

    /**
     * An upgrade from the Worker's client. The answer waits for the commit.
     *
     * @param {Request} request
     */
    async fetch(request) {
      const upgrade = upgradeOf(request);
      if (upgrade === undefined) return new Response("Not found", { status: 404 });
      const { 0: client, 1: server } = new WebSocketPair();
      const number = this.sockets.number(server);
      const answer = await this.#call(inputs.connect(number, upgrade));
      if ("error" in answer) {
        // One that the platform did not take has its close told first.
        if (answer.error._tag !== unaccepted()._tag) this.sockets.forget(server);
        return errorResponse(answer.error);
      }
      const protocol = /** @type {string | null} */ (answer.ok);
      const headers = protocol ? { "Sec-WebSocket-Protocol": protocol } : undefined;
      return new Response(null, { status: 101, webSocket: client, headers });
    }

    /**
     * Returns at once, so that a socket's next frame can join this one's commit.
     *
     * @param {WebSocket} socket
     * @param {string | ArrayBuffer} frame
     */
    webSocketMessage(socket, frame) {
      const number = this.sockets.number(socket);
      this.#put(inputs.message(socket, number, frame, this));
    }

    /**
     * Returns when the close is answered: after this event the platform knows the socket no more.
     *
     * @param {WebSocket} socket
     * @param {number} code
     * @param {string} reason
     * @param {boolean} wasClean
     */
    webSocketClose(socket, code, reason, wasClean) {
      return this.#end(socket, code, reason, wasClean);
    }

    /**
     * No close event follows an error: it is the end of the socket.
     *
     * @param {WebSocket} socket
     */
    webSocketError(socket) {
      return this.#end(socket, 1006, "", false);
    }

    /**
     * Returns when what was due is committed. What cannot be handled, or not stored, was not done: the
     * platform is told so, which tries again some times; and the alarm is set again, as it then gives up.
     */
    async alarm() {
      const error = await this.#ring();
      if (error) throw new Error(error.message);
    }

    /** @returns {Promise<Failure | undefined>} */
    async #ring() {
      /** @type {Failure | undefined} */
      let refused;
      // What is stored in its own turn does not mean that it would do better now.
      this.failedAt = undefined;
      const answer = await this.#done(
        inputs.alarmFired(() => {
          refused = undone();
        }),
      );
      if (answer && "error" in answer) refused = answer.error;
      if (!refused) return undefined;
      this.failedAt = Date.now();
      this.storage.setAlarm(this.#again(this.failedAt));
      return refused;
    }

    /**
     * When to look again at what is due: later each time, by how long it has been due.
     *
     * @param {number} now
     */
    #again(now) {
      let due = now;
      try {
        due = this.storage.pendingAlarms(undefined, "", 1)[0]?.at ?? now;
      } catch {
        // Storage does not say.
      }
      return now + Math.min(Math.max(SOON, now - due), LATE);
    }

    /** @param {string} json a message */
    send(json) {
      return this.#ask(() => inputs.send(checkText("message", json)));
    }

    /**
     * @param {string} json a message
     * @param {string} [tag]
     */
    broadcast(json, tag) {
      return this.#ask(() =>
        inputs.broadcast(checkText("message", json), checkOptionalText("tag", tag)),
      );
    }

    /**
     * @param {string} from the object name of the room that sends it
     * @param {string} letter JSON
     */
    receive(from, letter) {
      return this.#ask(() => inputs.receive(checkText("from", from), checkText("letter", letter)));
    }

    getState() {
      return this.#call(inputs.readState());
    }

    /**
     * Lets the alarm go off now.
     *
     * @returns {Promise<Answer>}
     */
    async fireAlarm() {
      // Down first, as when it goes off: the commit sets it anew.
      this.storage.deleteAlarm();
      const error = await this.#ring();
      return error ? { error } : { ok: null };
    }

    getCount() {
      return this.#call(inputs.readCount());
    }

    /** @param {string} [tag] */
    getConnections(tag) {
      return this.#ask(() => inputs.readConnections(checkOptionalText("tag", tag)));
    }

    /**
     * Rows of a history, the last before a number: as many as are asked for, or as fit. They are stored,
     * so no handler has to run.
     *
     * @param {string} name
     * @param {number} before
     * @param {number} limit
     * @returns {Promise<Answer>}
     */
    async getHistory(name, before, limit) {
      this.watcher?.note("read");
      return answered(() => {
        checkText("history", name);
        checkWhole("before", before, { most: Number.MAX_SAFE_INTEGER });
        checkWhole("limit", limit, { most: HISTORY_ROWS });
        if (instance.glue.isOwnHistory(name)) {
          const message = "a history whose name begins with a control character is not a room's";
          throw new RoomError(failure("InvalidArgument", "invalid_argument", 400, message));
        }
        return this.storage.history(name, 0, before, limit, true).rows;
      });
    }

    /** What this object has done since it woke. */
    getCounts() {
      return this.counts;
    }

    /** How often this object woke, what woke it, and what kept it awake. */
    getWakes() {
      return this.#look("getWakes");
    }

    /**
     * What the Inspector shows: the room as it is, and what happened after a batch.
     *
     * @param {number} since
     */
    inspect(since) {
      return this.#look("inspect", since);
    }

    /**
     * Records what happens from now on, to be replayed by a test.
     *
     * @param {number} limit how many inputs are kept at least
     * @param {boolean} hasConfig whether the Worker's variables are recorded
     */
    startRecording(limit, hasConfig) {
      return this.#look(
        "startRecording",
        () => checkWhole("inputs", limit, { most: RECORDED_INPUTS }),
        hasConfig === true,
      );
    }

    /** What was recorded. */
    getRecording() {
      return this.#look("getRecording");
    }

    stopRecording() {
      return this.#look("stopRecording");
    }

    /**
     * Asks who looks on.
     *
     * @param {Question} question
     * @param {...any} args functions are those that look at an argument
     * @returns {Promise<Answer>}
     */
    #look(question, ...args) {
      return answered(() => {
        if (!this.watcher) {
          const message = "nobody looks on here: `dormouse(glue, module, { watch: inspector() })`";
          throw new RoomError(failure("NotWatched", "not_watched", 501, message));
        }
        const given = args.map((it) => (typeof it === "function" ? it() : it));
        return this.watcher.answers[question](...given);
      });
    }

    /** What waits came before, and Rust is to read everything anew. */
    #forget() {
      if (this.inbox.length > 0) this.#drain();
      if (this.generation === instance.generation) instance.glue.reset(this.handle);
    }

    /**
     * After waking, or when storage works again: tells Rust where the alarm stands, which sets it anew
     * if it should stand elsewhere. The platform drops an alarm that failed too often.
     */
    async #heal() {
      // No alarm was ever stored, so the object's was not set.
      if (!this.storage.exists()) return;
      this.inbox.push(inputs.alarmStands(await this.ctx.storage.getAlarm()));
      this.#drain();
    }

    /**
     * @param {WebSocket} socket
     * @param {number} code
     * @param {string} reason
     * @param {boolean} wasClean
     */
    async #end(socket, code, reason, wasClean) {
      const number = this.sockets.number(socket);
      await this.#done(inputs.close(socket, number, code, reason, wasClean));
      this.sockets.forget(socket);
    }

    /**
     * @param {() => Input} make of arguments that are looked at first
     * @returns {Promise<Answer>}
     */
    #ask(make) {
      try {
        return this.#call(make());
      } catch (error) {
        if (error instanceof RoomError) return Promise.resolve({ error: error.failure });
        throw error;
      }
    }

    /**
     * @param {Input} input
     * @returns {Promise<Answer>} when it is committed
     */
    async #call(input) {
      return (await this.#done(input)) ?? { error: internal() };
    }

    /**
     * @param {Input} input
     * @returns {Promise<Answer | undefined>} when it is committed; without an answer, if it has none
     */
    #done(input) {
      return new Promise((settle) => {
        input.settle = settle;
        this.#put(input);
      });
    }

    /** @param {Input} input */
    #put(input) {
      const now = Date.now();
      this.watcher?.note(input.kind, now);
      this.inbox.push(input);
      if (this.gathering) return;
      if (this.pace.shouldGather(now)) {
        this.gathering = true;
        setTimeout(() => {
          this.gathering = false;
          this.pace.gathered(this.inbox.length);
          if (this.inbox.length > 0) this.#drain();
        }, 0);
      } else {
        this.#drain();
      }
    }

    #drain() {
      const batch = this.inbox;
      this.inbox = [];
      this.counts.drains += 1;
      this.counts.inputs += batch.length;
      this.turns.run(batch);
    }

    /**
     * @param {Commit} commit
     * @returns {Performed}
     */
    #perform(commit) {
      const performed = perform(instance.glue.Op, commit, this.storage, this.sockets);
      return { ...performed, missed: this.sockets.takeMissed() };
    }

    /** @param {Performed} performed */
    #performed({ stored, letters, lines, refused }) {
      for (const line of lines) this.#log(line);
      for (const { effect, socket, error } of refused) {
        this.#log(`the platform refused the effect ${effect}`, { error });
        const unheard = effect === "accept" && socket !== undefined && this.sockets.get(socket);
        // For the room it was there: it is told that it is gone.
        if (unheard) queueMicrotask(() => void this.#end(unheard, 1006, "", false));
      }
      for (const letter of letters) void this.#deliver(letter);
      if (!stored || this.failedAt === undefined || Date.now() - this.failedAt < PAUSE) return;
      this.failedAt = undefined;
      void this.#heal();
    }

    /** @param {Letter} letter */
    async #deliver(letter) {
      const from = { room: this.name, env: this.env, calls, binding };
      this.inFlight.add(letter.seq);
      this.watcher?.deliveryBegins();
      const delivered = await deliver(letter, from);
      this.watcher?.deliveryEnds();
      await this.#done(inputs.delivered(letter.seq, delivered));
      this.inFlight.delete(letter.seq);
    }

    /**
     * The handle of this room in the running instance, woken if it is not awake there.
     *
     * @returns {number | Failure}
     */
    #wake() {
      if (this.generation === instance.generation) return this.handle;
      const handle = instance.glue.open(this.name);
      if (handle === undefined) return instance.glue.refusal();
      this.handle = handle;
      this.generation = instance.generation;
      this.maxFrameBytes = instance.glue.maxFrameBytes(this.handle);
      const [ask, answer] = instance.glue.autoResponse(this.handle);
      if (ask !== undefined && answer !== undefined) {
        this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ask, answer));
      } else if (this.ctx.getWebSocketAutoResponse()) {
        // Of a version that had one.
        this.ctx.setWebSocketAutoResponse();
      }
      collected.register(this, { generation: this.generation, handle: this.handle });
      return this.handle;
    }

    /**
     * The Worker has no room for this object, as after a deploy without it.
     *
     * @param {Input[]} batch
     * @param {Failure} error
     */
    #refuse(batch, error) {
      for (const { socket, giveUp, settle } of batch) {
        if (socket) this.sockets.close(this.sockets.number(socket), 1011, error.message);
        giveUp?.();
        settle?.({ error });
      }
    }

    /**
     * @param {string} message
     * @param {{ error?: unknown }} [about]
     */
    #log(message, about) {
      logError(message, { room: this.name, ...about });
    }
  };
}

/**
 * What who waits for an input is told: what Rust said, unless the platform knows better.
 *
 * @param {Input} input
 * @param {Answer | undefined} answer
 * @param {Performed} performed
 * @returns {Answer | undefined}
 */
function answerOf({ number, tellsMissed }, answer, { missed, refused }) {
  if (tellsMissed && missed.length > 0) return { error: incomplete(missed) };
  const isRefused = refused.some(({ effect, socket }) => effect === "accept" && socket === number);
  return number !== undefined && isRefused ? { error: unaccepted() } : answer;
}

/**
 * @param {() => unknown} answer
 * @returns {Promise<Answer>}
 */
async function answered(answer) {
  try {
    return { ok: await answer() };
  } catch (error) {
    if (error instanceof RoomError) return { error: error.failure };
    throw error;
  }
}
