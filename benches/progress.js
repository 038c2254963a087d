// How far the benchmark is.

/** @param {string} what was measured */
export function tell(what) {
  console.log(`bench: ${what}, done after ${Math.round(performance.now() / 1_000)} s`);
}
