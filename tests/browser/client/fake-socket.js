// A WebSocket class without a network: a test is the server.

/** The sockets that were made, the newest last. */
export class FakeSocket {
  /** @type {FakeSocket[]} */
  static made = [];

  /** Open from the start, unless a test says otherwise. */
  static state = 1;

  readyState = FakeSocket.state;
  binaryType = "";
  /** @type {any[]} */
  sent = [];
  /** @type {(event: { data: any }) => void} */
  onmessage = () => {};
  /** @type {(event: any) => void} */
  onclose = () => {};

  /**
   * @param {URL} url
   * @param {string[]} protocols
   */
  constructor(url, protocols) {
    this.url = String(url);
    this.protocols = protocols;
    FakeSocket.made.push(this);
  }

  /** The newest. */
  static get last() {
    return /** @type {FakeSocket} */ (FakeSocket.made.at(-1));
  }

  onopen = () => {};
  onerror = () => {};

  /** @param {any} frame */
  send(frame) {
    this.sent.push(frame);
  }

  close() {
    this.readyState = 3;
  }

  /** @param {any[]} frames that the server sends */
  hear(...frames) {
    for (const data of frames) this.onmessage({ data });
  }

  /** @param {object} [differs] from the greeting of a new client */
  greet(differs) {
    const hello = { session: "5e", epoch: "ab", offset: 0, resumed: false, same: false, here: [] };
    this.hear(`h${JSON.stringify({ ...hello, ...differs })}`);
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  drop(code, reason = "") {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}
