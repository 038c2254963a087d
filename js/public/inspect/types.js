// What the Worker tells, for the type checker.

/** @typedef {{ text: string } | { bytes: { size: number, hex: string } }} Frame */

/**
 * @typedef {{ effect: "purge" }
 *   | { effect: "state", json: string }
 *   | { effect: "event", name: string, at: number, due: number, period: number | null,
 *       failures: number, failed: boolean, error: string | null, payload: string }
 *   | { effect: "removeEvent", name: string }
 *   | { effect: "value", key: string, json: string }
 *   | { effect: "removeValue", key: string }
 *   | { effect: "append", history: string, seq: number, at: number, row: string }
 *   | { effect: "trim", history: string, through: number }
 *   | { effect: "ends", history: string, last: number, lastAt: number, trimmed: number }
 *   | { effect: "setAlarm", at: number }
 *   | { effect: "deleteAlarm" }
 *   | { effect: "accept", socket: number, tags: string[] }
 *   | { effect: "attach", socket: number, attachment: string }
 *   | { effect: "send", frame: Frame, sockets: number[] }
 *   | { effect: "broadcast", frame: Frame, tag: string | null, to: "all" | "plain" | "enveloped", except: number[] }
 *   | { effect: "deliver", letter: string }
 *   | { effect: "close", socket: number, code: number, reason: string }
 *   | { effect: "log", line: string }} Effect
 */

/**
 * @typedef {object} Batch
 * @property {number} seq
 * @property {number} at
 * @property {"done" | "trapped" | "not stored"} fate
 * @property {[name: string, ...args: any[]][]} inputs
 * @property {Effect[]} effects
 * @property {number} left
 * @property {({ ok: unknown } | { error: { _tag: string, message: string } })[]} answers
 * @property {Record<string, string>} names
 * @property {number[]} reach
 * @property {string | null} before
 * @property {number} rust
 * @property {number} whole
 */

/** @typedef {{ batches: number, rust: number, whole: number }} Spent */

/**
 * @typedef {object} ScheduledEvent
 * @property {string} name
 * @property {number} at
 * @property {number} due
 * @property {number | null} period
 * @property {number} failures
 * @property {string | null} error
 * @property {string} payload
 */

/** @typedef {{ id: string, connectedAt: number, tags: string[], state: unknown }} Connection */

/**
 * @typedef {object} History
 * @property {string} name
 * @property {{ last: number, lastAt: number, trimmed: number }} ends
 * @property {{ seq: number, at: number, row: string }[]} rows
 */

/**
 * @typedef {object} Wakes
 * @property {number} since
 * @property {number} wakes
 * @property {Record<string, number>} wokenBy
 * @property {Record<string, number>} inputs
 * @property {Record<string, number>} keptAwakeMs
 * @property {{ at: number, by: string | null, inputs: number }[]} last
 */

/**
 * @typedef {object} Inspection
 * @property {number} at
 * @property {string | null} state
 * @property {{ count: number, first: Connection[] }} connections
 * @property {{ pending: ScheduledEvent[], failed: ScheduledEvent[] }} schedule
 * @property {string[]} letters
 * @property {[key: string, json: string][]} values
 * @property {History[]} histories
 * @property {number | null} alarm
 * @property {boolean} isRecorded
 * @property {{ inputs: number, drains: number, commits: number, traps: number }} counts
 * @property {Wakes} wakes
 * @property {{ batches: Batch[], spent: Spent }} trace
 */

/**
 * @typedef {object} Seen
 * @property {string} room
 * @property {boolean} awake
 * @property {number} lastAt
 * @property {number | null} connections
 * @property {number} wakes
 */

export {};
