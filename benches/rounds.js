// The order in which systems have their turns.

/**
 * So that nobody is always the first, who finds everything cold.
 *
 * @template T
 * @param {T[]} items
 * @param {number} by
 */
export const rotated = (items, by) =>
  items.map((_, i) => /** @type {T} */ (items[(i + by) % items.length]));
