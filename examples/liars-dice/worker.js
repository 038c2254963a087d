// The Worker: tables at /tables/:name, and the page.

import { dormouse } from "../../js/index.js";
import * as glue from "./pkg/liars_dice_bg.js";
import module from "./pkg/liars_dice_bg.wasm";

/** @type {import("../../js/index.js").Dormouse<import("./types/rooms.d.ts").Rooms>} */
export const { RoomObject, rooms } = dormouse(glue, module);

export default {
  /**
   * @param {Request} request
   * @param {object} env
   */
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const [, table] = /^\/tables\/([\w-]{1,64})$/.exec(pathname) ?? [];
    if (!table) return new Response("Not found\n", { status: 404 });
    const [name = "", key = ""] = ["name", "key"].map((field) => searchParams.get(field)?.trim());
    if (!/^.{1,20}$/u.test(name))
      return new Response("A name has 1 to 20 characters\n", { status: 400 });
    if (key.length < 20) return new Response("A key has 20 characters or more\n", { status: 400 });
    const data = searchParams.has("watch") ? "watch" : "play";
    const id = `${name}#${await fingerprint(key)}`;
    return rooms(env).room("liars-dice").upgrade(table, request, { id, data });
  },
};

/**
 * All may know an id. The key that it is made of only its own page has, so nobody else can be them.
 *
 * @param {string} key
 */
async function fingerprint(key) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  const bytes = new Uint8Array(hash, 0, 8);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
