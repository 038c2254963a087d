// How clients leave, and what they are to hear of it.

/** @typedef {import("ws").WebSocket} WebSocket */

/**
 * @typedef {object} Close
 * @property {string} kind
 * @property {(socket: WebSocket) => void} leave
 * @property {{ code: number, reason: string }} answer
 */

/** @type {Close} */
export const bare = {
  kind: "without a code",
  leave: (socket) => socket.close(),
  answer: { code: 1000, reason: "" },
};

/** @type {Close} */
export const cut = {
  kind: "by a cut",
  leave: (socket) => socket.terminate(),
  answer: { code: 1006, reason: "" },
};

/**
 * @param {number} code
 * @param {string} reason
 * @returns {Close}
 */
export const coded = (code, reason) => ({
  kind: "with a code",
  leave: (socket) => socket.close(code, reason),
  answer: { code, reason },
});

export const closes = [bare, cut, coded(1000, ""), coded(4001, "enough")];
