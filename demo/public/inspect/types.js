// What the Worker tells, as it has come through JSON, for the type checker.

/** @typedef {string | { size: number, hex: string }} Frame */

/**
 * @template T
 * @typedef {T extends { frame: unknown } ? Omit<T, "frame"> & { frame: Frame } : T} Framed
 */

/** @typedef {Framed<import("../../../js/base/told.js").Effect>} Effect */

/** @typedef {{ ok: unknown } | { error: { _tag: string, message: string } }} Answer */

/**
 * @typedef {Omit<import("../../../js/base/told.js").Batch, "effects" | "answers"> &
 *   { effects: Effect[], answers: Answer[] }} Batch
 */

/** @typedef {import("../../../js/base/told.js").Spent} Spent */
/** @typedef {import("../../../js/base/told.js").ScheduledAlarm} ScheduledAlarm */
/** @typedef {import("../../../js/base/told.js").Connection} Connection */
/** @typedef {import("../../../js/base/told.js").StoredHistory} History */
/** @typedef {import("../../../js/base/told.js").Wakes} Wakes */
/** @typedef {import("../../../js/base/told.js").Seen} Seen */

/**
 * @typedef {Omit<import("../../../js/base/told.js").Inspection, "trace"> &
 *   { trace: { batches: Batch[], spent: Spent } }} Inspection
 */

export {};
