//! A client of the protocol `dormouse.1`, as short as can be, for a room in memory.

#![allow(dead_code, reason = "each test needs a part of it")]

use std::collections::VecDeque;

use dormouse::testing::{TestClient, TestRoom};
use dormouse::{Frame, Room, Upgrade};
use serde_json::Value;

pub(crate) struct Client<R: Room> {
    room: TestRoom<R>,
    id: Option<String>,
    socket: Option<TestClient<R>>,
    session: Option<(String, String)>,
    offset: u64,
    next: u64,
    unsettled: VecDeque<(u64, String)>,
    /// What it has heard, in order.
    pub(crate) heard: Vec<String>,
    /// The numbers that were settled, and why if they were refused.
    pub(crate) settled: Vec<(u64, Option<String>)>,
    /// Who has come and gone.
    pub(crate) presence: Vec<String>,
    /// Every hello.
    pub(crate) hellos: Vec<Value>,
}

impl<R: Room> Client<R> {
    pub(crate) fn new(room: &TestRoom<R>, id: &str) -> Self {
        Self {
            room: room.clone(),
            id: Some(id.to_owned()),
            socket: None,
            session: None,
            offset: 0,
            next: 1,
            unsettled: VecDeque::new(),
            heard: Vec::new(),
            settled: Vec::new(),
            presence: Vec::new(),
            hellos: Vec::new(),
        }
    }

    pub(crate) fn join(room: &TestRoom<R>, id: &str) -> Self {
        let mut client = Self::new(room, id);
        client.connect();
        client
    }

    /// One to whom the Worker gives no id.
    pub(crate) fn without_id(room: &TestRoom<R>) -> Self {
        let mut client = Self { id: None, ..Self::new(room, "") };
        client.connect();
        client
    }

    /// The socket, if it has one.
    pub(crate) fn socket(&self) -> Option<&TestClient<R>> {
        self.socket.as_ref()
    }

    pub(crate) fn connect(&mut self) {
        let claim = self
            .session
            .as_ref()
            .map(|(session, epoch)| format!(", dormouse.resume.{session}.{epoch}.{}", self.offset));
        let upgrade = Upgrade {
            id: self.id.clone(),
            protocol: Some(format!("dormouse.1{}", claim.unwrap_or_default())),
            ..Upgrade::default()
        };
        self.socket = Some(self.room.try_connect(upgrade).expect("a connection"));
        self.read();
        // What was not settled is sent again.
        for (number, text) in &self.unsettled {
            self.socket.as_ref().unwrap().send_text(format!("s{number}:{text}"));
        }
        self.read();
    }

    /// The same client of another version of the room, its line lost.
    pub(crate) fn of<Other: Room>(self, room: &TestRoom<Other>) -> Client<Other> {
        let Self { id, session, offset, next, unsettled, heard, .. } = self;
        Client { id, session, offset, next, unsettled, heard, ..Client::new(room, "") }
    }

    /// Sends a text, now or when it is back.
    pub(crate) fn send(&mut self, text: &str) {
        self.unsettled.push_back((self.next, text.to_owned()));
        if let Some(socket) = &self.socket {
            socket.send_text(format!("s{}:{text}", self.next));
        }
        self.next += 1;
    }

    /// Its line is lost, and with it what it has not read.
    pub(crate) fn drop_line(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.cut();
        }
    }

    /// The machine has lost its line, and nobody told the room.
    pub(crate) fn forget_line(&mut self) {
        self.socket = None;
    }

    pub(crate) fn leave(&mut self) {
        self.read();
        if let Some(socket) = self.socket.take() {
            socket.close(1000, "bye");
        }
    }

    /// Reads all that has come.
    pub(crate) fn read(&mut self) {
        let frames = self.socket.as_ref().map(TestClient::received).unwrap_or_default();
        for frame in frames {
            let Frame::Text(text) = frame else { panic!("a text") };
            let (kind, rest) = text.split_at(1);
            match kind {
                "h" => self.hello(serde_json::from_str(rest).unwrap()),
                "m" => {
                    let (number, text) = rest.split_once(':').unwrap();
                    let number = number.parse().unwrap();
                    assert!(number > self.offset, "{number} came after {}", self.offset);
                    self.offset = number;
                    self.heard.push(text.to_owned());
                }
                "k" => self.settle(rest.parse().unwrap()),
                "e" => {
                    let (number, error) = rest.split_once(':').unwrap();
                    let error: Value = serde_json::from_str(error).unwrap();
                    self.refuse(number.parse().unwrap(), error["code"].as_str().unwrap());
                }
                "+" | "-" | "~" => self.presence.push(text),
                other => panic!("a frame {other}"),
            }
        }
    }

    fn hello(&mut self, hello: Value) {
        let text = |name: &str| hello[name].as_str().unwrap().to_owned();
        let offset = hello["offset"].as_u64().unwrap();
        if hello["resumed"] == true {
            assert_eq!(offset, self.offset);
        }
        self.session = Some((text("session"), text("epoch")));
        self.offset = offset;
        self.hellos.push(hello);
    }

    fn refuse(&mut self, number: u64, code: &str) {
        if let Some(at) = self.unsettled.iter().position(|(other, _)| *other == number) {
            self.unsettled.remove(at);
            self.settled.push((number, Some(code.to_owned())));
        }
    }

    fn settle(&mut self, through: u64) {
        while self.unsettled.front().is_some_and(|(number, _)| *number <= through) {
            let (number, _) = self.unsettled.pop_front().unwrap();
            self.settled.push((number, None));
        }
    }
}
