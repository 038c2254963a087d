// What is not of one wasm-pack build for a Worker does not start, and says why.

import { expect, test } from "vitest";
import { startInstance } from "../../js/object/instance.js";
import * as glue from "../../pkg/dormouse_bg.js";
import module from "../../pkg/dormouse_bg.wasm";

/**
 * @param {any} itsGlue
 * @param {any} itsModule
 */
const starting = (itsGlue, itsModule) => () => startInstance(itsGlue, itsModule);

/** @param {string} name */
const named = (name) => expect.objectContaining({ name });

test("something else than a module is refused", () => {
  expect(starting(glue, undefined)).toThrow(
    /^dormouse\(glue, module\) takes a .*, and got undefined/,
  );
  expect(starting(glue, "./my_rooms_bg.wasm")).toThrow(/and got a string/);
  expect(starting(glue, {})).toThrow(named("WrongModule"));
});

test("something else than the glue is refused", () => {
  expect(starting({}, module)).toThrow(named("WrongGlue"));
  expect(starting(undefined, module)).toThrow(/and got undefined.*_bg\.js/);
});

test("the glue of another target is refused", () => {
  const web = { initSync() {}, default() {} };
  expect(starting(web, module)).toThrow(named("WrongTarget"));
});

test("the glue of another module is refused", () => {
  const [wanted] = WebAssembly.Module.imports(module);
  const { [String(wanted?.name)]: _, ...foreign } = /** @type {any} */ ({ ...glue });
  expect(starting(foreign, module)).toThrow(named("ForeignGlue"));
  expect(starting(foreign, module)).toThrow(String(wanted?.name));
});

test("a module without rooms is refused", () => {
  const roomless = { ...glue, setHost: undefined };
  expect(starting(roomless, module)).toThrow(named("NoRooms"));
});

test("a module of another version is refused, and both are named", () => {
  const newer = { ...glue, boundary: () => 7, crateVersion: () => "0.9.3" };
  expect(starting(newer, module)).toThrow(named("VersionMismatch"));
  expect(starting(newer, module)).toThrow(
    /crate dormouse 0\.9\.3 \(boundary 7\).* of 0\.1\.0 \(boundary \d+\)/,
  );
  const older = { ...glue, boundary: undefined, crateVersion: undefined };
  expect(starting(older, module)).toThrow(/boundary 0/);
});

test("what belongs together starts", () => {
  expect(startInstance(glue, module).generation).toBe(1);
});
