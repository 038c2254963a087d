// What a chat room answers beside its sockets.

/**
 * @param {string} url of the server
 * @param {string} room
 */
export function roomApi(url, room) {
  const api = `${url}/api/chat/${room}`;

  /** @param {string} address @param {RequestInit} [init] @returns {Promise<any>} */
  async function ask(address, init) {
    const response = await fetch(address, init);
    if (!response.ok) throw new Error(`${address} answered ${response.status}`);
    return response.json();
  }

  return {
    /** @param {string} text */
    say: (text) => ask(`${api}/say`, { method: "POST", body: JSON.stringify({ text }) }),
    /** @returns {Promise<number>} how often something was said */
    messageCount: async () => (await ask(`${api}/state`)).messageCount,
    /** @returns {Promise<string[]>} the ids of the open connections */
    connections: async () =>
      (await ask(`${api}/connections`)).map((/** @type {{ id: string }} */ { id }) => id),
    /** @returns {Promise<{ inputs: number, traps: number }>} since the room's object woke */
    counts: () => ask(`${url}/soak/${room}/counts`),
  };
}
