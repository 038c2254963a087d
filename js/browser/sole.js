// Something that only one page of a browser may have at a time.

/** How long others have to say that they have it, where there are no locks. */
const PATIENCE_MS = 100;

/**
 * Whether pages can find out at all.
 *
 * @param {import("./page.js").Page} page
 */
export const canBeSole = ({ navigator, BroadcastChannel }) =>
  Boolean(navigator?.locks || BroadcastChannel);

/**
 * @param {import("./page.js").Page} page
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>} gives it back; nothing if another page has it
 */
export async function sole(page, name) {
  const locks = page.navigator?.locks;
  if (locks) {
    try {
      return await new Promise((resolve, reject) => {
        locks
          .request(name, { ifAvailable: true }, (lock) =>
            lock ? new Promise((release) => resolve(() => release(undefined))) : resolve(undefined),
          )
          .catch(reject);
      });
    } catch {
      // There are pages that may not.
    }
  }
  return byAsking(page, name);
}

/**
 * Asks all pages. Of two that ask at once the one with the smaller number has it.
 *
 * @param {import("./page.js").Page} page
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>}
 */
function byAsking(page, name) {
  const { BroadcastChannel } = page;
  if (!BroadcastChannel) return Promise.resolve(undefined);
  const channel = new BroadcastChannel(name);
  const mine = page.Math.random();
  return new Promise((resolve) => {
    let isOurs = false;
    const done = (/** @type {boolean} */ is) => {
      page.clearTimeout(timer);
      isOurs = is;
      if (!is) channel.close();
      resolve(is ? () => channel.close() : undefined);
    };
    const timer = page.setTimeout(() => done(true), PATIENCE_MS);
    channel.onmessage = ({ data }) => {
      if (data.has) {
        if (!isOurs) done(false);
      } else if (isOurs || mine < data.asks) {
        channel.postMessage({ has: true });
      } else done(false);
    };
    channel.postMessage({ asks: mine });
  });
}
