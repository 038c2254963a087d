// The sockets of an object: their numbers, and which of them are over.

const OPEN = 1;

/** What the platform tag that carries a connection's id begins with. */
const ID_TAG = "\u0001";

/** The numbers by which Rust knows sockets while the object is awake, given when first needed. */
export class Sockets {
  /** @param {DurableObjectState} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    /** @type {Map<number, WebSocket>} */
    this.byNumber = new Map();
    /** @type {WeakMap<WebSocket, number>} */
    this.numbers = new WeakMap();
    /** @type {WeakSet<WebSocket>} sockets that are closed, until the platform lists them no more */
    this.over = new WeakSet();
    /** @type {WebSocket[]} those that a frame did not reach */
    this.missed = [];
    /** @type {Map<string | undefined, WebSocket[]>} what the platform lists, by tag, while nobody comes or goes */
    this.lists = new Map();
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
    this.lists.clear();
    this.ctx.acceptWebSocket(socket, tags);
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

  /** The ids of the connections that a frame did not reach since this was last asked. */
  takeMissed() {
    if (this.missed.length === 0) return [];
    const idOf = (/** @type {WebSocket} */ socket) =>
      this.ctx.getTags(socket).find((tag) => tag.startsWith(ID_TAG));
    return this.missed.splice(0).map((socket) => idOf(socket)?.slice(ID_TAG.length) ?? "");
  }

  /**
   * Ends a socket's connection: clears its attachment and closes it, or answers its client's close.
   *
   * @param {number} number
   * @param {number} code
   * @param {string} reason
   */
  close(number, code, reason) {
    const socket = this.byNumber.get(number);
    if (!socket || this.over.has(socket)) return;
    this.over.add(socket);
    this.lists.clear();
    try {
      socket.serializeAttachment(null);
      socket.close(code, reason);
    } catch {
      // The peer is gone already: nobody waits for this close.
    }
  }

  /**
   * Nothing more will come from a socket.
   *
   * @param {WebSocket} socket
   */
  forget(socket) {
    const number = this.numbers.get(socket);
    if (number !== undefined) this.byNumber.delete(number);
    this.lists.clear();
  }
}
