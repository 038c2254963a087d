// Lines between pages and a room: every frame is on its way until it is delivered, and a line may break
// between any two.

/** Bytes of what the servers of lives take in one frame. */
export const LIMIT = 200;

/**
 * @typedef {object} Line
 * @property {FakeSocket} socket
 * @property {string} id of the connection
 * @property {number} at the room's number for it, 0 before it is accepted
 * @property {(string | Uint8Array | { code?: number, reason?: string })[]} up
 * @property {(string | { code?: number, reason?: string })[]} down
 * @property {boolean} isHalf nothing arrives any more, and nobody is told
 * @property {boolean} isOver
 */

/**
 * What becomes of upgrades: `down` nobody answers; `close` they are accepted and closed with 4000 and the
 * status; `plain` they are answered with the status, which a page is not told.
 *
 * @typedef {{ how: "down" | "close" | "plain", status: number } | undefined} Refusal
 */

export class Net {
  /** @type {Line[]} */
  lines = [];
  /** @type {Refusal} */
  refusal;
  /** Tokens below this are old. */
  token = 0;
  /** Whether a close event lacks what it may lack, as in React Native. */
  isBare = false;
  room;

  /** @param {import("./server.js").Room} room */
  constructor(room) {
    this.room = room;
  }

  /** @param {FakeSocket} socket */
  open(socket) {
    const id = new URL(socket.url).searchParams.get("id") ?? "";
    this.lines.push({ socket, id, at: 0, up: [], down: [], isHalf: false, isOver: false });
  }

  /** @param {string} url @returns {Refusal} */
  #refusalOf(url) {
    const token = Number(
      new URL(url.replace(/^ws/, "http")).searchParams.get("token") ?? this.token,
    );
    return this.refusal ?? (token < this.token ? { how: "plain", status: 401 } : undefined);
  }

  /** What a plain request is answered. @param {string} url */
  async fetch(url) {
    const refusal = this.#refusalOf(url);
    if (refusal?.how === "down") throw new TypeError("fetch failed");
    const status = refusal?.status ?? 426;
    return {
      status,
      headers: new Headers(),
      json: async () => ({ error: { code: `c${status}` } }),
    };
  }

  /** Delivers what is on its way, until nothing is. */
  deliverAll() {
    for (let isAny = true; isAny; ) {
      isAny = false;
      for (const line of [...this.lines]) {
        while (this.deliver(line, "up") || this.deliver(line, "down")) isAny = true;
      }
    }
  }

  /**
   * @param {Line} line
   * @param {"up" | "down"} way
   * @returns {boolean} whether anything was there
   */
  deliver(line, way) {
    if (line.isOver || line.isHalf) return false;
    if (line.socket.readyState === 0) return this.#accept(line);
    this.#listen();
    if (way === "down") {
      const frame = line.down.shift();
      if (frame === undefined) return false;
      if (typeof frame === "string") line.socket.hear(frame);
      else this.end(line, frame);
      return true;
    }
    const frame = line.up.shift();
    if (frame === undefined) return false;
    if (typeof frame !== "string" && !(frame instanceof Uint8Array)) {
      this.room.close(line.at, frame.code ?? 1005, frame.reason ?? "");
      this.end(line, frame);
    } else if (frame === "ping") line.down.push("pong");
    else if (frame.length > LIMIT + 8) {
      this.room.cut(line.at);
      line.down.push({ code: 1009, reason: "too large" });
    } else this.room.say(line.at, frame);
    this.#listen();
    return true;
  }

  /** @param {Line} line */
  #accept(line) {
    const refusal = this.#refusalOf(line.socket.url);
    if (refusal && refusal.how !== "close") {
      this.end(line, { code: 1006 });
      return true;
    }
    try {
      if (refusal) throw `${refusal.status} c${refusal.status}: no`;
      line.at = this.room.connect(line.id, line.socket.protocols.join(", "));
      line.socket.begin();
    } catch (words) {
      if (typeof words !== "string") throw words;
      line.socket.begin();
      const [, status, reason] = /^(\d+) (.*)$/.exec(words) ?? [];
      line.down.push({ code: 4000 + Number(status), reason });
      line.at = -1;
    }
    return true;
  }

  /** Takes what the room has said. */
  #listen() {
    for (const line of this.lines) {
      if (line.at <= 0 || line.isOver) continue;
      for (const frame of this.room.take(line.at)) line.down.push(withLimit(frame));
    }
  }

  /**
   * A line breaks, and what is on its way is lost.
   *
   * @param {Line} line
   * @param {{ code?: number, reason?: string } | undefined} told to the page, if it is
   */
  cut(line, told) {
    this.room.cut(line.at);
    if (told) this.end(line, told);
    else line.isHalf = true;
  }

  crash() {
    this.room.crash();
    for (const line of [...this.lines]) if (line.at !== 0) this.end(line, { code: 1006 });
  }

  /**
   * @param {Line} line
   * @param {{ code?: number, reason?: string }} close
   */
  end(line, close) {
    line.isOver = true;
    this.lines = this.lines.filter((other) => other !== line);
    line.socket.end(
      this.isBare && (close.code ?? 1006) === 1006 ? {} : { code: 1006, reason: "", ...close },
    );
  }
}

/** @param {string | { code: number, reason: string }} frame */
function withLimit(frame) {
  if (typeof frame !== "string" || frame[0] !== "h") return frame;
  const hello = JSON.parse(frame.slice(1));
  return `h${JSON.stringify({ ...hello, ping: ["ping", "pong"], limit: LIMIT })}`;
}

/** The page's end of a line. */
export class FakeSocket {
  readyState = 0;
  binaryType = "";
  onopen = () => {};
  onmessage = (/** @type {any} */ _event) => {};
  onerror = () => {};
  onclose = (/** @type {any} */ _event) => {};
  #net;

  /**
   * @param {Net} net
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(net, url, protocols) {
    for (const protocol of protocols) {
      if (!/^[\w.!#$%&'*+^`|~-]+$/.test(protocol))
        throw new SyntaxError(`no subprotocol: ${protocol}`);
    }
    this.url = String(url);
    this.protocols = protocols;
    this.#net = net;
    net.open(this);
  }

  get #line() {
    return this.#net.lines.find((line) => line.socket === this);
  }

  begin() {
    this.readyState = 1;
    this.onopen();
  }

  /** @param {string} data */
  hear(data) {
    if (this.readyState === 1) this.onmessage({ data });
  }

  /** @param {object} close */
  end(close) {
    this.readyState = 3;
    this.onerror();
    this.onclose(close);
  }

  /** @param {string | Uint8Array} frame */
  send(frame) {
    if (this.readyState === 0) throw new Error("InvalidStateError");
    this.#line?.up.push(frame);
  }

  /** @param {number} [code] @param {string} [reason] */
  close(code, reason) {
    if (this.readyState === 0) {
      const line = this.#line;
      if (line) this.#net.end(line, { code: 1006 });
      return;
    }
    this.readyState = 2;
    this.#line?.up.push({ code, reason });
  }
}
