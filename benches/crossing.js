// `npm run bench:crossing`: what WebAssembly takes of a message that comes alone, in microseconds: in a
// row, and each after a write to the disk, which drives code and data out of the processor's caches.

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { build } from "../scripts/build.js";
import { main, root } from "../scripts/run.js";
import { setup } from "../scripts/setup.js";
import { median } from "./start-up.js";
import { output } from "./systems.js";

const TIMES = 5_000;

/** How often before it counts, for V8 to have compiled what it is going to. */
const WARM = 20_000;

const TEXT = "what people say to one another ".repeat(2);
const FRAME = JSON.stringify({ _tag: "Add", text: TEXT });
const SAY = JSON.stringify({ _tag: "Say", text: TEXT });

/** Every way ends in a number, below zero if it has failed. @typedef {() => number} Way */

/** @returns {Promise<Record<string, Way>>} */
async function ways() {
  // By paths that are made here: their types are the Worker's, and these are Node's.
  const { startInstance } = await import(join(root, "js", "object", "instance.js"));
  const { check } = await import(join(root, "benches", "peers", "shared", "events.js"));
  const floor = await startFloor();
  const { glue, module } = await load("benches/room/pkg/bench_room_bg");
  const instance = startInstance(glue, module);
  instance.host.turnOf(aRoomOfOne());
  const handle = glue.open("bench/crossing");
  glue.connect(handle, 1, JSON.stringify({ id: "ada", state: { name: "ada" } }));
  instance.commit(handle);
  let state = { count: 0, last: "" };
  return {
    "the clock, which is in all of them": () => 0,
    "there and back: the frame's text, and a yes or no": () => Number(glue.hasRoom(FRAME)),
    "JSON in V8: parsed, checked, the state and the answer written": () => {
      const event = check(FRAME);
      state = { ...state, count: state.count + 1, last: event.text };
      const answer = JSON.stringify({ _tag: "Added", count: state.count });
      return JSON.stringify(state).length + answer.length;
    },
    "JSON in WebAssembly, nothing else: the event and the state read, and both written": () =>
      floor.handle('{"total":1,"last":""}', SAY).indexOf('[{"_tag":"Said"'),
    "the message in WebAssembly: there, parsed, handled, checked, committed, back": () => {
      glue.text(handle, 1, FRAME);
      return instance.commit(handle).allText.indexOf('{"_tag":"Added"');
    },
  };
}

/** @param {string} path of a module that wasm-pack made, without its ending */
async function load(path) {
  const glue = await import(join(root, `${path}.js`));
  return { glue, module: new WebAssembly.Module(readFileSync(join(root, `${path}.wasm`))) };
}

/** The floor, which `startInstance` would refuse: it is no room. */
async function startFloor() {
  const { glue, module } = await load("benches/floor/pkg/bench_floor_bg");
  const { exports } = new WebAssembly.Instance(module, { "./bench_floor_bg.js": glue });
  glue.__wbg_set_wasm(exports);
  /** @type {() => void} */ (exports.__wbindgen_start)();
  return glue;
}

/** An object with one socket and nothing stored: what the message asks of it. */
const aRoomOfOne = () => ({
  storage: { state: () => undefined },
  sockets: { count: () => 1 },
});

/** Writes a page and waits for it, as SQLite does at a commit. */
function disk() {
  mkdirSync(output, { recursive: true });
  const path = join(output, "crossing");
  const file = openSync(path, "w");
  const page = Buffer.alloc(4_096, FRAME);
  return {
    commit() {
      writeSync(file, page);
      fsyncSync(file);
    },
    close() {
      closeSync(file);
      rmSync(path);
    },
  };
}

/** @param {number[]} nanos */
const micros = (nanos) => (median(nanos) / 1_000).toFixed(1).padStart(8);

await main(import.meta.url, async () => {
  await setup();
  await build("benches/floor");
  await build("benches/room");
  const { commit, close } = disk();
  const all = Object.entries(await ways()).map(([name, way]) => {
    return { name, way, inRow: /** @type {number[]} */ ([]), alone: /** @type {number[]} */ ([]) };
  });
  /** @param {Way} way */
  const timed = (way) => {
    const begin = process.hrtime.bigint();
    const result = way();
    const time = Number(process.hrtime.bigint() - begin);
    if (!(result >= 0)) throw new Error(`it has come to ${result}`);
    return time;
  };
  for (const { way } of all) for (let i = 0; i < WARM; i++) way();
  for (const { way, inRow } of all) for (let i = 0; i < TIMES; i++) inRow.push(timed(way));
  for (let i = 0; i < TIMES; i++) {
    for (const { way, alone } of all) {
      commit();
      alone.push(timed(way));
    }
  }
  close();
  console.log(`µs in a row, and after a write to the disk (V8 ${process.versions.v8})`);
  for (const { name, inRow, alone } of all) {
    console.log(`${micros(inRow)}  ${micros(alone)}  ${name}`);
  }
});
