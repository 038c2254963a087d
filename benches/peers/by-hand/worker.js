// The room by hand, on the bare hibernation API: sessions in a map that the constructor rebuilds, as
// Cloudflare's own example of WebSocket hibernation does it.
// https://developers.cloudflare.com/durable-objects/examples/websocket-hibernation-server/

import { DurableObject } from "cloudflare:workers";
import { check, INVALID } from "../shared/events.js";

export class Bench extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sessions = new Map();
    for (const socket of ctx.getWebSockets()) {
      const session = socket.deserializeAttachment();
      if (session) this.sessions.set(socket, session);
    }
    this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, text TEXT);
      CREATE TABLE IF NOT EXISTS events (name TEXT PRIMARY KEY, at INTEGER);
      CREATE INDEX IF NOT EXISTS events_at ON events (at);
    `);
    this.state = ctx.storage.kv.get("state") ?? { count: 0, last: "" };
  }

  async fetch(request) {
    const name = new URL(request.url).searchParams.get("name");
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const session = { name };
    server.serializeAttachment(session);
    this.sessions.set(server, session);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, frame) {
    const event = check(frame);
    const answer = (message) => socket.send(JSON.stringify(message));
    switch (event._tag) {
      case "Invalid":
        return socket.send(INVALID);
      case "Echo":
        return answer({ _tag: "Echo", text: event.text });
      case "Say": {
        const from = this.sessions.get(socket).name;
        return this.broadcast({ _tag: "Said", from, text: event.text });
      }
      case "Add":
        this.state = { ...this.state, count: this.state.count + 1, last: event.text };
        this.ctx.storage.kv.put("state", this.state);
        return answer({ _tag: "Added", count: this.state.count });
      case "Post":
        return answer({ _tag: "Posted", seq: this.post(event.text) });
      case "Fill": {
        let seq = 0;
        for (let i = 0; i < event.rows; i++) seq = this.post("a row as long as people's lines are");
        return answer({ _tag: "Posted", seq });
      }
      case "Last": {
        const last = this.ctx.storage.sql.exec(
          "SELECT text FROM posts ORDER BY seq DESC LIMIT 100",
        );
        const rows = last.toArray().map(({ text }) => text);
        return answer({ _tag: "Rows", rows: rows.reverse() });
      }
      case "Pad":
        this.state = { ...this.state, pad: "x".repeat(event.bytes) };
        this.ctx.storage.kv.put("state", this.state);
        return answer({ _tag: "Padded", bytes: event.bytes });
      case "Plan":
        this.ctx.storage.sql.exec(
          "INSERT INTO events VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
          event.name,
          event.at,
        );
        this.setAlarm();
        return answer({ _tag: "Planned", name: event.name });
      case "Cancel":
        this.ctx.storage.sql.exec("DELETE FROM events WHERE name = ?", event.name);
        this.setAlarm();
        return answer({ _tag: "Cancelled", name: event.name });
    }
  }

  webSocketClose(socket, code, reason) {
    this.sessions.delete(socket);
    // 1005 and 1006 say that there was no code; they cannot be sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code, reason);
  }

  webSocketError(socket) {
    this.sessions.delete(socket);
  }

  /** alchemy's scheme: a row for each event, the one alarm at the earliest. */
  alarm() {
    const { sql } = this.ctx.storage;
    const now = Date.now();
    const due = sql.exec("SELECT name FROM events WHERE at <= ? ORDER BY at, name", now).toArray();
    for (const { name } of due) {
      this.broadcast({ _tag: "Fired", name });
      sql.exec("DELETE FROM events WHERE name = ?", name);
    }
    this.setAlarm();
  }

  setAlarm() {
    const { at } = this.ctx.storage.sql.exec("SELECT min(at) AS at FROM events").one();
    if (at === null) this.ctx.storage.deleteAlarm();
    else this.ctx.storage.setAlarm(at);
  }

  post(text) {
    const { sql } = this.ctx.storage;
    const sent = sql.exec(
      "INSERT INTO posts (at, text) VALUES (?, ?) RETURNING seq",
      Date.now(),
      text,
    );
    return sent.one().seq;
  }

  broadcast(message) {
    const frame = JSON.stringify(message);
    for (const socket of this.sessions.keys()) {
      try {
        socket.send(frame);
      } catch {
        // It is closing; its own event says so.
      }
    }
  }
}

export default {
  fetch(request, env) {
    const room = new URL(request.url).pathname.slice(1);
    return env.BENCH.getByName(room).fetch(request);
  },
};
