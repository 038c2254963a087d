// How a client learns that it may not connect.

import { errorResponse } from "../base/errors.js";

/** The protocol of Dormouse's own client. */
export const PROTOCOL = "dormouse.1";

/** Codes of closes that an application may give begin here (RFC 6455, 7.4.2); a status is added. */
const CODES = 4000;

/** Bytes that the reason of a close may have (RFC 6455, 5.5). */
const REASON = 123;

/** @param {Request} request */
export const isUpgrade = (request) =>
  request.method === "GET" && request.headers.get("Upgrade")?.toLowerCase() === "websocket";

/**
 * The subprotocols that a client offers, as it would like them best.
 *
 * @param {Request} request
 */
export function offered(request) {
  const header = request.headers.get("Sec-WebSocket-Protocol") ?? "";
  return header
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * Answers an upgrade that is refused. A browser tells a page nothing of an HTTP status that it got
 * instead of a socket; so a client that offers `dormouse.1` gets one, which closes at once, with a code
 * of 4000 and the status, as 4409, and a reason. Others get the status.
 *
 * @param {Request} request
 * @param {{ status: number, code: string, message: string }} why
 * @returns {Response}
 */
export function refuse(request, why) {
  if (!isUpgrade(request) || !offered(request).includes(PROTOCOL)) return errorResponse(why);
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(CODES + why.status, cut(`${why.code}: ${why.message}`));
  const headers = { "Sec-WebSocket-Protocol": PROTOCOL };
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** @param {string} reason as much of it as fits, in whole characters */
export function cut(reason) {
  const bytes = new Uint8Array(REASON);
  const { read } = new TextEncoder().encodeInto(reason, bytes);
  return reason.slice(0, read);
}
