// How the Worker's client hands an upgrade to a room's object.

const HEADER = "dormouse-upgrade";

// The address is the client's own. A Worker that passes a visitor's request on to the object as it
// came does not make an upgrade of it, whatever headers the visitor sent.
const ADDRESS = "https://dormouse.internal/upgrade";

/**
 * @param {{ fetch: (address: string, init: RequestInit) => Promise<Response> }} object
 * @param {Request} request the client's
 * @param {object} options what Rust knows as `Upgrade`
 */
export function fetchUpgrade(object, request, options) {
  const protocol = request.headers.get("Sec-WebSocket-Protocol") ?? undefined;
  // Headers carry Latin-1 only.
  const json = encodeURIComponent(JSON.stringify({ ...options, protocol }));
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
