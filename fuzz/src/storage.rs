//! A room that wakes on whatever someone has stored.

use std::collections::BTreeSet;
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use dormouse::host::Answer;
use dormouse::testing::{Delivery, MemoryHost, Turn};
use dormouse::{
    Close, Commit, Delivered, Ends, Entry, Errand, Frame, Host as _, Input, Letter, ObjectAlarm,
    ObjectName, Output, ScheduledAlarm, SocketId, Timestamp, Upgrade, Write,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::kinds::{KINDS, Kind};
use crate::object::{HISTORY, Object, alarms, answer, rows, values};
use crate::words::{Speech, Words};

const STEPS: usize = 16;

/// When the room wakes.
const NOW: u64 = 1_700_000_000_000;

/// The largest whole number that JavaScript, through which rows come, holds without loss.
const LARGEST: u64 = 1 << 53;

/// No history comes near the last number that JavaScript counts to.
const MOST_ROWS: u64 = LARGEST / 2;

#[derive(Arbitrary, Debug)]
struct Saved {
    state: Option<Stored>,
    config: Option<Words>,
    alarm: Option<Time>,
    ends: Option<(Time, Time, Time)>,
    rows: Vec<(Time, Time, Stored)>,
    alarms: Vec<SavedAlarm>,
    values: Vec<(Key, Stored)>,
    sockets: Vec<(Stored, Vec<Words>)>,
}

#[derive(Arbitrary, Debug)]
struct SavedAlarm {
    name: Name,
    at: Time,
    due: Time,
    period: Option<Time>,
    failures: Number,
    error: Option<Words>,
    failed: bool,
    payload: Stored,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Time {
    Small(u8),
    Near(i8),
    Any(u64),
}

impl Time {
    fn get(self) -> u64 {
        match self {
            Self::Small(number) => number.into(),
            Self::Near(seconds) => NOW.saturating_add_signed(1_000 * i64::from(seconds)),
            Self::Any(number) => number % LARGEST,
        }
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millis(self.get())
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Small(u8),
    Any(u32),
}

#[derive(Arbitrary, Debug)]
enum Name {
    Sweep,
    Post,
    CleanUp,
    Reminder(u8),
    Other(Words),
}

impl Name {
    fn text(self) -> String {
        match self {
            Self::Sweep => "\u{1}sweep".into(),
            Self::Post => "\u{1}post".into(),
            Self::CleanUp => "clean-up".into(),
            Self::Reminder(number) => format!("reminder-{number:08}"),
            Self::Other(Words(name)) => name,
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Key {
    Letter {
        at: Time,
        seq: u8,
        size: u16,
    },
    /// As versions before wrote it: this one leaves it alone.
    OldLetter(u8),
    LastLetter,
    From,
    Page(Words),
    Other(Words),
}

impl Key {
    fn text(self) -> String {
        match self {
            Self::Letter { at, seq, size } => {
                format!("{LETTERS}{:020}/{seq:020}/{size}/ledger/b", at.get())
            }
            Self::OldLetter(seq) => format!("{LETTERS}{:020}", NOW << 10 | u64::from(seq)),
            Self::LastLetter => "\u{1}last-letter".into(),
            Self::From => format!("{FROM}ledger/eve"),
            Self::Page(Words(key)) => format!("page/{key}"),
            Self::Other(Words(key)) => key,
        }
    }
}

const LETTERS: &str = "\u{1}letter/";
const FROM: &str = "\u{1}from/";

/// Text that is stored somewhere: what a room or the engine stores, or nearly.
#[derive(Debug)]
struct Stored(String);

impl<'a> Arbitrary<'a> for Stored {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let Words(words) = u.arbitrary()?;
        let text = Value::String(words.clone());
        let small = u64::from(u.arbitrary::<u8>()?);
        let number = if u.ratio(1, 8)? { u64::MAX - small } else { small };
        let mut json = match u.int_in_range(0..=12)? {
            0 => words,
            1 => text.to_string(),
            2 => "null".into(),
            3 => number.to_string(),
            // A room's own counts are numbers that it can reach.
            4 => format!(r#"{{"createdAt":{number},"messageCount":{small}}}"#),
            5 => format!(r#"{{"made":{small},"pending":{small}}}"#),
            6 => format!(r#"{{"notes":[[{text},{number}]],"replies":[{text}]}}"#),
            7 => format!(r#"{{"from":{text},"message":{text}}}"#),
            8 => format!(r#"{{"floor":{small},"seen":[[{small},{number}]],"at":{NOW}}}"#),
            9 => {
                let errand = match u.int_in_range(0..=2)? {
                    0 => format!(r#"{{"call":{{"function":{text},"argument":"null"}}}}"#),
                    1 => r#"{"state":{"room":"ledger/b"}}"#.into(),
                    _ => format!(r#"{{"text":{{"room":"ledger/b","frame":{text}}}}}"#),
                };
                let about = u.choose(&["null", r#""asked""#])?;
                let tries = u.arbitrary::<u8>()?;
                let hops = if u.ratio(1, 8)? { u32::MAX } else { tries.into() };
                format!(
                    r#"{{"hops":{hops},"errand":{errand},"about":{about},"tries":{tries},"since":{number}}}"#
                )
            }
            kind => {
                let state = match kind {
                    10 => "null".into(),
                    11 => format!(r#"{{"userId":{text},"joinedAt":{number}}}"#),
                    _ => format!(r#"{{"name":{text},"since":{number}}}"#),
                };
                let (id, full) = (u.choose(&["ada", "bob", "", "\\n"])?, u.arbitrary::<u8>()?);
                let full = if full == 0 { number } else { full.into() };
                format!(r#"{{"id":"{id}","at":{small},"nth":1,"fullAt":{full},"state":{state}}}"#)
            }
        };
        if u.ratio(1, 8)? {
            let end = u.choose_index(json.len() + 1)?;
            json.truncate(json.floor_char_boundary(end));
        }
        Ok(Self(json))
    }
}

#[derive(Arbitrary, Debug)]
enum Step {
    Message { socket: u8, text: Speech },
    Look { socket: u8 },
    Tell { id: u8 },
    Join { socket: u8, name: Words },
    Remind { socket: u8 },
    Send { json: Speech },
    Receive { seq: u8, floor: u8, json: Speech },
    Delivered { seq: u8, ok: bool },
    Connect { id: Words },
    Close { socket: u8, code: u16 },
    Read,
    Wait { seconds: u8 },
    Ring,
    Sleep,
}

/// Anything stored, then a few inputs.
pub fn storage(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(kind) = u.choose(&KINDS) else { return };
    let Ok(saved) = u.arbitrary::<Saved>() else { return };
    let (host, sockets) = stored(saved);
    let mut room = Waking::new(*kind, host, sockets);
    for _ in 0..STEPS {
        let Ok(step) = u.arbitrary() else { break };
        room.take(step);
        if u.is_empty() {
            break;
        }
    }
    // What could not be read is found out by now, at the latest.
    room.take(Step::Read);
    room.object.judge_sleep();
}

/// A host that has all of this.
fn stored(saved: Saved) -> (MemoryHost, Vec<SocketId>) {
    let mut host = MemoryHost::new();
    if let Some(Words(config)) = saved.config {
        host = host.with_config(config);
    }
    let mut commit = Commit::default();
    commit.writes.extend(saved.state.map(|Stored(json)| Write::State(json)));
    // The platform has an alarm at a time that it takes, or none.
    let alarm = saved.alarm.map(|at| at.timestamp().min(Timestamp::MAX));
    commit.alarm = alarm.filter(|at| at.as_millis() > 0).map(ObjectAlarm::Set);
    let mut newest = 0;
    for (seq, at, Stored(row)) in saved.rows {
        let entry = Entry { seq: seq.get() % MOST_ROWS, at: at.timestamp(), row };
        newest = newest.max(entry.seq);
        commit.writes.push(Write::Append { history: HISTORY, entry });
    }
    // No row is beyond the end: the next one would be refused there, and with it the commit.
    let (last, at, trimmed) =
        saved.ends.unwrap_or((Time::Small(0), Time::Small(0), Time::Small(0)));
    let ends = Ends {
        last: (last.get() % MOST_ROWS).max(newest),
        last_at: at.timestamp(),
        trimmed: trimmed.get() % MOST_ROWS,
    };
    commit.writes.push(Write::Ends { history: HISTORY, ends });
    commit.writes.extend(saved.alarms.into_iter().map(|alarm| {
        Write::Alarm(ScheduledAlarm {
            name: alarm.name.text(),
            at: alarm.at.timestamp(),
            due: alarm.due.timestamp(),
            period: alarm.period.map(Time::get),
            failures: match alarm.failures {
                Number::Small(number) => number.into(),
                Number::Any(number) => number,
            },
            error: alarm.error.map(|Words(error)| error),
            failed: alarm.failed,
            payload: alarm.payload.0,
        })
    }));
    // A letter is stored once.
    let mut letters = BTreeSet::new();
    for (key, Stored(value)) in saved.values {
        if !matches!(key, Key::Letter { seq, .. } if !letters.insert(seq)) {
            commit.writes.push(Write::Value { key: key.text(), value });
        }
    }
    let mut sockets = Vec::new();
    host.perform(&commit).expect("what was stored");
    for (Stored(attachment), tags) in saved.sockets.into_iter().take(8) {
        let socket = host.new_socket();
        let tags = tags.into_iter().map(|Words(tag)| tag).take(4).collect();
        let outputs = vec![Output::Accept { socket, tags }, Output::Attach { socket, attachment }];
        // What the platform does not take was never kept.
        if host.perform(&Commit { outputs, ..Commit::default() }).is_ok() {
            sockets.push(socket);
        }
    }
    (host, sockets)
}

/// A room on it, and what of it the room cannot read.
struct Waking {
    object: Object,
    sockets: Vec<SocketId>,
    unreadable_state: Option<String>,
    unreadable_alarms: Vec<ScheduledAlarm>,
    unreadable_values: Vec<(String, String)>,
    rows: BTreeSet<String>,
    written: BTreeSet<SocketId>,
}

impl Waking {
    fn new(kind: Kind, host: MemoryHost, sockets: Vec<SocketId>) -> Self {
        let unreadable_state = host.state().filter(|json| !(kind.reads_state)(json));
        let object = Object::wake(host, &format!("{}/hall", kind.name));
        // The engine reads no payload of its own, and a room may cancel what it knows by name.
        let is_known = |name: &str| name.starts_with('\u{1}') || name == "clean-up";
        let mut unreadable_alarms = alarms(&object.host);
        unreadable_alarms.retain(|it| !is_known(&it.name) && !(kind.reads_alarm)(&it.payload));
        let mut unreadable_values = values(&object.host);
        unreadable_values.retain(|(key, json)| !reads_value(key, json));
        let rows = rows(&object.host).into_iter().collect();
        let written = BTreeSet::new();
        Self {
            object,
            sockets,
            unreadable_state,
            unreadable_alarms,
            unreadable_values,
            rows,
            written,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Message { socket, text: Speech(text) } => self.say(socket, text),
            Step::Look { socket } => self.say(socket, r#""Look""#.into()),
            Step::Tell { id } => {
                let json = format!(r#"{{"Tell":{{"to":"b","id":{id}}}}}"#);
                self.put(Input::Send { json });
            }
            Step::Join { socket, name: Words(name) } => {
                self.say(socket, json!({ "type": "join", "name": name }).to_string());
            }
            Step::Remind { socket } => self.say(socket, "/remind 1 tea".into()),
            Step::Send { json: Speech(json) } => self.put(Input::Send { json }),
            Step::Receive { seq, floor, json: Speech(json) } => {
                let errand = Errand::Message { room: "ledger/hall".into(), json };
                let letter = Letter { seq: seq.into(), floor: floor.into(), hops: 0, errand };
                let from = ObjectName::parse("ledger/eve").expect("a name");
                self.put(Input::Receive { from, letter });
            }
            Step::Delivered { seq, ok } => {
                let message = "no answer".to_owned();
                let delivered = if ok {
                    Delivered::Ok(true.into())
                } else {
                    Delivered::Error { message, is_final: true }
                };
                self.put(Input::Delivered { seq: seq.into(), delivered });
            }
            Step::Connect { id: Words(id) } => {
                let socket = self.object.host.new_socket();
                self.sockets.push(socket);
                let upgrade = Upgrade { id: Some(id), ..Upgrade::default() };
                self.put(Input::Connect { socket, upgrade });
            }
            Step::Close { socket, code } => {
                if let Some(socket) = self.pick(socket) {
                    let close = Close { code, reason: String::new(), was_clean: true };
                    self.put(Input::Close { socket, close });
                }
            }
            Step::Read => {
                self.put(Input::ReadState);
                self.put(Input::ReadCount);
                self.put(Input::ReadConnections { tag: None });
            }
            Step::Wait { seconds } => {
                self.object.host.advance(Duration::from_secs(seconds.into()));
            }
            Step::Ring => self.ring(),
            Step::Sleep => {
                let numbers = self.object.sleep();
                let renumber = |socket: &SocketId| numbers.get(socket).copied().unwrap_or(*socket);
                self.sockets = self.sockets.iter().map(renumber).collect();
                self.written = self.written.iter().map(renumber).collect();
                self.judge_kept();
            }
        }
    }

    fn pick(&self, socket: u8) -> Option<SocketId> {
        let index = usize::from(socket).checked_rem(self.sockets.len())?;
        Some(self.sockets[index])
    }

    fn say(&mut self, socket: u8, text: String) {
        if let Some(socket) = self.pick(socket) {
            self.put(Input::Message { socket, frame: Frame::Text(text) });
        }
    }

    fn put(&mut self, input: Input) {
        let is_read = matches!(input, Input::ReadState);
        let turn = self.object.put(input);
        if is_read {
            let is_readable = matches!(answer(&turn), Answer::Ok(_));
            assert_eq!(is_readable, self.unreadable_state.is_none(), "{:?}", answer(&turn));
        }
        self.judge(&turn);
    }

    fn ring(&mut self) {
        // Not so far ahead that no clock will ever show it.
        if self.object.host.alarm().is_some_and(|at| at <= Timestamp::MAX) {
            self.object.ring();
            self.judge_kept();
        }
    }

    fn judge(&mut self, turn: &Turn) {
        for output in &turn.commit.outputs {
            if let Output::Attach { socket, .. } = output {
                self.written.insert(*socket);
            }
        }
        // A room may schedule an alarm of the same name anew, and then it is the room's.
        for write in &turn.commit.writes {
            if let Write::Alarm(alarm) = write
                && alarm.error.is_none()
            {
                self.unreadable_alarms.retain(|before| before.name != alarm.name);
            }
        }
        for (socket, delivery) in &turn.heard {
            if matches!(delivery, Delivery::Close { code: 1011, reason } if reason.contains("read"))
            {
                assert!(!self.written.contains(socket), "what could not be read was not written");
            }
        }
        self.judge_kept();
    }

    /// What could not be read is as it was.
    fn judge_kept(&self) {
        let host = &self.object.host;
        if self.unreadable_state.is_some() {
            assert_eq!(host.state(), self.unreadable_state, "a state that cannot be read stays");
        }
        for before in &self.unreadable_alarms {
            let after = host.stored_alarm(&before.name);
            let Some(after) = after else {
                panic!("an alarm that cannot be read stays: {before:?}")
            };
            assert_eq!(after.payload, before.payload);
            assert!(after.failures >= before.failures && (after.failed || !before.failed));
        }
        for (key, value) in &self.unreadable_values {
            // A letter may be put off, and its key says until when.
            let after = values(host).into_iter().find(|(other, _)| {
                other == key || letter_of(key).is_some_and(|seq| letter_of(other) == Some(seq))
            });
            let after = after.map(|(_, value)| value);
            assert_eq!(after.as_ref(), Some(value), "a value that cannot be read stays");
        }
        let rows: BTreeSet<_> = rows(&self.object.host).into_iter().collect();
        let is_trimmed = host.history_ends(HISTORY).trimmed > 0;
        assert!(is_trimmed || rows.is_superset(&self.rows), "rows stay until they are trimmed");
    }
}

/// What the engine stores of a letter.
#[derive(Deserialize)]
#[allow(dead_code, reason = "whether it can be read is asked")]
struct Posted {
    hops: u32,
    errand: Errand,
    about: Option<String>,
    tries: u32,
    since: Timestamp,
}

/// What the engine stores of the letters that came.
#[derive(Deserialize)]
#[allow(dead_code, reason = "whether it can be read is asked")]
struct Received {
    floor: u64,
    seen: Vec<(u64, u64)>,
    at: Timestamp,
}

/// The number of a letter, by its key.
fn letter_of(key: &str) -> Option<&str> {
    key.strip_prefix(LETTERS)?.split('/').nth(1)
}

/// Whether the engine can read a value; a room puts its own without reading them.
fn reads_value(key: &str, json: &str) -> bool {
    if key.starts_with(LETTERS) {
        return letter_of(key).is_some() && serde_json::from_str::<Posted>(json).is_ok();
    }
    !key.starts_with(FROM) || serde_json::from_str::<Received>(json).is_ok()
}
