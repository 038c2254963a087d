// The sockets of an object: their numbers, and which of them are open.

/** @typedef {import("../base/effects.js").Listeners} Listeners */

const OPEN = 1;

/** The platform tag of sockets whose client speaks the protocol `dormouse.1`. */
export const MARK = "\u0002";

/**
 * Which sockets are open is what the platform lists, less those that are over. It is listed once, when
 * somebody first asks, and kept as sets: nothing is counted, so nothing can be counted twice.
 */
export class Sockets {
  /** @param {DurableObjectState} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    /** @type {Map<number, WebSocket>} the numbers by which Rust knows sockets while the object is awake */
    this.byNumber = new Map();
    /** @type {WeakMap<WebSocket, number>} */
    this.numbers = new WeakMap();
    /** @type {WeakSet<WebSocket>} sockets that are closed, until the platform lists them no more */
    this.over = new WeakSet();
    /** @type {string[]} ids of the connections that a frame did not reach */
    this.missed = [];
    /** @type {Set<WebSocket> | undefined} the open ones */
    this.all = undefined;
    /** @type {Set<WebSocket> | undefined} those of them that speak the protocol */
    this.speaking = undefined;
    /** @type {Record<Listeners, Map<string | undefined, WebSocket[]>>} lists by tag, while nobody goes */
    this.lists = { all: new Map(), plain: new Map(), enveloped: new Map() };
    this.next = 1;
  }

  /** @param {WebSocket} socket */
  number(socket) {
    let number = this.numbers.get(socket);
    if (number === undefined) {
      number = this.next++;
      this.numbers.set(socket, number);
      this.byNumber.set(number, socket);
    }
    return number;
  }

  /** @param {number} number */
  get(number) {
    return this.byNumber.get(number);
  }

  get #open() {
    this.all ??= new Set(this.#listed());
    return this.all;
  }

  get #speaking() {
    this.speaking ??= new Set(this.#listed(MARK));
    return this.speaking;
  }

  /** @param {string} [tag] */
  #listed(tag) {
    return this.ctx.getWebSockets(tag).filter((socket) => !this.#isOver(socket));
  }

  /**
   * The open sockets, with a tag or all; of these those that speak the protocol, or those that do not.
   *
   * @param {string} [tag]
   * @param {Listeners} [to]
   * @returns {WebSocket[]}
   */
  open(tag, to = "all") {
    let list = this.lists[to].get(tag);
    if (!list) {
      if (to !== "all") {
        const speaking = this.#speaking;
        list = this.open(tag).filter((socket) => speaking.has(socket) === (to === "enveloped"));
      } else if (tag === undefined) {
        list = [...this.#open];
      } else {
        list = this.#listed(tag);
      }
      this.lists[to].set(tag, list);
    }
    return list;
  }

  count() {
    return this.#open.size;
  }

  /** How many are open, if somebody has asked since the object woke. */
  get known() {
    return this.all?.size;
  }

  /**
   * Whether a socket's connection is over. A socket that we closed is listed until its client has
   * answered; if the object slept meanwhile, the missing attachment tells.
   *
   * @param {WebSocket} socket
   */
  #isOver(socket) {
    return this.over.has(socket) || (socket.readyState !== OPEN && !socket.deserializeAttachment());
  }

  /**
   * Accepts a socket, to hibernate while nothing happens.
   *
   * @param {number} number
   * @param {string[]} tags
   * @throws if the platform does not take it
   */
  accept(number, tags) {
    const socket = this.byNumber.get(number);
    if (!socket) return;
    this.ctx.acceptWebSocket(socket, tags);
    this.all?.add(socket);
    const speaks = tags.includes(MARK);
    if (speaks) this.speaking?.add(socket);
    const kinds = [this.lists.all, speaks ? this.lists.enveloped : this.lists.plain];
    for (const tag of new Set([undefined, ...tags])) {
      for (const lists of kinds) lists.get(tag)?.push(socket);
    }
  }

  /**
   * Sends a frame. A dead peer stops nobody else's: it is noted, and its close is on the way.
   *
   * @param {WebSocket} socket
   * @param {string | Uint8Array} frame
   */
  send(socket, frame) {
    try {
      socket.send(frame);
    } catch {
      // The attachment tells whose it is: of a socket that is gone the platform has forgotten the tags.
      this.missed.push(JSON.parse(socket.deserializeAttachment() ?? '{"id":""}').id);
    }
  }

  /**
   * @param {number[]} numbers
   * @param {string | Uint8Array} frame
   */
  sendTo(numbers, frame) {
    for (const number of numbers) {
      const socket = this.byNumber.get(number);
      if (socket && !this.over.has(socket)) this.send(socket, frame);
    }
  }

  /**
   * The ids of the connections that a frame did not reach since this was last asked.
   */
  takeMissed() {
    return this.missed.length === 0 ? [] : this.missed.splice(0);
  }

  /**
   * Ends a socket's connection: closes it, or answers its client's close. It is listed until the client
   * has answered, or the close was told, and known by its cleared attachment.
   *
   * @param {number} number
   * @param {number} code
   * @param {string} reason
   */
  close(number, code, reason) {
    const socket = this.byNumber.get(number);
    if (!socket || this.over.has(socket)) return;
    this.#end(socket);
    try {
      socket.serializeAttachment(null);
      socket.close(code, reason);
    } catch {
      // The peer is gone already: nobody waits for this close.
    }
  }

  /**
   * Closes a socket whose input can be handled in no way. It keeps its attachment: the close that
   * follows is told to the room as any other.
   *
   * @param {WebSocket} socket
   */
  hangUp(socket) {
    if (this.over.has(socket)) return;
    this.#end(socket);
    try {
      socket.close(1011, "");
    } catch {
      // The peer is gone already.
    }
  }

  /**
   * Nothing more will come from a socket: its close was told, or it was never accepted.
   *
   * @param {WebSocket} socket
   */
  forget(socket) {
    this.#end(socket);
    // It keeps its number: should more be told of it after all, nobody is meant.
    const number = this.numbers.get(socket);
    if (number !== undefined) this.byNumber.delete(number);
  }

  /** @param {WebSocket} socket */
  #end(socket) {
    this.over.add(socket);
    this.speaking?.delete(socket);
    // Lists that were made while it was open may have it; the set knows whether it was.
    const wasOpen = this.all === undefined || this.all.delete(socket);
    if (wasOpen) for (const lists of Object.values(this.lists)) lists.clear();
  }
}
