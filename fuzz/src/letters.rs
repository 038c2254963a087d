//! Siblings whose letters are forged, doubled, lost and late.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Unstructured};
use dormouse::host::Answer;
use dormouse::testing::MemoryHost;
use dormouse::{Delivered, Errand, Host as _, Input, Letter, ObjectName, Upgrade};
use serde_json::Value;

use crate::kinds::KINDS;
use crate::ledger::{Message, State};
use crate::object::{self, Object, answer};
use crate::words::{Speech, Words};

const STEPS: usize = 32;

/// Notes that nobody forges have numbers from here on.
const HONEST: u64 = 0x05ee_d000_0000;

#[derive(Arbitrary, Debug)]
enum Step {
    /// One room tells the other.
    Tell {
        to_self: bool,
        from: bool,
    },
    Ask {
        from: bool,
    },
    Call {
        from: bool,
        function: Words,
    },
    /// A letter arrives, and its sender hears of it.
    Arrive {
        letter: u8,
    },
    /// A letter arrives, and its sender does not hear of it.
    ArriveUnheard {
        letter: u8,
    },
    Lose {
        letter: u8,
    },
    /// The sender hears something else of a letter.
    Outcome {
        letter: u8,
        outcome: Outcome,
    },
    /// Or of a letter that it may never have sent.
    Delivered {
        to: bool,
        seq: u64,
        outcome: Outcome,
    },
    Forge {
        to: u8,
        from: Sender,
        letter: Forged,
    },
    /// The same again.
    Repeat {
        forged: u8,
    },
    Ring {
        room: bool,
    },
    Sleep {
        room: u8,
    },
}

#[derive(Arbitrary, Debug)]
enum Outcome {
    Ok(Words),
    Error { message: Words, is_final: bool },
    Json(Words),
}

