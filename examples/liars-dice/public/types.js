// What the room says and is told: src/messages.rs, as types.

/** @typedef {{ count: number, face: number }} Bid */

/**
 * @typedef {object} Table
 * @property {[id: string, dice: number][]} seats
 * @property {string | null} turn whose it is
 * @property {number | null} until when it ends, by the room's clock
 * @property {[id: string, bid: Bid] | null} bid
 * @property {number} now the room's clock
 */

/**
 * @typedef {object} Shown
 * @property {string} by who called
 * @property {boolean} late
 * @property {string} bidder
 * @property {Bid} bid
 * @property {number} count
 * @property {string} loser
 * @property {{ id: string, dice: number[] }[]} hands
 */

/**
 * @typedef {{ _tag: "Table" } & Table
 *   | { _tag: "Yours", id: string, dice: number[] }
 *   | { _tag: "Bid", by: string, bid: Bid, late: boolean }
 *   | { _tag: "Shown" } & Shown
 *   | { _tag: "Over", winner: string | null }
 *   | { _tag: "Said", by: string, text: string }
 *   | { _tag: "Error", code: string, message: string }} Message
 */

/**
 * @typedef {{ _tag: "Start" } | { _tag: "Bid" } & Bid | { _tag: "Call" } | { _tag: "Look" }
 *   | { _tag: "Say", text: string }} Event
 */

export {};
