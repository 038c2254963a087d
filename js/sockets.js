// The sockets of an object: their numbers, and which of them are over.

const OPEN = 1;

/** The platform tag of sockets whose client speaks the protocol `dormouse.1`. */
export const MARK = "\u0002";

/** The numbers by which Rust knows sockets while the object is awake, given when first needed. */
export class Sockets {
  /**
   * @param {DurableObjectState} ctx
   * @param {import("./wakes.js").Tally} [tally]
   */
  constructor(ctx, tally = {}) {
    this.ctx = ctx;
    this.tally = tally;
    /** @type {Map<number, WebSocket>} */
    this.byNumber = new Map();
    /** @type {WeakMap<WebSocket, number>} */
    this.numbers = new WeakMap();
    /** @type {WeakSet<WebSocket>} sockets that are closed, until the platform lists them no more */
    this.over = new WeakSet();
    /** @type {WebSocket[]} those that a frame did not reach */
    this.missed = [];
    /** @type {Map<string | undefined, WebSocket[]>} open sockets by tag, listed while nobody goes */
    this.lists = new Map();
    /** @type {number | undefined} how many are open, once somebody has asked */
    this.openCount = undefined;
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

  /**
   * The open sockets, with a tag or all.
   *
   * @param {string} [tag]
   */
  open(tag) {
    let open = this.lists.get(tag);
    if (!open) {
      open = this.ctx.getWebSockets(tag).filter((socket) => !this.isOver(socket));
      this.lists.set(tag, open);
    }
    return open;
  }

  /**
   * Of some open sockets those whose client speaks the protocol, or those whose does not.
   *
   * @param {WebSocket[]} open
   * @param {boolean} enveloped
   */
  among(open, enveloped) {
    const speak = new Set(this.open(MARK));
    return open.filter((socket) => speak.has(socket) === enveloped);
  }

  count() {
    this.openCount ??= this.open().length;
    return this.openCount;
  }

  /**
   * Whether a socket's connection is over. A socket that we closed is listed until its client has
   * answered; if the object slept meanwhile, the missing attachment tells.
   *
   * @param {WebSocket} socket
   */
  isOver(socket) {
    return this.over.has(socket) || (socket.readyState !== OPEN && !socket.deserializeAttachment());
  }

  /**
   * Accepts a socket, to hibernate while nothing happens.
   *
   * @param {number} number
   * @param {string[]} tags
   */
  accept(number, tags) {
    const socket = this.byNumber.get(number);
    if (!socket) return;
    this.ctx.acceptWebSocket(socket, tags);
    for (const tag of [undefined, ...tags]) this.lists.get(tag)?.push(socket);
    if (this.openCount !== undefined) this.openCount += 1;
    if (this.tally.open === undefined) this.tally.open = this.open().length;
    else this.tally.open += 1;
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
      this.missed.push(socket);
    }
  }

  /**
   * The ids of the connections that a frame did not reach since this was last asked. The attachment
   * tells: of a socket that is gone the platform has forgotten the tags.
   *
   * @returns {string[]}
   */
  takeMissed() {
    if (this.missed.length === 0) return [];
    return this.missed
      .splice(0)
      .map((socket) => JSON.parse(socket.deserializeAttachment() ?? '{"id":""}').id);
  }

  /**
   * Ends a socket's connection: closes it, or answers its client's close. One that we close first is
   * listed until its client has answered, and known by its cleared attachment.
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
      if (socket.readyState === OPEN) socket.serializeAttachment(null);
      socket.close(code, reason);
    } catch {
      // The peer is gone already: nobody waits for this close.
    }
  }

  /**
   * Closes a socket whose input came to grief. It keeps its attachment: the close that follows is told
   * to the room as any other.
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
   * Nothing more will come from a socket.
   *
   * @param {WebSocket} socket
   */
  forget(socket) {
    // One that we closed before we slept was never counted.
    if (!this.isOver(socket)) this.#end(socket);
    this.discard(socket);
  }

  /**
   * A socket was not accepted.
   *
   * @param {WebSocket} socket
   */
  discard(socket) {
    const number = this.numbers.get(socket);
    if (number !== undefined) this.byNumber.delete(number);
  }

  /** @param {WebSocket} socket */
  #end(socket) {
    this.over.add(socket);
    this.lists.clear();
    if (this.openCount !== undefined) this.openCount -= 1;
    if (this.tally.open !== undefined) this.tally.open -= 1;
  }
}