impl Outcome {
    fn delivered(self) -> Option<Delivered> {
        match self {
            Self::Ok(Words(value)) => Some(Delivered::Ok(Value::String(value))),
            Self::Error { message: Words(message), is_final } => {
                Some(Delivered::Error { message, is_final })
            }
            Self::Json(Words(json)) => serde_json::from_str(&json).ok(),
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Sender {
    Eve,
    Mallory,
    Other(Words),
}

impl Sender {
    /// None that is one of the two honest rooms.
    fn name(&self) -> ObjectName {
        let name = match self {
            Self::Eve => "ledger/eve",
            Self::Mallory => "chat/mallory",
            Self::Other(Words(name)) => name,
        };
        let fallback = || ObjectName::parse("ledger/eve").expect("a name");
        let is_honest = |name: &ObjectName| ["ledger/a", "ledger/b"].contains(&&*name.to_string());
        ObjectName::parse(name).ok().filter(|name| !is_honest(name)).unwrap_or_else(fallback)
    }
}

#[derive(Arbitrary, Debug)]
struct Forged {
    seq: Number,
    floor: Number,
    hops: Number,
    errand: Task,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Small(u8),
    Any(u64),
}

impl Number {
    fn get(self) -> u64 {
        match self {
            Self::Small(number) => number.into(),
            Self::Any(number) => number,
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Task {
    Message(Speech),
    Note(u8),
    Fail,
    Text(Words),
    Binary(Vec<u8>),
    State,
    Call(Words),
}

impl From<Forged> for Letter {
    fn from(forged: Forged) -> Self {
        let room = "ledger/a".to_owned();
        let message =
            |message: &Message| serde_json::to_string(message).expect("a message as JSON");
        let errand = match forged.errand {
            Task::Message(Speech(json)) => Errand::Message { room, json },
            Task::Note(id) => {
                Errand::Message { room, json: message(&Message::Note { id: id.into() }) }
            }
            Task::Fail => Errand::Message { room, json: message(&Message::Fail) },
            Task::Text(Words(frame)) => Errand::Text { room, frame },
            Task::Binary(frame) => Errand::Binary { room, frame },
            Task::State => Errand::State { room },
            Task::Call(Words(function)) => Errand::Call { function, argument: "null".into() },
        };
        let hops = u32::try_from(forged.hops.get()).unwrap_or(u32::MAX);
        Self { seq: forged.seq.get(), floor: forged.floor.get(), hops, errand }
    }
}

/// Letters between two rooms, and forged ones to them and to a room of each type.
pub fn letters(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut post = Post::new();
    for _ in 0..STEPS {
        let Ok(step) = u.arbitrary() else { break };
        post.take(step);
        if u.is_empty() {
            break;
        }
    }
    post.finish();
}

/// Which letters a room has handled, told a second time and plainly.
#[derive(Default)]
struct Handled {
    floors: BTreeMap<String, u64>,
    seqs: BTreeSet<(String, u64)>,
}

impl Handled {
    fn knows(&self, from: &str, seq: u64) -> bool {
        let is_below = self.floors.get(from).is_some_and(|floor| seq < *floor);
        is_below || self.seqs.contains(&(from.to_owned(), seq))
    }

    fn remember(&mut self, from: &str, letter: &Letter) {
        let floor = self.floors.entry(from.to_owned()).or_default();
        *floor = letter.floor.max(*floor);
        self.seqs.insert((from.to_owned(), letter.seq));
    }

    /// How many letters of a sender have to be remembered one by one.
    fn above_the_floor(&self, from: &str) -> u64 {
        let floor = self.floors.get(from).copied().unwrap_or_default();
        self.seqs.iter().filter(|(sender, seq)| sender == from && *seq >= floor).count() as u64
    }
}

/// A letter under way between the honest rooms.
struct Mail {
    from: usize,
    letter: Letter,
}

struct Post {
    /// Two that write to one another, then one of each type, those that are awake.
    rooms: BTreeMap<usize, (Object, Handled)>,
    under_way: Vec<Mail>,
    forged: Vec<(usize, ObjectName, Letter)>,
    told: u64,
    /// Notes that were told to a room and whose letter nothing befell that ends it.
    expected: BTreeMap<u64, usize>,
    rings: [u32; 2],
}

impl Post {
    fn new() -> Self {
        Self {
            rooms: BTreeMap::new(),
            under_way: Vec::new(),
            forged: Vec::new(),
            told: HONEST,
            expected: BTreeMap::new(),
            rings: [0; 2],
        }
    }

    fn room(&mut self, room: usize) -> &mut (Object, Handled) {
        self.rooms.entry(room).or_insert_with(|| {
            let name = match room {
                0 | 1 => name(room).to_string(),
                _ => format!("{}/hall", KINDS[room - 2].name),
            };
            let mut object = Object::wake(MemoryHost::new(), &name);
            let socket = object.host.new_socket();
            object.put(Input::Connect { socket, upgrade: Upgrade::default() });
            (object, Handled::default())
        })
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Tell { to_self, from } => {
                let from = usize::from(from);
                let to = if to_self { from } else { 1 - from };
                self.told += 1;
                self.expected.insert(self.told, to);
                self.send(from, &Message::Tell { to: id(to), id: self.told });
            }
            Step::Ask { from } => {
                let from = usize::from(from);
                self.send(from, &Message::Ask { to: id(1 - from) });
            }
            Step::Call { from, function: Words(function) } => {
                self.send(from.into(), &Message::Call { function });
            }
            Step::Arrive { letter } => {
                if let Some(index) = self.pick(letter) {
                    self.arrive(index);
                }
            }
            Step::ArriveUnheard { letter } => {
                if let Some(index) = self.pick(letter) {
                    let Mail { from, letter } = &self.under_way[index];
                    let (from, letter) = (*from, letter.clone());
                    self.receive(target(from, &letter), &name(from), &letter);
                }
            }
            Step::Lose { letter } => {
                if let Some(index) = self.pick(letter) {
                    // With what its sender knew of it in memory.
                    let Mail { from, letter } = self.under_way.remove(index);
                    self.room(from).0.host.landed(letter.seq);
                }
            }
            Step::Outcome { letter, outcome } => {
                if let (Some(index), Some(delivered)) = (self.pick(letter), outcome.delivered()) {
                    let Mail { from, letter } = self.under_way.remove(index);
                    self.forget(&letter);
                    self.hear(from, letter.seq, delivered);
                }
            }
            Step::Delivered { to, seq, outcome } => {
                let is_real = self.under_way.iter().any(|mail| mail.letter.seq == seq);
                if let (Some(delivered), false) = (outcome.delivered(), is_real) {
                    self.hear(to.into(), seq, delivered);
                }
            }
            Step::Forge { to, from, letter } => {
                let to = usize::from(to) % (2 + KINDS.len());
                self.forge(to, from.name(), letter.into());
            }
            Step::Repeat { forged } => {
                if let Some(index) = usize::from(forged).checked_rem(self.forged.len()) {
                    let (to, from, letter) = self.forged[index].clone();
                    self.receive(to, &from, &letter);
                }
            }
            Step::Ring { room } => self.ring(room.into()),
            Step::Sleep { room } => {
                let room = usize::from(room) % (2 + KINDS.len());
                self.room(room).0.sleep();
            }
        }
    }

    fn pick(&self, letter: u8) -> Option<usize> {
        usize::from(letter).checked_rem(self.under_way.len())
    }

    fn send(&mut self, room: usize, message: &Message) {
        let json = serde_json::to_string(message).expect("a message as JSON");
        self.room(room).0.put(Input::Send { json });
        self.collect(room);
    }

    fn ring(&mut self, room: usize) {
        self.rings[room] += 1;
        self.room(room).0.ring();
        self.collect(room);
    }

    fn hear(&mut self, room: usize, seq: u64, delivered: Delivered) {
        self.room(room).0.put(Input::Delivered { seq, delivered });
        self.collect(room);
    }

    fn collect(&mut self, room: usize) {
        let letters = self.room(room).0.host.take_letters();
        self.under_way.extend(letters.into_iter().map(|letter| Mail { from: room, letter }));
    }

    fn arrive(&mut self, index: usize) {
        let Mail { from, letter } = self.under_way.remove(index);
        let delivered = match &letter.errand {
            Errand::Call { .. } => Delivered::Ok(Value::Null),
            _ => match self.receive(target(from, &letter), &name(from), &letter) {
                Answer::Ok(value) => Delivered::Ok(value),
                Answer::Error(failure) => {
                    Delivered::Error { message: failure.message, is_final: false }
                }
            },
        };
        self.hear(from, letter.seq, delivered);
    }

    /// Something befell a letter, so that its note may come or not.
    fn forget(&mut self, letter: &Letter) {
        if let Errand::Message { json, .. } = &letter.errand
            && let Ok(Message::Note { id }) = serde_json::from_str(json)
        {
            self.expected.remove(&id);
        }
    }

    fn forge(&mut self, to: usize, from: ObjectName, letter: Letter) {
        self.receive(to, &from, &letter);
        let json = serde_json::to_string(&letter).expect("a letter as JSON");
        assert_eq!(serde_json::from_str::<Letter>(&json).ok().as_ref(), Some(&letter));
        self.forged.push((to, from, letter));
    }

    /// A letter is handled once, and only a letter that was handled is remembered.
    fn receive(&mut self, to: usize, from: &ObjectName, letter: &Letter) -> Answer {
        let (object, handled) = self.room(to);
        let sender = from.to_string();
        let input = Input::Receive { from: from.clone(), letter: letter.clone() };
        let turn = object.put(input);
        let answer = answer(&turn).clone();
        let is_still = turn.commit.writes.is_empty() && turn.commit.outputs.is_empty();
        let is_task = !matches!(letter.errand, Errand::State { .. } | Errand::Call { .. });
        // What only reads may be asked again.
        let is_read = matches!(letter.errand, Errand::State { .. });
        if !is_read && handled.knows(&sender, letter.seq) {
            assert_eq!(answer, Answer::Ok(Value::Null));
            assert!(is_still, "a letter is handled once");
        } else if matches!(answer, Answer::Ok(_)) && is_task {
            assert!(!is_still, "a letter is handled");
            handled.remember(&sender, letter);
        } else {
            assert!(is_still, "what is not handled has changed nothing");
        }
        if to < 2 {
            self.collect(to);
        }
        let (object, handled) = self.room(to);
        let stored = object.host.value(&format!("\u{1}from/{sender}")).unwrap_or_default();
        let received: Value = serde_json::from_str(&stored).unwrap_or_default();
        // Runs of numbers, as first and last; one may reach below the floor.
        let runs: Vec<(u64, u64)> =
            serde_json::from_value(received["seen"].clone()).unwrap_or_default();
        let floor = received["floor"].as_u64().unwrap_or_default();
        let above = runs.iter().filter(|(_, last)| *last >= floor);
        let seen: u64 = above.map(|(first, last)| last - first.max(&floor) + 1).sum();
        assert_eq!(seen, handled.above_the_floor(&sender), "no more is kept than has to be");
        assert!(
            runs.windows(2).all(|it| it[0].1 + 1 < it[1].0),
            "runs that touch are one: {runs:?}"
        );
        answer
    }

    /// What was told arrives in the end, once, and nothing stays behind.
    fn finish(&mut self) {
        let is_patient = self.rings.iter().all(|rings| *rings < 4);
        for _ in 0..64 {
            while !self.under_way.is_empty() {
                self.arrive(0);
            }
            for room in 0..2 {
                if object::letters(&self.room(room).0.host) > 0 {
                    self.ring(room);
                }
            }
        }
        let mut noted = BTreeMap::<u64, Vec<usize>>::new();
        for room in 0..2 {
            let (object, _) = self.room(room);
            assert_eq!(object::letters(&object.host), 0, "every letter comes to an end");
            assert_eq!(object.host.alarm(), None, "nothing is left to do");
            let json = object.host.state().unwrap_or_else(|| r#"{"notes":[],"replies":[]}"#.into());
            let state: State = serde_json::from_str(&json).expect("a state");
            for (_, id) in state.notes {
                if id > HONEST {
                    noted.entry(id).or_default().push(room);
                }
            }
        }
        assert!(noted.values().all(|rooms| rooms.len() == 1), "a note is taken once: {noted:?}");
        if is_patient {
            for (id, room) in &self.expected {
                assert_eq!(noted.get(id), Some(&vec![*room]), "a note that was told is taken");
            }
        }
        for (object, _) in self.rooms.values_mut() {
            object.judge_sleep();
        }
    }
}

fn id(room: usize) -> String {
    ["a", "b"][room].to_owned()
}

fn name(room: usize) -> ObjectName {
    ObjectName::new("ledger", &id(room)).expect("a name")
}

/// To which room a letter goes.
fn target(from: usize, letter: &Letter) -> usize {
    match letter.errand.to() {
        "ledger/a" => 0,
        "ledger/b" => 1,
        _ => from,
    }
}
