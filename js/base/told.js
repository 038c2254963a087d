// What the Inspector is told, for the type checker: of what looks on, and of its page.

/** @typedef {import("./effects.js").Effect} Effect */

/** @typedef {"done" | "trapped" | "not stored"} Fate what came of a batch */

/**
 * A batch as it is told.
 *
 * @typedef {object} Batch
 * @property {number} seq
 * @property {number} at when it began, in milliseconds since the epoch
 * @property {Fate} fate
 * @property {[name: string, ...args: any[]][]} inputs what Rust was told
 * @property {Effect[]} effects what was performed, in that order
 * @property {number} left how many inputs and effects had no place here
 * @property {unknown[]} answers what the callers were told in the end
 * @property {Record<string, string>} names the connections' ids, by the sockets' numbers
 * @property {number[]} reach how many sockets each broadcast went to
 * @property {string | null} before the state as it was, if it was written
 * @property {number} rust milliseconds until Rust was done
 * @property {number} whole milliseconds until all was performed
 */

/** @typedef {{ batches: number, rust: number, whole: number }} Spent */

/**
 * @typedef {object} ScheduledAlarm
 * @property {string} name
 * @property {number} at
 * @property {number} due
 * @property {number | null} period
 * @property {number} failures
 * @property {string | null} error
 * @property {boolean} failed
 * @property {string} payload
 */

/**
 * @typedef {object} StoredHistory
 * @property {string} name
 * @property {{ last: number, lastAt: number, trimmed: number }} ends
 * @property {{ seq: number, at: number, row: string }[]} rows
 */

/** @typedef {{ id: string, connectedAt: number, nth: number, tags: string[], state: unknown }} Connection */

/**
 * What an object has done since its isolate started. A platform that ends the isolate begins anew:
 * nothing is stored for it, so that counting costs no write.
 *
 * @typedef {object} Wakes
 * @property {number} since when the isolate first saw the object, in milliseconds since the epoch
 * @property {number} wakes how often it woke
 * @property {Record<string, number>} wokenBy how often each kind of input woke it
 * @property {Record<string, number>} inputs how many there were of each kind
 * @property {Record<string, number>} keptAwakeMs how long each kind kept it awake: the time until the
 *   next thing happened, and no longer than the platform waits; `delivery` is what it spent waiting
 *   for other rooms and for functions of the Worker
 * @property {Waking[]} last the last wakings, the newest last
 */

/**
 * @typedef {object} Waking
 * @property {number} at when, in milliseconds since the epoch
 * @property {string | null} by the kind of its first input
 * @property {number} inputs how many there were
 */

/**
 * @typedef {object} Seen a room that was awake in this isolate
 * @property {string} room
 * @property {boolean} awake whether it still is, as far as its isolate knows
 * @property {number} lastAt when anything happened to it last
 * @property {number | null} connections
 * @property {number} wakes
 */

/**
 * @typedef {object} Looked what is seen of an object without asking its room
 * @property {number} at
 * @property {string | null} state
 * @property {{ count: number, first: Connection[] }} connections
 * @property {{ pending: ScheduledAlarm[], failed: ScheduledAlarm[] }} schedule
 * @property {string[]} letters
 * @property {[key: string, json: string][]} values
 * @property {StoredHistory[]} histories
 */

/**
 * @typedef {object} Inspection
 * @property {number} at
 * @property {Looked["state"]} state
 * @property {Looked["connections"]} connections
 * @property {Looked["schedule"]} schedule
 * @property {Looked["letters"]} letters
 * @property {Looked["values"]} values
 * @property {Looked["histories"]} histories
 * @property {number | null} alarm
 * @property {boolean} isRecorded
 * @property {{ inputs: number, drains: number, commits: number, traps: number }} counts
 * @property {Wakes} wakes
 * @property {{ batches: Batch[], spent: Spent }} trace
 */

export {};
