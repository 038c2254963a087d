// examples/migration in the runtime: a second version reads what the first has stored, under sockets
// that sleep and after a restart; where it cannot, nothing is lost, and the first can come back.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../support/socket.js";
import { bundle, makeFolder, remove, serve, startWorkerd } from "../support/workerd.js";

/** @typedef {import("../support/workerd.js").Workerd} Workerd */

/** @type {Workerd} */
let server;

/** @param {string} room */
const ask = async (room) => await (await fetch(`${server.url}/${room}`)).json();

/** @param {string} room @param {object} event */
const tell = async (room, event) => {
  const response = await fetch(`${server.url}/${room}`, {
    method: "POST",
    body: JSON.stringify(event),
  });
  return await response.json();
};

/** @param {string} room */
const ada = (room) => connect(`${server.url}/${room}?name=Ada`);

/** @param {string} text */
const add = (text) => ({ _tag: "Add", text });

/** @param {string} text @param {number} seconds */
const remind = (text, seconds) => ({ _tag: "Remind", text, seconds });

/** @param {string} text @param {string | null} [by] */
const item = (text, by = null) => ({ text, by });

describe("under a socket that sleeps", () => {
  beforeAll(async () => {
    server = await serve("tests/server/migration/wrangler.jsonc", ["unsafe_module"]);
  });

  afterAll(() => server?.kill());

  /** @param {1 | 2} version @param {string} [asleep] the room that is put to sleep before */
  const deploy = (version, asleep = "") =>
    fetch(`${server.url}/deploy/${version}?asleep=${asleep}`);

  test("state, connection and reminder of the first version are read by the second", async () => {
    const room = "read";
    await deploy(1);
    const client = await ada(room);
    client.send(add("milk"));
    client.send(remind("milk", 2));
    expect(await client.until(2)).toEqual([
      { _tag: "List", items: [] },
      { _tag: "List", items: ["milk"] },
    ]);
    await deploy(2, room);
    client.send(add("tea"));
    const items = [item("milk"), item("tea", "Ada")];
    expect((await client.until(3))[2]).toEqual({ _tag: "List", items });
    expect((await client.until(4))[3]).toEqual({ _tag: "Reminder", item: item("milk") });
  });

  test("a state that the second version cannot read is named, kept, and read by the first again", async () => {
    const room = "kept";
    await deploy(1);
    const client = await ada(room);
    client.send(add(""));
    await client.until(2);
    await deploy(2, room);
    expect(await tell(room, add("tea"))).toMatchObject({ error: "StateUnreadable" });
    client.send(add("tea"));
    expect((await client.until(3))[2]).toMatchObject({ _tag: "Error", code: "internal" });
    await deploy(1, room);
    client.send(add("bread"));
    expect((await client.until(4))[3]).toEqual({ _tag: "List", items: ["", "bread"] });
  });
});

describe("after a restart", () => {
  const bundles = new Map();
  const storage = makeFolder();

  beforeAll(() => {
    bundles.set(1, bundle("examples/migration/wrangler.v1.jsonc"));
    bundles.set(2, bundle("examples/migration/wrangler.jsonc"));
  });

  afterAll(async () => {
    await server?.kill();
    for (const folder of [...bundles.values(), storage]) remove(folder);
  });

  /** @param {1 | 2} version */
  const deploy = async (version) => {
    await server?.kill();
    server = await startWorkerd(bundles.get(version), storage);
  };

  test("the second version reads what the first has stored, and the first what the second left alone", async () => {
    await deploy(1);
    for (const room of ["left", "right", "blank"]) await tell(room, add("milk"));
    await tell("blank", add(""));
    await tell("right", remind("milk", 3));
    await deploy(2);
    const client = await ada("right");
    expect(await client.until(2)).toEqual([
      { _tag: "List", items: [item("milk")] },
      { _tag: "Reminder", item: item("milk") },
    ]);
    expect(await ask("blank")).toMatchObject({ error: "StateUnreadable" });
    expect(await tell("right", add("tea"))).toEqual({ items: [item("milk"), item("tea")] });
    await deploy(1);
    expect(await ask("left")).toEqual(["milk"]);
    expect(await tell("blank", add("bread"))).toEqual(["milk", "", "bread"]);
    // What the second version wrote is beyond the first: it says so, and leaves it.
    expect(await tell("right", add("bread"))).toMatchObject({ error: "StateUnreadable" });
    await deploy(2);
    expect(await ask("right")).toEqual({ items: [item("milk"), item("tea")] });
  });
});
