// The WebAssembly instance that all rooms of an isolate share, and how it is replaced.

import { Commit } from "../base/commit.js";
import { checkBoundary, checkBuild, checkRuntime } from "./checks.js";

import { Host } from "./host.js";

/** @typedef {import("../base/glue.js").Glue} Glue */

/**
 * @typedef {object} Instance
 * @property {Glue} glue the functions of the running instance
 * @property {number} generation changes when the instance is replaced, and rooms have to be woken anew
 * @property {boolean} isRunning whether a room's batch is being handled. If it is still so when the next
 *   begins, the platform has stopped Rust in the middle
 * @property {Host} host what its rooms read through
 * @property {(handle: number) => Commit} commit ends a room's batch, and reads what is to be done
 * @property {() => number} size bytes of its memory
 * @property {() => Wreck} look what can be told of an instance that trapped
 * @property {() => void} replace starts afresh; what lived in the old instance is gone
 */

/**
 * @typedef {object} Wreck
 * @property {string | undefined} panic what panicked, if something did
 * @property {number | undefined} calling the call into the room's own code that was running, if one was
 * @property {number} refused bytes of the memory that was refused, 0 if none was
 * @property {number} size bytes of memory that there were
 */

/** No call of the room was running: 2³² − 1. */
const NO_CALL = 0xffff_ffff;

/**
 * Starts an instance of a module that wasm-pack made.
 *
 * wasm-pack's own entry file does not run in workerd, where importing a .wasm file gives a module and
 * not an instance. So the Worker imports the glue and the module, and they meet here.
 *
 * @param {Glue} glue
 * @param {WebAssembly.Module} module
 * @returns {Instance}
 * @throws {import("../base/errors.js").SetupError} if they are not what they should be
 */
export function startInstance(glue, module) {
  checkRuntime();
  checkBuild(glue, module);
  const from = new Set(WebAssembly.Module.imports(module).map((entry) => entry.module));
  const imports = Object.fromEntries([...from].map((name) => [name, glue]));

  const host = new Host();

  const start = () => {
    const { exports } = new WebAssembly.Instance(module, /** @type {any} */ (imports));
    glue.__wbg_set_wasm(exports);
    /** @type {() => void} */ (exports.__wbindgen_start)();
    glue.setHost(host);
    return new Commit(/** @type {WebAssembly.Memory} */ (exports.memory));
  };

  let commit = start();
  checkBoundary(glue);
  const instance = {
    glue,
    generation: 1,
    isRunning: false,
    host,
    /** @param {number} handle */
    commit(handle) {
      commit.open(glue.commit(handle));
      return commit;
    },
    size: () => commit.size,
    look() {
      return {
        panic: asked(() => glue.takePanic()) || undefined,
        calling: asked(() => (glue.calling() === NO_CALL ? undefined : glue.calling())),
        refused: asked(() => glue.memoryRefused()) ?? 0,
        size: commit.size,
      };
    },
    replace() {
      // Growing detaches the view of the old memory that the glue holds; else it would read from it.
      commit.memory.grow(0);
      commit = start();
      instance.generation += 1;
      instance.isRunning = false;
    },
  };
  return instance;
}

/**
 * @template T
 * @param {() => T} ask something of an instance that trapped, which may lack what it takes to answer
 */
function asked(ask) {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
