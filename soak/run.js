// `npm run soak`: thousands of sockets that come, speak, leave, sleep and wake for ten minutes, on
// plain workerd, with every frame checked.
//
//   npm run soak -- --minutes 1                 shorter
//   npm run soak -- --sockets 200 --rooms 6     smaller

import { parseArgs } from "node:util";
import { build } from "../scripts/build.js";
import { main } from "../scripts/run.js";
import { setup } from "../scripts/setup.js";

// A signal must end the server too, which is done when the process exits.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => process.exit(1));
}

await main(import.meta.url, async () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      sockets: { type: "string", default: "3000" },
      rooms: { type: "string", default: "30" },
    },
  });
  const [minutes, sockets, rooms] = /** @type {const} */ (["minutes", "sockets", "rooms"]).map(
    (name) => {
      const value = Number(values[name]);
      if (value > 0) return value;
      throw new Error(`--${name} takes a number above zero, and "${values[name]}" is none.`);
    },
  );

  await setup();
  await build(".");
  // Not before: it needs the packages that the setup installs.
  const { soak } = await import("./soak.js");
  const { table } = await import("./report.js");
  const { tally, health } = await soak({
    minutes: /** @type {number} */ (minutes),
    sockets: Math.round(/** @type {number} */ (sockets)),
    rooms: Math.round(/** @type {number} */ (rooms)),
  });
  console.log(`\n${table(tally, health)}`);
  if (tally.faultCount > 0) throw new Error(`The soak found ${tally.faultCount} faults.`);
});
