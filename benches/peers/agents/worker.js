// The room on Cloudflare's Agents: its own state, its own SQL, its own schedule.

import { Agent, routeAgentRequest } from "agents";
import { check, INVALID } from "../shared/events.js";

export class Bench extends Agent {
  initialState = { count: 0, last: "" };

  /** The clients speak the room's protocol and no other. */
  shouldSendProtocolMessages() {
    return false;
  }

  onStart() {
    this
      .sql`CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, text TEXT)`;
    this.sql`CREATE TABLE IF NOT EXISTS planned (name TEXT PRIMARY KEY, id TEXT)`;
  }

  onConnect(connection, { request }) {
    connection.setState({ name: new URL(request.url).searchParams.get("name") });
  }

  async onMessage(connection, frame) {
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
      case "Add": {
        const count = this.state.count + 1;
        this.setState({ ...this.state, count, last: event.text });
        return answer({ _tag: "Added", count });
      }
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
        this.setState({ ...this.state, pad: "x".repeat(event.bytes) });
        return answer({ _tag: "Padded", bytes: event.bytes });
      case "Plan": {
        await this.unplan(event.name);
        const { id } = await this.schedule(new Date(event.at), "fire", { name: event.name });
        this.sql`INSERT INTO planned VALUES (${event.name}, ${id})`;
        return answer({ _tag: "Planned", name: event.name });
      }
      case "Cancel":
        await this.unplan(event.name);
        return answer({ _tag: "Cancelled", name: event.name });
    }
  }

  fire({ name }) {
    this.sql`DELETE FROM planned WHERE name = ${name}`;
    this.broadcast(JSON.stringify({ _tag: "Fired", name }));
  }

  /** A schedule has ids and no names: which id has which name is ours to keep. */
  async unplan(name) {
    const [planned] = this.sql`SELECT id FROM planned WHERE name = ${name}`;
    if (!planned) return;
    await this.cancelSchedule(planned.id);
    this.sql`DELETE FROM planned WHERE name = ${name}`;
  }

  post(text) {
    const [{ seq }] = this.sql`
      INSERT INTO posts (at, text) VALUES (${Date.now()}, ${text}) RETURNING seq`;
    return seq;
  }
}

export default {
  async fetch(request, env) {
    return (await routeAgentRequest(request, env)) ?? new Response("Not found", { status: 404 });
  },
};
