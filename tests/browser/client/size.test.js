// How much a page has to load: what grows is seen.

import { expect, test } from "vitest";
import { clientSizes } from "../../../scripts/client-size.js";

/**
 * Bytes, minified and compressed by gzip. What a page without a key loads is 6 KB at most.
 *
 * @type {Record<string, number>}
 */
const MOST = {
  "room-client.js": 6_144,
  // Only where there is a key.
  "keeper.js": 1_600,
  "store.js": 6_600,
  "react.js": 7_000,
};

test("the client is small", async () => {
  const sizes = await clientSizes();
  expect(sizes.map(({ module }) => module)).toEqual(Object.keys(MOST));
  for (const { module, gzip } of sizes) {
    expect(gzip, module).toBeLessThanOrEqual(/** @type {number} */ (MOST[module]));
  }
});
