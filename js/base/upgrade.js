// How the Worker's client hands an upgrade to a room's object.

const HEADER = "dormouse-upgrade";

/** What a header carries as it is. */
const PLAIN = /^[\x20-\x7e]*$/;

// The address is the client's own. A Worker that passes a visitor's request on to the object as it
// came does not make an upgrade of it, whatever headers the visitor sent.
const ADDRESS = "https://dormouse.internal/upgrade";

/**
 * @param {{ fetch: (address: string, init: RequestInit) => Promise<Response> }} object
 * @param {string} json what Rust knows as `Upgrade`
 */
export function fetchUpgrade(object, json) {
  // Headers carry Latin-1 only.
  const value = PLAIN.test(json) ? json : encodeURIComponent(json);
  return object.fetch(ADDRESS, { headers: { Upgrade: "websocket", [HEADER]: value } });
}

/**
 * @param {Request} request
 * @returns {string | undefined} JSON, if it is an upgrade
 */
export function upgradeOf(request) {
  const value = request.url === ADDRESS ? request.headers.get(HEADER) : null;
  // Of JSON only what was encoded begins so.
  return value?.startsWith("%") ? decodeURIComponent(value) : (value ?? undefined);
}
