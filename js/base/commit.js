// A commit, as it lies in the memory of the WebAssembly instance.

/** A mark at the start of the first text is the text's, and would shift all that follow it. */
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/**
 * Reads the last commit from front to back: numbers, and the texts and bytes that they speak of. It
 * lies there until Rust is called again.
 */
export class Commit {
  /** @param {WebAssembly.Memory} memory */
  constructor(memory) {
    this.memory = memory;
    this.words = new Uint32Array(memory.buffer);
    this.allBytes = new Uint8Array(memory.buffer);
    this.at = 0;
    this.end = 0;
    this.allText = "";
    this.textAt = 0;
    this.bytesAt = 0;
    this.answers = 0;
  }

  /**
   * Begins to read.
   *
   * @param {number} pointer to the seven numbers that Rust's `Taken` describes
   */
  open(pointer) {
    // Memory that grows moves, and leaves views of no length behind.
    if (this.words.length === 0) {
      this.words = new Uint32Array(this.memory.buffer);
      this.allBytes = new Uint8Array(this.memory.buffer);
    }
    this.at = pointer >>> 2;
    const ops = this.number();
    const length = this.number();
    const text = this.number();
    const textLength = this.number();
    this.bytesAt = this.number();
    this.number();
    this.answers = this.number();
    this.allText =
      textLength > 0 ? decoder.decode(this.allBytes.subarray(text, text + textLength)) : "";
    this.textAt = 0;
    this.at = ops >>> 2;
    this.end = this.at + length;
  }

  /**
   * Reads ahead, and then stands where it stood.
   *
   * @template T
   * @param {(commit: Commit) => T} read
   */
  ahead(read) {
    const { at, textAt, bytesAt } = this;
    const ahead = read(this);
    Object.assign(this, { at, textAt, bytesAt });
    return ahead;
  }

  more() {
    return this.at < this.end;
  }

  /** How much memory the instance has, in bytes. */
  get size() {
    return this.memory.buffer.byteLength;
  }

  number() {
    return /** @type {number} */ (this.words[this.at++]);
  }

  /** A number of 64 bits; ours are below 2⁵³. */
  long() {
    const high = this.number();
    return high * 2 ** 32 + this.number();
  }

  text() {
    const from = this.textAt;
    this.textAt += this.number();
    return this.allText.slice(from, this.textAt);
  }

  /** A copy: a socket may send it when the memory holds something else. */
  bytes() {
    const from = this.bytesAt;
    this.bytesAt += this.number();
    return this.allBytes.slice(from, this.bytesAt);
  }

  /**
   * @template T
   * @param {() => T} item
   */
  list(item) {
    const items = [];
    for (let left = this.number(); left > 0; left--) items.push(item());
    return items;
  }
}
