//! A room on its host in memory, for the lives of pages in Node: tests/browser/lives.

use std::collections::BTreeMap;
use std::time::Duration;

use dormouse::testing::{MemoryHost, TestClient, TestRoom};
use dormouse::{Context, Effects, Error, Frame, Keep, Never, Result, Resume, Room, Text, Upgrade};
use wasm_bindgen::prelude::wasm_bindgen;

/// Says to everyone what it has handled, in order.
struct Ledger;

impl Room for Ledger {
    const NAME: &'static str = "ledger";
    // Short, so that a life of minutes sees all of it.
    const RESUME: Option<Resume> = Some(
        Resume::keeping(Keep::newest(30))
            .grace(Duration::from_secs(15))
            .remember(Duration::from_secs(60)),
    );
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, Text(words): Text) -> Result<Effects<Self>> {
        match words.split(' ').next() {
            Some("no") => Err(Error::refuse("not_that", "as it asked")),
            Some("purge") => Ok(Effects::new().purge().broadcast(Text(words))),
            _ => Ok(Effects::new().broadcast(Text(words))),
        }
    }
}

/// A server with one room.
#[wasm_bindgen]
pub struct Server {
    room: TestRoom<Ledger>,
    lines: BTreeMap<u32, TestClient<Ledger>>,
    next: u32,
    /// It has no log and misses nothing: it is told at once, and reads what it is told at once.
    witness: TestClient<Ledger>,
    log: Vec<String>,
}

#[wasm_bindgen]
impl Server {
    #[wasm_bindgen(constructor)]
    pub fn new(seed: u32) -> Self {
        let room = TestRoom::on(MemoryHost::new().with_seed(u64::from(seed)), "life");
        let witness = room.connect("witness");
        Self { room, lines: BTreeMap::new(), next: 1, witness, log: Vec::new() }
    }

    /// A client's line, or the status and the words of a refusal.
    pub fn connect(&mut self, id: &str, protocol: &str) -> std::result::Result<u32, String> {
        let (id, protocol) = (Some(id.to_owned()), Some(protocol.to_owned()));
        let upgrade = Upgrade { id, protocol, ..Upgrade::default() };
        let client = self.room.try_connect(upgrade);
        let client = client.map_err(|error| {
            format!("{} {}: {}", error.status(), error.code(), error.public_message())
        })?;
        self.lines.insert(self.next, client);
        self.next += 1;
        Ok(self.next - 1)
    }

    pub fn text(&mut self, line: u32, text: &str) {
        if let Some(client) = self.lines.get(&line) {
            client.send_text(text);
        }
        self.listen();
    }

    pub fn bytes(&mut self, line: u32, bytes: &[u8]) {
        if let Some(client) = self.lines.get(&line) {
            client.send_frame(Frame::Binary(bytes.to_vec()));
        }
        self.listen();
    }

    /// What has come for a line: its frames, and a close as its code and its reason, as JSON.
    pub fn take(&mut self, line: u32) -> String {
        let Some(client) = self.lines.get(&line) else { return "[]".to_owned() };
        let mut came: Vec<serde_json::Value> =
            client.received().iter().map(|frame| frame.to_text().into_owned().into()).collect();
        if let Some(close) = client.closed() {
            came.push(serde_json::json!({ "code": close.code, "reason": close.reason }));
            self.lines.remove(&line);
        }
        serde_json::Value::from(came).to_string()
    }

    pub fn close(&mut self, line: u32, code: u16, reason: &str) {
        if let Some(client) = self.lines.remove(&line) {
            client.close(code, reason);
        }
    }

    pub fn cut(&mut self, line: u32) {
        if let Some(client) = self.lines.remove(&line) {
            client.cut();
        }
    }

    pub fn advance(&mut self, millis: u32) {
        self.room.advance(Duration::from_millis(u64::from(millis)));
        self.listen();
    }

    pub fn hibernate(&mut self) {
        self.room.hibernate();
    }

    /// Every line is lost, and none is told of.
    pub fn crash(&mut self) {
        self.listen();
        self.room.crash();
        self.lines.clear();
        self.witness = self.room.connect("witness");
    }

    /// What it has handled and said to everyone, in order, as JSON.
    pub fn log(&self) -> String {
        serde_json::Value::from(self.log.clone()).to_string()
    }

    fn listen(&mut self) {
        let came = self.witness.received();
        self.log.extend(came.iter().map(|frame| frame.to_text().into_owned()));
    }
}
