//! The room on workers-rs, hibernating. The state is kept decoded, the connection's in its attachment.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};
use worker::{
    DurableObject, Env, Request, Response, Result, SqlStorageValue, State, WebSocket,
    WebSocketIncomingMessage, WebSocketPair, durable_object, event, wasm_bindgen,
};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Saved {
    count: u64,
    last: String,
    #[serde(default)]
    pad: String,
}

#[derive(Serialize, Deserialize)]
struct Session {
    name: String,
}

#[derive(Deserialize)]
#[serde(tag = "_tag")]
enum Message {
    Echo { text: String },
    Say { text: String },
    Add { text: String },
    Post { text: String },
    Fill { rows: u64 },
    Last {},
    Pad { bytes: usize },
    Plan { name: String, at: i64 },
    Cancel { name: String },
}

#[derive(Serialize)]
#[serde(tag = "_tag")]
enum Message<'a> {
    Echo { text: &'a str },
    Said { from: &'a str, text: &'a str },
    Added { count: u64 },
    Posted { seq: i64 },
    Rows { rows: Vec<String> },
    Padded { bytes: usize },
    Planned { name: &'a str },
    Cancelled { name: &'a str },
    Fired { name: &'a str },
    Error { code: &'a str, message: &'a str },
}

#[derive(Deserialize)]
struct Seq {
    seq: i64,
}

#[derive(Deserialize)]
struct Row {
    text: String,
}

#[derive(Deserialize)]
struct Earliest {
    at: Option<i64>,
}

#[derive(Deserialize)]
struct Due {
    name: String,
}

#[durable_object]
pub struct Bench {
    state: State,
    saved: RefCell<Option<Saved>>,
}

impl DurableObject for Bench {
    fn new(state: State, _: Env) -> Self {
        let sql = state.storage().sql();
        for statement in [
            "CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, text TEXT)",
            "CREATE TABLE IF NOT EXISTS events (name TEXT PRIMARY KEY, at INTEGER)",
            "CREATE INDEX IF NOT EXISTS events_at ON events (at)",
        ] {
            sql.exec(statement, None).expect("the tables are made");
        }
        Self { state, saved: RefCell::new(None) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let url = request.url()?;
        let name = url.query_pairs().find(|(key, _)| key == "name");
        let name = name.map(|(_, name)| name.into_owned()).unwrap_or_default();
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_web_socket(&server);
        server.serialize_attachment(Session { name })?;
        Response::from_websocket(client)
    }

    async fn websocket_message(
        &self,
        socket: WebSocket,
        frame: WebSocketIncomingMessage,
    ) -> Result<()> {
        let event = match &frame {
            WebSocketIncomingMessage::String(text) => serde_json::from_str(text).ok(),
            WebSocketIncomingMessage::Binary(bytes) => serde_json::from_slice(bytes).ok(),
        };
        let Some(event) = event.filter(is_valid) else {
            let message = "This is no event of this room";
            return socket.send(&Message::Error { code: "invalid_event", message });
        };
        match event {
            Message::Echo { text } => answer(&socket, &Message::Echo { text: &text }),
            Message::Say { text } => {
                let session = socket.deserialize_attachment::<Session>()?;
                let from = session.map(|session| session.name).unwrap_or_default();
                self.broadcast(&Message::Said { from: &from, text: &text })
            }
            Message::Add { text } => {
                let mut saved = self.saved().await?;
                saved.count += 1;
                saved.last = text;
                let count = saved.count;
                self.save(saved).await?;
                answer(&socket, &Message::Added { count })
            }
            Message::Post { text } => answer(&socket, &Message::Posted { seq: self.post(&text)? }),
            Message::Fill { rows } => {
                let mut seq = 0;
                for _ in 0..rows {
                    seq = self.post("a row as long as people's lines are")?;
                }
                answer(&socket, &Message::Posted { seq })
            }
            Message::Last {} => {
                let sql = self.state.storage().sql();
                let last = sql.exec("SELECT text FROM posts ORDER BY seq DESC LIMIT 100", None)?;
                let mut rows: Vec<String> =
                    last.to_array::<Row>()?.into_iter().map(|row| row.text).collect();
                rows.reverse();
                answer(&socket, &Message::Rows { rows })
            }
            Message::Pad { bytes } => {
                let mut saved = self.saved().await?;
                saved.pad = "x".repeat(bytes);
                self.save(saved).await?;
                answer(&socket, &Message::Padded { bytes })
            }
            Message::Plan { name, at } => {
                self.state.storage().sql().exec(
                    "INSERT INTO events VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                    vec![name.as_str().into(), SqlStorageValue::try_from_i64(at)?],
                )?;
                self.set_alarm().await?;
                answer(&socket, &Message::Planned { name: &name })
            }
            Message::Cancel { name } => {
                self.unplan(&name)?;
                self.set_alarm().await?;
                answer(&socket, &Message::Cancelled { name: &name })
            }
        }
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        code: usize,
        reason: String,
        _: bool,
    ) -> Result<()> {
        let code = if code == 1005 || code == 1006 { 1000 } else { code };
        socket.close(u16::try_from(code).ok(), Some(reason))
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> Result<()> {
        Ok(())
    }

    async fn alarm(&self) -> Result<Response> {
        let now = SqlStorageValue::try_from_i64(worker::Date::now().as_millis().cast_signed())?;
        let due = self
            .state
            .storage()
            .sql()
            .exec("SELECT name FROM events WHERE at <= ? ORDER BY at, name", vec![now])?;
        for Due { name } in due.to_array()? {
            self.broadcast(&Message::Fired { name: &name })?;
            self.unplan(&name)?;
        }
        self.set_alarm().await?;
        Response::ok("")
    }
}

impl Bench {
    async fn saved(&self) -> Result<Saved> {
        if let Some(saved) = self.saved.borrow().clone() {
            return Ok(saved);
        }
        Ok(self.state.storage().get("state").await?.unwrap_or_default())
    }

    async fn save(&self, saved: Saved) -> Result<()> {
        // Kept first: another message may come while the write is on its way.
        *self.saved.borrow_mut() = Some(saved.clone());
        self.state.storage().put("state", saved).await
    }

    fn post(&self, text: &str) -> Result<i64> {
        let at = SqlStorageValue::try_from_i64(worker::Date::now().as_millis().cast_signed())?;
        let posted = self.state.storage().sql().exec(
            "INSERT INTO posts (at, text) VALUES (?, ?) RETURNING seq",
            vec![at, text.into()],
        )?;
        Ok(posted.one::<Seq>()?.seq)
    }

    fn unplan(&self, name: &str) -> Result<()> {
        let sql = self.state.storage().sql();
        sql.exec("DELETE FROM events WHERE name = ?", vec![name.into()])?;
        Ok(())
    }

    async fn set_alarm(&self) -> Result<()> {
        let storage = self.state.storage();
        let earliest = storage.sql().exec("SELECT min(at) AS at FROM events", None)?;
        match earliest.one::<Earliest>()?.at {
            Some(at) => {
                let date = worker::js_sys::Date::new(&(at as f64).into());
                storage.set_alarm(worker::ScheduledTime::new(date)).await
            }
            None => storage.delete_alarm().await,
        }
    }

    fn broadcast(&self, message: &Message) -> Result<()> {
        let frame = serde_json::to_string(message)?;
        for socket in self.state.get_websockets() {
            // One that is closing says so by an event of its own.
            let _ = socket.send_with_str(&frame);
        }
        Ok(())
    }
}

fn answer(socket: &WebSocket, message: &Message) -> Result<()> {
    socket.send(message)
}

fn is_valid(event: &Message) -> bool {
    match event {
        Message::Echo { text } | Message::Say { text } | Message::Add { text } | Message::Post { text } => {
            !text.is_empty() && text.chars().count() <= 2_000
        }
        Message::Plan { name, .. } | Message::Cancel { name } => !name.is_empty(),
        Message::Fill { .. } | Message::Last {} | Message::Pad { .. } => true,
    }
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: worker::Context) -> Result<Response> {
    let room = request.path();
    let room = room.trim_start_matches('/');
    env.durable_object("BENCH")?.get_by_name(room)?.fetch_with_request(request).await
}
