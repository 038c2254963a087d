// js/base/glue.d.ts against what wasm-pack made, the way round that no call of `dormouse` checks: whether the
// crate has a number or a reading of which the JavaScript side knows nothing. tsc is the test.

import type { Ops, Outcomes, RoomHost } from "../../js/base/glue.js";
import type * as made from "../../pkg/dormouse_bg.js";

type Unknown =
  | Exclude<keyof typeof made.Op, keyof Ops>
  | Exclude<keyof typeof made.Outcome, keyof Outcomes>
  | Exclude<keyof made.RoomHost, keyof RoomHost>;

/** If this does not compile, the error names what is missing there. */
export const unknown: Record<Unknown, never> = {};
