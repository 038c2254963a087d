// What a Worker can be set up wrongly with, said at its start, or where it first shows: what is wrong,
// what was found, and what to do. Nothing here runs for a message.

import { SetupError } from "../base/errors.js";
import { kindOf } from "../base/namespace.js";

/** The form of what crosses between this package and the module; `src/wasm.rs` has the same number. */
const BOUNDARY = 4;

/** The version of this package. */
export const VERSION = "0.1.0";

/** The oldest compatibility date whose runtime has all that is used here. */
export const OLDEST_DATE = "2026-03-15";

/** Looks for what the runtime gives from the oldest date on, and not for the date, which it does not say. */
export function checkRuntime() {
  if (typeof FinalizationRegistry === "function") return;
  throw new SetupError(
    "OldCompatibilityDate",
    `the Worker's compatibility_date is older than ${OLDEST_DATE}: there is no FinalizationRegistry. ` +
      `Set "compatibility_date" in wrangler.jsonc to ${OLDEST_DATE} or later.`,
  );
}

/**
 * Whether the two that wasm-pack made are what they should be, and belong together.
 *
 * @param {any} glue
 * @param {any} module
 */
export function checkBuild(glue, module) {
  if (!(module instanceof WebAssembly.Module)) {
    throw new SetupError(
      "WrongModule",
      `dormouse(glue, module) takes a WebAssembly.Module, and got ${kindOf(module)}: import it ` +
        'from the file itself, as in `import module from "./pkg/my_rooms_bg.wasm"`.',
    );
  }
  if (typeof glue?.__wbg_set_wasm !== "function") {
    const isWeb = typeof glue?.initSync === "function" || typeof glue?.default === "function";
    throw new SetupError(
      isWeb ? "WrongTarget" : "WrongGlue",
      isWeb
        ? "the glue was made by `wasm-pack build --target web`, and a Worker needs that of the " +
            "target bundler: run `wasm-pack build` without --target."
        : `dormouse(glue, module) takes all that the glue exports, and got ${kindOf(glue)} without ` +
            "__wbg_set_wasm: import the file whose name ends in _bg.js, as in " +
            '`import * as glue from "./pkg/my_rooms_bg.js"`.',
    );
  }
  const missing = WebAssembly.Module.imports(module).find(({ name }) => !(name in glue));
  if (missing) {
    throw new SetupError(
      "ForeignGlue",
      `the module wants ${missing.name} of ${missing.module}, and the glue has none: they are of ` +
        "two builds, or of two crates. Run `wasm-pack build`, and import both from one pkg/.",
    );
  }
  if (typeof glue.setHost !== "function") {
    throw new SetupError(
      "NoRooms",
      "the module has no rooms: its crate does not use `dormouse`, or has no line " +
        "`dormouse::rooms![MyRoom];`.",
    );
  }
}

/**
 * Whether the module and these files speak of the same things. Asked of the running instance.
 *
 * @param {any} glue
 */
export function checkBoundary(glue) {
  const theirs = typeof glue.boundary === "function" ? glue.boundary() : 0;
  if (theirs === BOUNDARY) return;
  const crate = typeof glue.crateVersion === "function" ? glue.crateVersion() : "before 0.1.0";
  throw new SetupError(
    "VersionMismatch",
    `the module was built with the crate dormouse ${crate} (boundary ${theirs}), and these are the ` +
      `JavaScript parts of ${VERSION} (boundary ${BOUNDARY}). Give both the same version, in ` +
      "Cargo.toml and in package.json, and run `wasm-pack build` again.",
  );
}

/**
 * Whether the class of the rooms has SQLite. Asking costs a query, and all its objects give one answer.
 *
 * @param {DurableObjectState} ctx of one of them
 */
export function checkStorage(ctx) {
  try {
    void ctx.storage.sql.databaseSize;
  } catch (cause) {
    throw new SetupError(
      "KeyValueStorage",
      "the class of the rooms is not backed by SQLite: in wrangler.jsonc it stands in `new_classes`, " +
        "or in no migration. It has to stand in `new_sqlite_classes` of one, or in `exports` with " +
        '"storage": "sqlite". A class that is deployed so cannot change: give the rooms a new one.',
      { cause },
    );
  }
}

/**
 * The name of an object, if it knows it.
 *
 * @param {DurableObjectState} ctx
 * @returns {string}
 */
export function checkName({ id }) {
  const { name } = id;
  if (name === undefined) {
    throw new SetupError(
      "NamelessObject",
      `the object ${id} does not know its name, and so not which room it is. Objects of rooms are ` +
        "got by name, as `rooms(env)` and `getByName` do, never by `newUniqueId` or `idFromString`. " +
        "An alarm that was set before 2026-03-15, or by a workerd older than July 2026, wakes its " +
        "object without a name: the next request by name heals it.",
    );
  }
  return name;
}
