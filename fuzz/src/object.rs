//! A room on a host in memory, and what must hold of each of its commits.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use dormouse::host::Answer;
use dormouse::testing::{self, Entry, MemoryHost, Turn};
use dormouse::{
    Commit, Fault, Frame, Host as _, Input, OnDuplicate, Order, Output, Range, ScheduledAlarm,
    Side, SocketId, Timestamp, Write, limits,
};

use serde_json::Value;

use crate::kinds::ROOMS;

/// The history of the rooms that have one.
pub(crate) const HISTORY: &str = "said";

/// The reason with which the engine closes a socket whose attachment it cannot read.
const UNREADABLE: &str = "this connection's state cannot be read";

/// A room's object, from waking to sleep to waking.
pub(crate) struct Object {
    object: testing::Object,
}

impl Deref for Object {
    type Target = testing::Object;

    fn deref(&self) -> &testing::Object {
        &self.object
    }
}

impl DerefMut for Object {
    fn deref_mut(&mut self) -> &mut testing::Object {
        &mut self.object
    }
}

/// The answer of a turn with one input that wants one.
pub(crate) fn answer(turn: &Turn) -> &Answer {
    assert_eq!(turn.commit.answers.len(), 1, "one call has one answer");
    &turn.commit.answers[0]
}

impl Object {
    /// A room that wakes on a host.
    pub(crate) fn wake(host: MemoryHost, name: &str) -> Self {
        let object = testing::Object::open(ROOMS, host, name).expect("a room of ours");
        let mut object = Self { object };
        object.heal();
        object
    }

    /// The first thing that an object does when it wakes.
    fn heal(&mut self) {
        self.object.wake();
        self.drain();
    }

    /// Falls asleep and wakes. Which sockets have which number now.
    pub(crate) fn sleep(&mut self) -> BTreeMap<SocketId, SocketId> {
        let numbers = self.object.hibernate();
        self.heal();
        numbers
    }

    /// Handles an input in a commit of its own.
    pub(crate) fn put(&mut self, input: Input) -> Turn {
        self.turn(vec![(input, Fault::None)])
    }

    /// Lets time pass to the alarm if there is one, and rings it.
    pub(crate) fn ring(&mut self) {
        if let Some(at) = self.host.alarm() {
            let wait = at - self.host.now();
            self.host.advance(wait);
            self.object.fire_alarm();
            self.drain();
        }
    }

    /// Handles inputs together and performs their commit.
    pub(crate) fn turn(&mut self, inputs: Vec<(Input, Fault)>) -> Turn {
        for (input, fault) in inputs {
            self.object.put_again(input, fault);
        }
        self.drain()
    }

    /// One turn: nothing panics, and nothing is refused.
    fn drain(&mut self) -> Turn {
        let mut turns = self.object.drain_with(judge);
        assert!(turns.len() <= 1, "a batch is committed at once: {turns:#?}");
        // Another version may have stored a time that the platform has no alarm for.
        let first = Timestamp::from_millis(1);
        let next =
            self.host.alarms(None, 1).rows.pop().map(|it| it.at.clamp(first, Timestamp::MAX));
        assert_eq!(self.host.alarm(), next, "the object's alarm stands where the next alarm is");
        turns.pop().unwrap_or_default()
    }
}

/// What must hold of every commit, before it is performed.
fn judge(host: &MemoryHost, inputs: &[Entry], commit: &Commit) {
    let inputs: Vec<_> = inputs.iter().map(|entry| entry.input.clone()).collect();
    Judge { host }.judge(&inputs, commit);
}

struct Judge<'a> {
    host: &'a MemoryHost,
}

