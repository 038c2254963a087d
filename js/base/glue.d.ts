/// <reference path="./wasm-pack.d.cts" />
// What Dormouse calls of a crate that wasm-pack compiled: the `_bg.js` with its rooms. Written down
// here, and not taken from a build, so that the types ask for no crate in particular. The crate's own
// side is src/wasm.rs; where the two differ, `dormouse(glue, module)` does not compile.

/** The functions and constants of a `_bg.js`. */
export interface Glue {
  readonly Op: Ops;
  readonly Outcome: Outcomes;

  __wbg_set_wasm(exports: WebAssembly.Exports): void;
  setHost(host: RoomHost): void;

  // Before any room is awake.
  hasRoom(room: string): boolean;
  isOwnHistory(name: string): boolean;

  // A room wakes, and is gone.
  open(objectName: string): number | undefined;
  release(handle: number): void;
  /** Why the last `open` gave nothing. */
  refusal(): Failure;
  autoResponse(handle: number): string[];
  maxFrameBytes(handle: number): number;

  // What comes in.
  alarmFired(handle: number): string[];
  alarmStands(handle: number, at?: number | null): void;
  binary(handle: number, socket: number, frame: Uint8Array): void;
  broadcast(handle: number, json: string, tag?: string | null): void;
  close(handle: number, socket: number, code: number, reason: string, wasClean: boolean): void;
  connect(handle: number, socket: number, upgrade: string): void;
  delivered(handle: number, seq: number, delivered: string): void;
  alarm(handle: number, name: string): void;
  oversize(handle: number, socket: number, size: number): void;
  readConnections(handle: number, tag?: string | null): void;
  readCount(handle: number): void;
  readState(handle: number): void;
  receive(handle: number, from: string, letter: string): void;
  send(handle: number, json: string): void;
  text(handle: number, socket: number, frame: string): void;

  // A batch ends, or goes wrong.
  commit(handle: number): number;
  answers(): Answer[];
  faulted(handle: number, outcome: Outcome): void;
  refuse(handle: number, call: number): void;
  reset(handle: number): void;
  isWhole(): boolean;

  // What is asked after a trap.
  takePanic(): string;
  calling(): number;
  memoryRefused(): number;

  // For recordings.
  keepChance(): void;
  takeChance(): BigUint64Array;
}

/** What a number at the start of an operation means, by name. What follows each is said in src/host/flat.rs. */
export interface Ops {
  readonly Purge: 0;
  readonly State: 1;
  readonly PutAlarm: 2;
  readonly RemoveAlarm: 3;
  readonly Value: 4;
  readonly RemoveValue: 5;
  readonly Append: 6;
  readonly Trim: 7;
  readonly Ends: 8;
  readonly SetAlarm: 9;
  readonly DeleteAlarm: 10;
  readonly Accept: 11;
  readonly Attach: 12;
  readonly SendText: 13;
  readonly SendBinary: 14;
  readonly BroadcastText: 15;
  readonly BroadcastBinary: 16;
  readonly Close: 17;
  readonly Deliver: 18;
  readonly Log: 19;
}

/** What came of an input when it was run before. */
export type Outcome = Outcomes[keyof Outcomes];

/** The outcomes by their names. */
export interface Outcomes {
  readonly NotStored: 2;
  readonly GaveUp: 3;
}

/** The result of a connect or an API call. */
export type Answer = { ok: unknown } | { error: Failure };

/** An error: its name, a code and a message that a client may see, and an HTTP status. */
export interface Failure {
  _tag: string;
  code: string;
  message: string;
  status: number;
  [field: string]: unknown;
}

/** What the room whose turn it is reads of its object. */
export interface RoomHost {
  now(): number;
  config(): string;
  state(): string | undefined;
  storedAlarm(name: string): string | undefined;
  alarms(afterAt: number | undefined, afterName: string, limit: number): string;
  failedAlarms(): string;
  value(key: string): string | undefined;
  values(prefix: string, after: string | undefined, limit: number, backwards: boolean): string;
  keys(prefix: string, after: string | undefined, limit: number): string;
  historyEnds(name: string): string | undefined;
  history(name: string, after: number, before: number, limit: number, last: boolean): string;
  historySince(name: string, at: number): number | undefined;
  sockets(tag: string | undefined): Uint32Array;
  count(): number;
  attachment(socket: number): string | undefined;
  lastAnswer(socket: number): number | undefined;
  inFlight(seq: number): boolean;
}
