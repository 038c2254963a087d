// How the Worker's client hands an upgrade to a room's object.

const HEADER = "dormouse-upgrade";

// The address is the client's own. A Worker that passes a visitor's request on to the object as it
// came does not make an upgrade of it, whatever headers the visitor sent.
const ADDRESS = "https://dormouse.internal/upgrade";

/**
 * @param {{ fetch: (address: string, init: RequestInit) => Promise<Response> }} object
 * @param {unknown} options what Rust knows as `Upgrade`
 */
export function fetchUpgrade(object, options) {
  // Headers carry Latin-1 only.
  const json = encodeURIComponent(JSON.stringify(options));
  return object.fetch(ADDRESS, { headers: { Upgrade: "websocket", [HEADER]: json } });
}

/** @param {Request} request */
export function isUpgrade(request) {
  return request.url === ADDRESS && request.headers.has(HEADER);
}

/**
 * @param {Request} request
 * @returns {string} JSON
 */
export function upgradeOf(request) {
  return decodeURIComponent(request.headers.get(HEADER) ?? "");
}
