//! What the tests that drive a real server ask of the rooms in memory, as lines of JSON.
//!
//! - `traces LIVES STEPS`: lives of the bundled rooms that chance makes up, and what comes of them
//! - `replay`: what comes of a recording on the standard input

mod lives;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use dormouse::rooms::{Chat, Echo, HistoryRoom, Lobby, Reminders};
use dormouse::testing::{Recording, Simulation, Step, TestClient, TestRoom};
use dormouse::{Frame, Host as _, Output, Room};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |nth: usize| arguments[nth].parse().expect("a number");
    match arguments[0].as_str() {
        "traces" => {
            let (lives, steps) = (number(1), number(2));
            for seed in 0..lives {
                let steps = usize::try_from(steps).expect("a number of steps");
                trace(&lives::echo().steps(steps), seed);
                trace(&lives::lobby().steps(steps), seed);
                trace(&lives::chat().steps(steps), seed);
                trace(&lives::reminders().steps(steps), seed);
                trace(&lives::history().steps(steps), seed);
            }
        }
        "replay" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).expect("a recording");
            replay(&text);
        }
        other => panic!("no command {other:?}"),
    }
}

/// What a real server cannot be made to do at a moment of our choice is left out, and so is what takes
/// time there: nothing is due but what a wait has made so, and rate limits are not reached.
fn is_for_all(said: &mut BTreeMap<usize, u32>, step: &Step) -> bool {
    match step {
        Step::Text { text: json, .. } | Step::Send { json, .. } if is_due_soon(json) => false,
        // The driver there speaks plainly.
        Step::Connect { upgrade, .. } if upgrade.protocol.is_some() => false,
        Step::Text { client, .. } | Step::Binary { client, .. } => {
            let said = said.entry(*client).or_default();
            *said += 1;
            *said <= 8
        }
        Step::Connect { .. }
        | Step::Close { .. }
        | Step::Cut { .. }
        | Step::Send { .. }
        | Step::Broadcast { .. }
        | Step::Hibernate { .. } => true,
        _ => false,
    }
}

/// A minute is longer than a life takes there.
fn is_due_soon(text: &str) -> bool {
    let after = text.split_once("/remind ").map(|(_, after)| after.trim_start());
    let digits = after.map(|it| it.chars().take_while(char::is_ascii_digit).count());
    digits.is_some_and(|digits| digits < 3)
}

/// A life, with what each client has heard after each step.
fn trace<R: Room>(simulation: &Simulation<R>, seed: u64) {
    let room = TestRoom::<R>::new("main");
    let mut clients = Clients::default();
    let mut said = BTreeMap::new();
    let mut done = Vec::new();
    for step in simulation.trace(seed) {
        if is_for_all(&mut said, &step) {
            // The runtime's clock does not stand still.
            room.sleep(Duration::from_millis(1));
            clients.take(&room, &step);
            let heard: BTreeMap<_, _> =
                clients.heard.iter().map(|(client, heard)| (client, heard.len())).collect();
            done.push(json!({ "step": step, "heard": heard, "count": room.count() }));
        }
    }
    let state = room.with_host(|host| host.state());
    let line = json!({
        "room": R::NAME,
        "seed": seed,
        "steps": done,
        "heard": clients.heard,
        "refused": clients.refused,
        "state": state.map(|json| serde_json::from_str::<Value>(&json).expect("JSON")),
    });
    println!("{line}");
}

struct Clients<R: Room> {
    open: BTreeMap<usize, TestClient<R>>,
    heard: BTreeMap<usize, Vec<String>>,
    refused: BTreeMap<usize, String>,
}

impl<R: Room> Default for Clients<R> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), heard: BTreeMap::new(), refused: BTreeMap::new() }
    }
}

impl<R: Room> Clients<R> {
    fn take(&mut self, room: &TestRoom<R>, step: &Step) {
        match step {
            Step::Connect { client, upgrade, .. } => match room.try_connect(upgrade.clone()) {
                Ok(connected) => {
                    self.open.insert(*client, connected);
                    self.heard.insert(*client, Vec::new());
                }
                Err(error) => {
                    self.refused.insert(*client, error.code().to_owned());
                }
            },
            Step::Text { client, text } => self.with(*client, |it| it.send_text(text)),
            Step::Binary { client, bytes } => {
                self.with(*client, |it| it.send_frame(Frame::Binary(bytes.clone())));
            }
            Step::Close { client, code: Some(code), reason } => {
                self.with(*client, |it| it.close(*code, reason));
            }
            Step::Close { client, .. } => self.with(*client, TestClient::close_without_code),
            Step::Cut { client } => self.with(*client, TestClient::cut),
            // What is refused is refused there as well.
            Step::Send { json, .. } => drop(room.send_json(json)),
            Step::Broadcast { json, .. } => drop(room.broadcast(json, None)),
            Step::Hibernate { .. } => room.hibernate(),
            other => panic!("{other:?} is left out"),
        }
        for (client, connected) in &self.open {
            let heard = self.heard.entry(*client).or_default();
            heard.extend(connected.received().iter().map(|frame| frame.to_text().into_owned()));
        }
    }

    fn with(&self, client: usize, act: impl FnOnce(&TestClient<R>)) {
        if let Some(client) = self.open.get(&client) {
            act(client);
        }
    }
}

fn replay(text: &str) {
    let recording = Recording::parse(text).expect("a recording");
    let told = match recording.room().room() {
        "chat" => told::<Chat>(recording),
        "echo" => told::<Echo>(recording),
        "history" => told::<HistoryRoom>(recording),
        "lobby" => told::<Lobby>(recording),
        "reminders" => told::<Reminders>(recording),
        other => panic!("no room is called {other:?}"),
    };
    println!("{told}");
}

/// The state in the end, and all that was said to anyone, in order.
fn told<R: Room>(recording: Recording) -> Value {
    let steps = recording.replay::<R>();
    let frames = steps.iter().flat_map(|step| &step.commit.outputs).filter_map(|it| match it {
        Output::Send { frame, .. } | Output::Broadcast { frame, .. } => Some(frame.to_text()),
        _ => None,
    });
    let frames: Vec<_> = frames.collect();
    let state = steps.last().and_then(|step| step.state.as_deref());
    let state = state.map(|json| serde_json::from_str::<Value>(json).expect("JSON"));
    json!({ "steps": steps.len(), "frames": frames, "state": state })
}
