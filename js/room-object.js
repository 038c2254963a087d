// The Durable Object: an inbox, a drain and a commit. It holds no rule of any room.

import { DurableObject } from "cloudflare:workers";
import { checkName, checkStorage } from "./checks.js";
import { errorResponse, failure, incomplete } from "./errors.js";
import * as inputs from "./inputs.js";
import { inspection } from "./inspection.js";
import { deliver } from "./letters.js";
import { logError } from "./log.js";
import { Pace } from "./pace.js";
import { perform } from "./perform.js";
import { Recorder } from "./recorder.js";
import { Sockets } from "./sockets.js";
import { RoomStorage } from "./storage.js";
import { isTraced, Tracer } from "./tracer.js";
import { upgradeOf } from "./upgrade.js";
import { WakeLog } from "./wakes.js";

/** @typedef {import("./instance.js").Instance} Instance */
/** @typedef {import("./inputs.js").Input} Input */
/** @typedef {import("./glue.js").Answer} Answer */
/** @typedef {import("./glue.js").Failure} Failure */

/**
 * The class as others see it; the storage is for tests, which plant faults there.
 *
 * @typedef {new (ctx: DurableObjectState, env: any) =>
 *   DurableObject & { alarm(): Promise<void>, storage: RoomStorage }} RoomClass
 */

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
 * @param {Record<string, import("./letters.js").Call>} [options.calls] functions that rooms can call
 * @returns {RoomClass}
 */
