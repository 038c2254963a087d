// The room on PartyServer, hibernating.

import { routePartykitRequest, Server } from "partyserver";
import { check, INVALID } from "../shared/events.js";

export class Bench extends Server {
  static options = { hibernate: true };

  onStart() {
    this
      .sql`CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, text TEXT)`;
    this.sql`CREATE TABLE IF NOT EXISTS events (name TEXT PRIMARY KEY, at INTEGER)`;
    this.sql`CREATE INDEX IF NOT EXISTS events_at ON events (at)`;
    this.state = this.ctx.storage.kv.get("state") ?? { count: 0, last: "" };
  }

  onConnect(connection, { request }) {
    connection.setState({ name: new URL(request.url).searchParams.get("name") });
  }

  onMessage(connection, frame) {
    const event = check(frame);
    const answer = (message) => connection.send(JSON.stringify(message));
    switch (event._tag) {
      case "Invalid":
        return connection.send(INVALID);
      case "Echo":
        return answer({ _tag: "Echo", text: event.text });
      case "Say": {
        const from = connection.state.name;
        return this.broadcast(JSON.stringify({ _tag: "Said", from, text: event.text }));
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
        const rows = this.sql`SELECT text FROM posts ORDER BY seq DESC LIMIT 100`;
        return answer({ _tag: "Rows", rows: rows.map(({ text }) => text).reverse() });
      }
      case "Pad":
        this.state = { ...this.state, pad: "x".repeat(event.bytes) };
        this.ctx.storage.kv.put("state", this.state);
        return answer({ _tag: "Padded", bytes: event.bytes });
      case "Plan":
        this
          .sql`INSERT INTO events VALUES (${event.name}, ${event.at}) ON CONFLICT (name) DO UPDATE SET at = excluded.at`;
        this.setAlarm();
        return answer({ _tag: "Planned", name: event.name });
      case "Cancel":
        this.sql`DELETE FROM events WHERE name = ${event.name}`;
        this.setAlarm();
        return answer({ _tag: "Cancelled", name: event.name });
    }
  }

  onAlarm() {
    const due = this.sql`SELECT name FROM events WHERE at <= ${Date.now()} ORDER BY at, name`;
    for (const { name } of due) {
      this.broadcast(JSON.stringify({ _tag: "Fired", name }));
      this.sql`DELETE FROM events WHERE name = ${name}`;
    }
    this.setAlarm();
  }

  setAlarm() {
    const [{ at }] = this.sql`SELECT min(at) AS at FROM events`;
    if (at === null) this.ctx.storage.deleteAlarm();
    else this.ctx.storage.setAlarm(at);
  }

  post(text) {
    const [{ seq }] = this.sql`
      INSERT INTO posts (at, text) VALUES (${Date.now()}, ${text}) RETURNING seq`;
    return seq;
  }
}

export default {
  async fetch(request, env) {
    return (await routePartykitRequest(request, env)) ?? new Response("Not found", { status: 404 });
  },
};
