// What of a Worker's environment rooms may know.

/**
 * The variables of a Worker that are plain data: no binding, no secret store, and not the key to the
 * Inspector, which is no business of a room and must not get into a recording.
 *
 * @param {Record<string, unknown>} env
 */
export function plainData(env) {
  /** @param {unknown} value */
  const isPlain = (value) =>
    ["string", "number", "boolean"].includes(typeof value) ||
    Array.isArray(value) ||
    (typeof value === "object" &&
      value !== null &&
      Object.getPrototypeOf(value) === Object.prototype);
  const entries = Object.entries(env);
  return Object.fromEntries(
    entries.filter(([name, value]) => name !== "INSPECT_TOKEN" && isPlain(value)),
  );
}