export function roomObject(instance, { binding = "ROOMS", calls = {} } = {}) {
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
    /** @type {Recorder | undefined} made when somebody wants it: most objects are never recorded */
    #madeRecorder;
    /** @type {Tracer | undefined} made when somebody looks */
    #madeTracer;

    /**
     * @param {DurableObjectState} ctx
     * @param {any} env
     */
    constructor(ctx, env) {
      super(ctx, env);
      if (!hasStorage) checkStorage(ctx);
      hasStorage = true;
      const id = ctx.id.toString();
      this.name = checkName(ctx);
      this.wakes = new WakeLog(id, this.name);
      this.sockets = new Sockets(ctx, this.wakes.tally);
      this.storage = new RoomStorage(ctx.storage);
      this.readable = { storage: this.storage, sockets: this.sockets, env };
      if (isTraced(id)) this.#madeTracer = new Tracer(id, this.readable);
      this.generation = 0;
      this.handle = 0;
      this.maxFrameBytes = 0;
      /** @type {Input[]} */
      this.inbox = [];
      this.pace = new Pace();
      this.gathering = false;
      /** The alarm failed, and nothing was stored since. */
      this.alarmFailed = false;
      /** What this object has done since it woke. */
      this.counts = { inputs: 0, drains: 0, commits: 0, traps: 0 };
      void this.#heal();
    }

    // Private: what a class has in public, others can call from afar.

    get #recorder() {
      this.#madeRecorder ??= new Recorder(this.name, this.readable);
      return this.#madeRecorder;
    }

    get #tracer() {
      this.#madeTracer ??= new Tracer(this.ctx.id.toString(), this.readable);
      return this.#madeTracer;
    }

    get #isRecorded() {
      return this.storage.isRecorded() && this.#recorder.isOn;
    }

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
        this.sockets.discard(server);
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

    /** Returns when what was due is committed. If it cannot be stored, the platform is to try again. */
    async alarm() {
      let isRefused = false;
      const refused = () => {
        isRefused = true;
      };
      await this.#done(inputs.alarm(refused));
      this.alarmFailed = isRefused;
      if (isRefused) throw new Error("what was due could not be stored");
    }

    /** @param {string} json an event */
    send(json) {
      return this.#call(inputs.send(json));
    }

    /**
     * @param {string} json a message
     * @param {string} [tag]
     */
    broadcast(json, tag) {
      return this.#call(inputs.broadcast(json, tag));
    }

    /**
     * @param {string} from the object name of the room that sends it
     * @param {string} letter JSON
     */
    receive(from, letter) {
      return this.#call(inputs.receive(from, letter));
    }

    getState() {
      return this.#call(inputs.readState());
    }

    /** Lets the alarm go off now. */
    async fireAlarm() {
      // Down first, as when it goes off: the commit sets it anew.
      this.storage.deleteAlarm();
      await this.alarm();
    }

    getCount() {
      return this.#call(inputs.readCount());
    }

    /** @param {string} [tag] */
    getConnections(tag) {
      return this.#call(inputs.readConnections(tag));
    }

    /**
     * Rows of a history, the last before a number. They are stored, so no handler has to run.
     *
     * @param {string} name
     * @param {number} before
     * @param {number} limit
     */
    getHistory(name, before, limit) {
      this.wakes.note("read");
      return this.storage.history(name, 0, before, limit, true);
    }

    /** What this object has done since it woke. */
    getCounts() {
      return this.counts;
    }

    /** How often this object woke, what woke it, and what kept it awake. */
    getWakes() {
      this.wakes.note("read");
      return this.wakes.read();
    }

    /**
     * What the Inspector shows: the room as it is, and what happened after a batch.
     *
     * @param {number} since
     */
    async inspect(since) {
      this.wakes.note("inspect");
      const alarm = await this.ctx.storage.getAlarm();
      return {
        ...inspection(this.readable),
        alarm,
        isRecorded: this.#isRecorded,
        counts: this.counts,
        wakes: this.wakes.read(),
        trace: this.#tracer.look(since),
      };
    }

    /**
     * Records what happens from now on, to be replayed by a test.
     *
     * @param {number} limit how many inputs are kept at least
     * @param {boolean} hasConfig whether the Worker's variables are recorded
     */
    startRecording(limit, hasConfig) {
      this.wakes.note("record");
      // What waits came before, and Rust is to read everything anew, so that the recording has it.
      if (this.inbox.length > 0) this.#drain();
      if (this.generation === instance.generation) instance.glue.reset(this.handle);
      this.#recorder.start(limit, hasConfig);
    }

    /** What was recorded. */
    getRecording() {
      this.wakes.note("record");
      return this.#recorder.read();
    }

    stopRecording() {
      this.wakes.note("record");
      this.#recorder.stop();
    }

    /**
     * After waking, or when storage works again: tells Rust where the alarm stands, which sets it anew
     * if it should stand elsewhere. The platform drops an alarm that failed too often.
     */
    async #heal() {
      // No event was ever stored, so no alarm was set.
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
     * @param {Input} input
     * @returns {Promise<Answer>} when it is committed
     */
    #call(input) {
      return new Promise((settle) => {
        input.settle = (answer) => {
          settle(answer ?? { error: failure("Execution", "internal", 500) });
        };
        this.#put(input);
      });
    }

    /**
     * @param {Input} input that nobody waits for an answer to
     * @returns {Promise<unknown>} when it is committed
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
      this.wakes.note(input.kind, now);
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
      this.#turn(batch);
    }

    /**
     * Handles a batch and commits it. If that fails, the input at fault is found, and the others are
     * handled all the same.
     *
     * @param {Input[]} batch
     */
    #turn(batch) {
      // Nothing can be caught where the platform resets an object that runs, and Rust, which others
      // share, stands where it was stopped.
      if (instance.isRunning) instance.replace();
      /** @type {Input | undefined} */
      let current;
      let commit;
      const tracer = this.#madeTracer?.isOn ? this.#madeTracer : undefined;
      try {
        instance.isRunning = true;
        instance.host.turnOf(this.readable);
        const handle = this.#wake();
        if (typeof handle !== "number") {
          instance.isRunning = false;
          return this.#refuse(batch, handle);
        }
        const recorded = this.#isRecorded ? this.#recorder.watch(instance, handle) : instance.glue;
        const glue = tracer?.watch(recorded) ?? recorded;
        for (let i = 0; i < batch.length; i++) {
          current = /** @type {Input} */ (batch[i]);
          if (current.outcome !== undefined) glue.faulted(handle, current.outcome);
          const following = current.enter(glue, handle);
          if (following) batch.splice(i + 1, 0, ...following);
        }
        current = undefined;
        commit = instance.commit(handle);
        instance.isRunning = false;
        tracer?.read(instance.glue, commit);
      } catch (trap) {
        tracer?.keep("trapped");
        logError(`room ${this.name}: ${instance.takePanic() ?? "a handler trapped"}`, trap);
        this.counts.traps += 1;
        instance.replace();
        return this.#again(batch, current, instance.glue.Outcome.Trapped);
      }
      try {
        if (this.#perform(commit)) this.#stored();
        if (this.#isRecorded) this.#recorder.keep(instance);
        const answers = commit.answers > 0 ? instance.glue.answers() : [];
        tracer?.keep("done", answers);
        this.#settle(batch, answers);
      } catch (error) {
        tracer?.keep("not stored");
        logError(`room ${this.name}: a commit failed`, error);
        instance.glue.reset(this.handle);
        return this.#again(batch, undefined, instance.glue.Outcome.NotStored);
      }
    }

    #stored() {
      this.counts.commits += 1;
      if (!this.alarmFailed) return;
      this.alarmFailed = false;
      void this.#heal();
    }

    /**
     * @param {import("./commit.js").Commit} commit
     * @returns {boolean} whether anything was stored
     */
    #perform(commit) {
      const { Op } = instance.glue;
      return perform(
        Op,
        commit,
        this.storage,
        this.sockets,
        (letter) => void this.#deliver(letter),
        (line) => logError(`room ${this.name}: ${line}`),
      );
    }

    /** @param {import("./letters.js").Letter} letter */
    async #deliver(letter) {
      const from = { room: this.name, env: this.env, calls, binding };
      this.wakes.deliveryBegins();
      const delivered = await deliver(letter, from);
      this.wakes.deliveryEnds();
      this.#put(inputs.delivered(letter.seq, delivered));
    }

    /**
     * Runs a batch again after it came to grief: with the input at fault marked, if it is known, else
     * each input alone.
     *
     * @param {Input[]} batch
     * @param {Input | undefined} culprit
     * @param {import("./glue.js").Outcome} outcome
     */
    #again(batch, culprit, outcome) {
      const input = batch.length === 1 ? batch[0] : culprit;
      if (!input) {
        // Where the alarm is to stand depends on what becomes of the events that are due.
        const isAlarm = (/** @type {Input} */ { kind }) => Number(kind === "alarm");
        batch.sort((one, other) => isAlarm(one) - isAlarm(other));
        for (const alone of batch) this.#turn([alone]);
        return;
      }
      const { GaveUp } = instance.glue.Outcome;
      if (input.outcome === GaveUp) {
        // Not even the engine gets through this one.
        if (input.socket) this.sockets.hangUp(input.socket);
        input.giveUp?.();
        input.settle?.(undefined);
        const others = batch.filter((other) => other !== input);
        if (others.length > 0) this.#turn(others);
        return;
      }
      input.outcome = input.outcome === undefined ? outcome : GaveUp;
      this.#turn(batch);
    }

    /**
     * Tells everyone who waits that the batch is committed.
     *
     * @param {Input[]} batch
     * @param {Answer[]} answers
     */
    #settle(batch, answers) {
      const missed = this.sockets.takeMissed();
      let next = 0;
      for (const input of batch) {
        const answer = input.answers ? answers[next++] : undefined;
        const isShort = input.tellsMissed && missed.length > 0;
        input.settle?.(isShort ? { error: incomplete(missed) } : answer);
      }
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
      for (const { socket, settle } of batch) {
        if (socket) this.sockets.close(this.sockets.number(socket), 1011, error.message);
        settle?.({ error });
      }
    }
  };
}