impl Judge<'_> {
    fn judge(&self, inputs: &[Input], commit: &Commit) {
        let wanted = inputs.iter().filter(|input| wants_answer(input)).count();
        assert_eq!(commit.answers.len(), wanted, "every call has its answer");
        for answer in &commit.answers {
            judge_answer(answer);
        }
        self.judge_sockets(inputs, commit);
        self.judge_sizes(inputs, commit);
        if let [input] = inputs {
            self.judge_alone(input, commit);
        }
    }

    /// Outputs go to open sockets of the room, and nobody is closed for what another did.
    fn judge_sockets(&self, inputs: &[Input], commit: &Commit) {
        let mut open: BTreeSet<_> = self.host.sockets(None).into_iter().collect();
        let spoke: BTreeSet<_> = inputs.iter().filter_map(speaker).collect();
        let replaces = inputs.iter().any(|input| match input {
            Input::Connect { upgrade, .. } => upgrade.on_duplicate == OnDuplicate::Replace,
            _ => false,
        });
        for output in &commit.outputs {
            match output {
                Output::Accept { socket, tags } => {
                    assert!(spoke.contains(socket), "only who asked is accepted");
                    assert!(open.insert(*socket), "nobody is accepted twice");
                    assert!(tags.len() <= limits::TAGS + 1);
                    assert!(tags.iter().all(|tag| tag.len() <= limits::TAG_BYTES));
                }
                Output::Attach { socket, .. } => {
                    assert!(open.contains(socket), "only an open socket keeps something");
                }
                Output::Send { sockets, .. } => {
                    let each: BTreeSet<_> = sockets.iter().copied().collect();
                    assert_eq!(each.len(), sockets.len(), "nobody hears a frame twice");
                    assert!(each.is_subset(&open), "frames go to open sockets of the room");
                }
                Output::Broadcast { except, .. } => {
                    assert!(except.iter().all(|socket| open.contains(socket)));
                }
                Output::Close { socket, reason, .. } => {
                    let is_reason = spoke.contains(socket) || reason == UNREADABLE || replaces;
                    assert!(is_reason, "nobody is closed for what another did: {reason}");
                    assert!(reason.len() <= limits::CLOSE_REASON_BYTES);
                    open.remove(socket);
                }
                Output::Deliver(_) => {}
            }
        }
    }

    /// Bounded input has bounded effects.
    fn judge_sizes(&self, inputs: &[Input], commit: &Commit) {
        let given: usize = inputs.iter().map(size).sum();
        let most = 8 * (given + stored_bytes(self.host)) + 1_024 * inputs.len();
        // Whoever joins is sent the backlog; whoever replaces others ends each of them.
        let each = rows(self.host).len() + 2 * self.host.count() + 3 * inputs.len() + 8;
        assert!(commit.outputs.len() <= each * inputs.len(), "few outputs an input");
        for output in &commit.outputs {
            if let Output::Send { frame, .. } | Output::Broadcast { frame, .. } = output {
                assert!(
                    frame.as_bytes().len() <= most,
                    "a frame follows what came and what is stored"
                );
            }
        }
        let (mut appended, mut changed, mut bytes) = (0, 0, 0);
        for write in &commit.writes {
            match write {
                Write::State(json) => bytes += limit(json, limits::VALUE_BYTES),
                Write::Alarm(alarm) => {
                    changed += 1;
                    let is_new = self.host.stored_alarm(&alarm.name).is_none();
                    let fits = (1..=limits::ALARM_NAME_BYTES).contains(&alarm.name.len());
                    assert!(fits || !is_new, "no alarm is planned under {:?}", alarm.name);
                    bytes += limit(&alarm.payload, limits::VALUE_BYTES);
                    bytes += alarm.error.as_deref().unwrap_or_default().len();
                }
                Write::Append { entry, .. } => {
                    appended += 1;
                    bytes += limit(&entry.row, limits::VALUE_BYTES);
                }
                Write::Value { key, value } => {
                    changed += 1;
                    bytes += key.len() + limit(value, limits::VALUE_BYTES);
                }
                Write::RemoveAlarm(_) | Write::RemoveValue(_) => changed += 1,
                Write::Purge | Write::Trim { .. } | Write::Ends { .. } => {}
            }
        }
        assert!(appended <= inputs.len(), "an input appends one row at most");
        assert!(changed <= 4 * inputs.len() + 2 * letters(self.host), "few rows an input");
        assert!(bytes <= most, "what is stored follows what came");
    }

    /// An input that fails has changed nothing.
    fn judge_alone(&self, input: &Input, commit: &Commit) {
        let outputs = &commit.outputs;
        let nothing = || commit.writes.is_empty() && commit.alarm.is_none();
        match input {
            _ if matches!(commit.answers[..], [Answer::Error(_)]) => {
                assert!(nothing(), "who fails changes nothing: {:?}", commit.writes);
                let is_other = |output: &Output| !matches!(output, Output::Close { reason, .. } if reason == UNREADABLE);
                assert!(!outputs.iter().any(is_other), "who fails does nothing: {outputs:?}");
            }
            Input::Message { socket, .. } | Input::Oversize { socket, .. }
                if self.host.attachment(*socket).is_none() =>
            {
                assert!(nothing() && outputs.is_empty(), "nobody is heard after his close");
            }
            Input::Close { socket, .. } if self.host.attachment(*socket).is_none() => {
                assert!(nothing() && outputs.len() == 1, "a connection is over once");
            }
            Input::Message { socket, .. } => {
                let told = outputs.iter().any(|output| match output {
                    Output::Send { sockets, frame } => sockets == &[*socket] && is_error(frame),
                    _ => false,
                });
                if told {
                    assert!(nothing(), "who fails changes nothing: {:?}", commit.writes);
                    let is_own = |output: &Output| match output {
                        Output::Send { sockets, .. } => sockets == &[*socket],
                        // What it has left of its rate.
                        Output::Attach { socket: other, .. } => other == socket,
                        Output::Close { reason, .. } => reason == UNREADABLE,
                        _ => false,
                    };
                    assert!(outputs.iter().all(is_own), "who fails is told, and nobody else");
                }
            }
            Input::ReadState | Input::ReadCount | Input::ReadConnections { .. } => {
                assert!(nothing(), "who reads changes nothing");
            }
            _ => {}
        }
    }
}

