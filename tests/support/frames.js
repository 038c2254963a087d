// Gathers what a client receives.

/**
 * @typedef {object} Frames
 * @property {any[]} frames what has come: JSON parsed where it is JSON
 * @property {(frame: any) => void} push something has come
 * @property {(count: number) => Promise<any[]>} until waits for so many frames in all
 */

/**
 * @param {(text: string) => any} [read] what a text frame is read as
 * @returns {Frames}
 */
export function gather(read = parse) {
  /** @type {any[]} */
  const frames = [];
  /** @type {Set<() => void>} */
  const waiting = new Set();
  return {
    frames,
    push(frame) {
      frames.push(typeof frame === "string" ? read(frame) : frame);
      for (const wake of waiting) wake();
    },
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (frames.length < count) return;
          waiting.delete(look);
          resolve(frames);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
