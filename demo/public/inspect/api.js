// Asking the Worker.

const KEY = "dormouse-inspect-token";

/** What the Worker refused. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {string} token kept until the tab is closed */
export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** @param {string} path below /inspect/api */
export async function get(path) {
  return (await ask(path)).json();
}

/** @param {string} path */
export async function getBlob(path) {
  return (await ask(path)).blob();
}

/**
 * @param {string} path
 * @param {object} body
 */
export async function post(path, body) {
  await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/**
 * @param {string} path
 * @param {{ method?: string, headers?: Record<string, string>, body?: string }} [init]
 */
async function ask(path, init = {}) {
  const token = sessionStorage.getItem(KEY);
  /** @type {Record<string, string>} */
  const headers = { ...init.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(new URL(`api/${path}`, new URL(".", import.meta.url)), {
    ...init,
    headers,
    cache: "no-store",
  });
  if (response.ok) return response;
  const answer = await response.json().catch(() => undefined);
  const message = answer?.error?.message ?? `the Worker answered ${response.status}`;
  throw new Refused(response.status, message);
}

/**
 * A room's path below /inspect/api.
 *
 * @param {string} room type/id
 */
export function pathOf(room) {
  const slash = room.indexOf("/");
  return [room.slice(0, slash), room.slice(slash + 1)].map(encodeURIComponent).join("/");
}