impl Object {
    /// A room that slept answers what one that was awake does.
    pub(crate) fn judge_sleep(&mut self) {
        let awake = self.answers();
        self.sleep();
        assert_eq!(self.answers(), awake, "a room that slept knows what it knew");
        let Answer::Ok(count) = &awake[1] else { panic!("a count") };
        assert_eq!(count.as_u64(), u64::try_from(self.host.count()).ok());
    }

    fn answers(&mut self) -> Vec<Answer> {
        // First, since it closes sockets that cannot be read.
        let mut connections = self.put(Input::ReadConnections { tag: None }).commit.answers;
        if let Some(Answer::Ok(Value::Array(all))) = connections.first_mut() {
            // In no order, if what is stored has all of them connect at one moment.
            all.sort_by_cached_key(Value::to_string);
        }
        let mut count = self.put(Input::ReadCount).commit.answers;
        let mut state = self.put(Input::ReadState).commit.answers;
        [connections.remove(0), count.remove(0), state.remove(0)].into()
    }
}

/// All that is scheduled, the failed alarms too.
pub(crate) fn alarms(host: &MemoryHost) -> Vec<ScheduledAlarm> {
    let mut alarms = host.alarms(None, usize::MAX).rows;
    alarms.extend(host.failed_alarms());
    alarms
}

/// All values, those of the engine too.
pub(crate) fn values(host: &MemoryHost) -> Vec<(String, String)> {
    host.values("", None, usize::MAX, Order::Forwards).rows
}

/// How many letters wait for an answer.
pub(crate) fn letters(host: &MemoryHost) -> usize {
    host.values("\u{1}letter/", None, usize::MAX, Order::Forwards).rows.len()
}

/// The rows of the history.
pub(crate) fn rows(host: &MemoryHost) -> Vec<String> {
    let all = Range { after: 0, before: u64::MAX, limit: usize::MAX, side: Side::First };
    host.history(HISTORY, all).rows.into_iter().map(|entry| entry.row).collect()
}

fn stored_bytes(host: &MemoryHost) -> usize {
    let state = host.state().unwrap_or_default().len();
    let config = host.config().len();
    let alarms: usize = alarms(host).iter().map(|it| it.name.len() + it.payload.len()).sum();
    let values: usize = values(host).iter().map(|(key, value)| key.len() + value.len()).sum();
    let rows: usize = rows(host).iter().map(String::len).sum();
    let sockets = host.sockets(None).into_iter();
    let attached: usize = sockets.filter_map(|it| host.attachment(it)).map(|text| text.len()).sum();
    state + config + alarms + values + rows + attached
}

fn wants_answer(input: &Input) -> bool {
    matches!(
        input,
        Input::Connect { .. }
            | Input::Send { .. }
            | Input::Broadcast { .. }
            | Input::Receive { .. }
            | Input::ReadState
            | Input::ReadCount
            | Input::ReadConnections { .. }
    )
}

/// The socket that an input comes from.
fn speaker(input: &Input) -> Option<SocketId> {
    match input {
        Input::Connect { socket, .. }
        | Input::Message { socket, .. }
        | Input::Oversize { socket, .. }
        | Input::Close { socket, .. } => Some(*socket),
        _ => None,
    }
}

/// How much an input brings.
fn size(input: &Input) -> usize {
    match input {
        Input::Connect { upgrade, .. } => serde_json::to_string(upgrade).map_or(0, |it| it.len()),
        Input::Message { frame, .. } => frame.as_bytes().len(),
        Input::Close { close, .. } => close.reason.len(),
        Input::Send { json } => json.len(),
        Input::Broadcast { json, tag } => json.len() + tag.as_ref().map_or(0, String::len),
        Input::Receive { from, letter } => {
            let json = serde_json::to_string(letter).expect("a letter as JSON");
            from.to_string().len() + json.len()
        }
        Input::Delivered { delivered, .. } => format!("{delivered:?}").len(),
        _ => 0,
    }
}

/// What a caller sees of an error: a name, a code and a status, and nothing of the inside.
fn judge_answer(answer: &Answer) {
    let json = serde_json::to_value(answer).expect("an answer as JSON");
    let Answer::Error(failure) = answer else {
        assert!(json.get("ok").is_some());
        return;
    };
    assert!(json["error"]["_tag"].is_string());
    assert!((400..600).contains(&failure.status), "{failure:?}");
    assert!(!failure.code.is_empty() && !failure.message.is_empty());
    if failure.code == "internal" {
        assert_eq!(failure.message, "something went wrong in the room");
    }
}

fn is_error(frame: &Frame) -> bool {
    let text = frame.to_text();
    // No bundled room echoes a client's words at the start of a frame.
    (text.starts_with('{') && text.contains(r#""_tag":"Error""#))
        || text.starts_with(r#"{"type":"error""#)
}

fn limit(text: &str, most: usize) -> usize {
    assert!(text.len() <= most, "{} bytes of {most}", text.len());
    text.len()
}
