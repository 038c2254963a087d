// How much a page has to load: what grows is seen.

import { expect, test } from "vitest";
import { clientSizes } from "../../../scripts/client-size.js";

/** Bytes, minified and compressed by gzip. @type {Record<string, number>} */
const MOST = {
  "room-client.js": 7_400,
  // Only where there is a key.
  "keeper.js": 1_400,
  "store.js": 7_800,
  "react.js": 8_200,
};

test("the client is small", async () => {
  const sizes = await clientSizes();
  expect(sizes.map(({ module }) => module)).toEqual(Object.keys(MOST));
  for (const { module, gzip } of sizes) {
    expect(gzip, module).toBeLessThanOrEqual(/** @type {number} */ (MOST[module]));
  }
});
