// A small order desk. It existed before: its routes, its sign-in, its nightly job. What is marked with
// "live" came with the room.

import { orders, RoomObject } from "./live.js"; // live

export { RoomObject }; // live

/** Who has which token. In a real Worker this would be a session or a signed cookie. */
const visitors = new Map([
  ["token-of-cook", { name: "Cook", staff: true }],
  ["token-of-guest", { name: "Guest", staff: false }],
]);

/** @typedef {{ ROOMS: DurableObjectNamespace }} Env */

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/") return new Response("Order desk\n");

    const [, id, action] = /^\/orders\/(\w+)\/(\w+)$/.exec(url.pathname) ?? [];
    if (!id) return new Response("Not found\n", { status: 404 });
    const visitor = visitors.get(url.searchParams.get("token") ?? "");
    if (!visitor) return new Response("Who are you?\n", { status: 401 });

    if (action === "live") return orders(env).upgrade(id, request, { data: visitor }); // live
    if (action === "status" && request.method === "POST") {
      if (!visitor.staff) return new Response("Only staff may move an order\n", { status: 403 });
      await orders(env).send(id, { type: "status", status: await request.text() }); // live
      return new Response("Noted\n");
    }
    return new Response("Not found\n", { status: 404 });
  },

  /**
   * The nightly job.
   *
   * @param {ScheduledController} _controller
   * @param {Env} env
   */
  async scheduled(_controller, env) {
    for (const id of openOrders) {
      await orders(env).send(id, { type: "note", text: "We close in ten minutes" }); // live
    }
  },
};

const openOrders = ["17"];
