// Which web pages may open a socket.

/**
 * Whether an upgrade with this `Origin` header may pass: one without (no browser sends it), the
 * Worker's own, and those that are listed, separated by commas or white space; `*` lists all. They are
 * compared as origins: a slash at the end, the case and a port that goes without saying are no
 * difference.
 *
 * Browsers do not hold `WebSocket`s to the same origin, so a page of anybody's could speak with the
 * cookies of its visitor (RFC 6455, 10.2).
 *
 * @param {string | null} origin
 * @param {string} own
 * @param {string | string[]} [listed]
 */
export function originAllowed(origin, own, listed = "") {
  if (origin === null) return true;
  const known = String(listed).split(/[\s,]+/);
  if (known.includes("*")) return true;
  const asked = canonical(origin);
  return asked !== undefined && [own, ...known].some((one) => canonical(one) === asked);
}

/** @param {string} text */
function canonical(text) {
  const url = URL.parse(text);
  if (!url) return undefined;
  // Schemes that the standard does not know, as those of extensions and of native shells, have none.
  const own = url.host && `${url.protocol}//${url.host}`.toLowerCase();
  return url.origin === "null" ? own || undefined : url.origin;
}
