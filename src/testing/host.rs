//! What an object has, in memory, and as strict as the platform.

mod reads;
mod refusal;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::time::Duration;

use crate::host::commit::ObjectAlarm;
use crate::host::commit::{Commit, Output, Write};
use crate::host::handler_error::HandlerError;
use crate::host::host::Host;
use crate::host::letter::Letter;
use crate::room::alarm::ScheduledAlarm;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::limits;
use crate::room::page::{Ends, Entry, Order, Page, Range, Side};
use crate::room::time::Timestamp;
use reads::Counter;
pub use reads::Reads;
pub use refusal::Refusal;

/// A [`Host`] in memory: storage, sockets, alarm, a clock that is moved by hand and chance from a
/// seed.
///
/// It takes what the platform takes and no more: numbers that JavaScript can hold, rows of 2 MB, alarms
/// up to the year 2189, small attachments and close reasons. A batch that reads more than the memory of
/// an instance panics, as it would trap there. A copy of it is another object with the same past.
///
/// ```
/// use dormouse::Host;
/// use dormouse::testing::MemoryHost;
/// use std::time::Duration;
///
/// let mut host = MemoryHost::new();
/// let before = host.now();
/// host.advance(Duration::from_secs(1));
/// assert_eq!(host.now() - before, Duration::from_secs(1));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryHost {
    now: Timestamp,
    random: Cell<u64>,
    /// What comes before that.
    foreseen: RefCell<VecDeque<u64>>,
    config: String,
    letters: Vec<Letter>,
    /// The numbers of letters that are on their way.
    in_flight: BTreeSet<u64>,
    errors: Vec<HandlerError>,
    state: Option<String>,
    alarms: BTreeMap<String, ScheduledAlarm>,
    pending: BTreeSet<(Timestamp, String)>,
    failed: BTreeSet<String>,
    values: BTreeMap<String, String>,
    histories: BTreeMap<String, StoredHistory>,
    alarm: Option<Timestamp>,
    sockets: BTreeMap<SocketId, Socket>,
    /// The open ones by their tags, and all of them by none.
    open: BTreeMap<Option<String>, BTreeSet<SocketId>>,
    next_socket: u32,
    refusals: usize,
    counter: Counter,
}

#[derive(Clone, Debug, Default)]
struct StoredHistory {
    ends: Ends,
    rows: BTreeMap<u64, Entry<String>>,
}

#[derive(Clone, Debug, Default)]
struct Socket {
    attachment: Option<String>,
    tags: Vec<String>,
    closed: bool,
    answered: Option<Timestamp>,
    buffered: usize,
}

/// What a commit brought to a socket's other end.
///
/// ```
/// use dormouse::testing::Delivery;
/// let closed = Delivery::Close { code: 1000, reason: String::new() };
/// assert!(matches!(closed, Delivery::Close { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A frame.
    Frame(Frame),
    /// A close frame.
    Close {
        /// Its code.
        code: u16,
        /// Its reason.
        reason: String,
    },
}

impl Default for MemoryHost {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryHost {
    /// An object that has never been awake, on 14 November 2023.
    ///
    /// ```
    /// let host = dormouse::testing::MemoryHost::new();
    /// assert_eq!(host.alarm(), None);
    /// ```
    pub fn new() -> Self {
        Self {
            now: Timestamp::from_millis(1_700_000_000_000),
            random: Cell::new(0),
            foreseen: RefCell::default(),
            config: "{}".to_owned(),
            letters: Vec::new(),
            in_flight: BTreeSet::new(),
            errors: Vec::new(),
            state: None,
            alarms: BTreeMap::new(),
            pending: BTreeSet::new(),
            failed: BTreeSet::new(),
            values: BTreeMap::new(),
            histories: BTreeMap::new(),
            alarm: None,
            sockets: BTreeMap::new(),
            open: BTreeMap::new(),
            next_socket: 1,
            refusals: 0,
            counter: Counter::default(),
        }
    }

    /// The same with other random numbers.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// assert_ne!(MemoryHost::new().with_seed(7).random(), host.random());
    /// ```
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.random = Cell::new(seed);
        self
    }

    /// The same with this configuration of the Worker, as JSON.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// assert_eq!(MemoryHost::new().with_config("{}").config(), "{}");
    /// ```
    pub fn with_config(mut self, json: impl Into<String>) -> Self {
        self.config = json.into();
        self
    }

    /// The letters that were handed over for delivery since this was last asked.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// assert!(host.take_letters().is_empty());
    /// ```
    pub fn take_letters(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.letters)
    }

    /// What was written to the log since this was last asked.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # let mut host = MemoryHost::new();
    /// use dormouse::{Commit, Error, Handler, HandlerError};
    /// let error = HandlerError { handler: Handler::Alarm, error: Error::execution("no wool") };
    /// host.perform(&Commit { errors: vec![error], ..Commit::default() }).unwrap();
    /// assert_eq!(host.take_errors().len(), 1);
    /// ```
    pub fn take_errors(&mut self) -> Vec<HandlerError> {
        std::mem::take(&mut self.errors)
    }

    /// Writes a line to the log.
    pub(super) fn log(&mut self, error: HandlerError) {
        self.errors.push(error);
    }

    /// What was read of it until now.
    ///
    /// ```
    /// # use dormouse::{Host, testing::MemoryHost};
    /// let host = MemoryHost::new();
    /// host.state();
    /// assert_eq!(host.reads().state, 1);
    /// ```
    pub fn reads(&self) -> Reads {
        self.counter.reads()
    }

    /// Refuses so many of the next transactions, as a storage that fails.
    ///
    /// ```
    /// use dormouse::{Commit, Write, testing::MemoryHost};
    /// let mut host = MemoryHost::new();
    /// host.refuse(1);
    /// let commit = Commit { writes: vec![Write::State("7".into())], ..Commit::default() };
    /// assert!(host.perform(&commit).is_err());
    /// assert!(host.perform(&commit).is_ok());
    /// ```
    pub fn refuse(&mut self, times: usize) {
        self.refusals = times;
    }

    /// How much waits for a client that does not read.
    ///
    /// ```
    /// # use dormouse::{Host, SocketId, testing::MemoryHost};
    /// let mut host = MemoryHost::new();
    /// host.crowd(1);
    /// host.set_buffered(SocketId(1), 6_553_600);
    /// ```
    pub fn set_buffered(&mut self, socket: SocketId, bytes: usize) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.buffered = bytes;
        }
    }

    /// A letter's delivery is over: it is answered, or lost. Until then, or until the machine fails, it
    /// is known to be on its way.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// let mut host = MemoryHost::new();
    /// host.landed(7);
    /// assert!(host.letters_in_flight().is_empty());
    /// ```
    pub fn landed(&mut self, seq: u64) {
        self.in_flight.remove(&seq);
    }

    /// The numbers of the letters that are on their way.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// assert!(MemoryHost::new().letters_in_flight().is_empty());
    /// ```
    pub fn letters_in_flight(&self) -> Vec<u64> {
        self.in_flight.iter().copied().collect()
    }

    /// Moves the clock. The alarm does not go off by itself.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// let before = host.now();
    /// host.advance(Duration::from_secs(1));
    /// assert!(host.now() > before);
    /// ```
    pub fn advance(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }

    /// Where the alarm stands.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// assert_eq!(host.alarm(), None);
    /// ```
    pub fn alarm(&self) -> Option<Timestamp> {
        self.alarm
    }

    /// Takes the alarm down, as the platform does when it goes off.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// assert_eq!(host.take_alarm(), None);
    /// ```
    pub fn take_alarm(&mut self) -> Option<Timestamp> {
        self.alarm.take()
    }

    /// Stores a state that no handler has saved: an older version's, say.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.set_state("7");
    /// assert_eq!(host.state().as_deref(), Some("7"));
    /// ```
    pub fn set_state(&mut self, json: impl Into<String>) {
        self.state = Some(json.into());
    }

    /// Overwrites the stored payload of an alarm, as a deploy with another type would find it.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.rewrite_payload("tea", "null");
    /// assert_eq!(host.stored_alarm("tea"), None, "there is no such alarm");
    /// ```
    pub fn rewrite_payload(&mut self, alarm: &str, json: impl Into<String>) {
        if let Some(alarm) = self.alarms.get_mut(alarm) {
            alarm.payload = json.into();
        }
    }

    /// Opens so many sockets that no room knows.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.crowd(3);
    /// assert_eq!(host.count(), 3);
    /// ```
    pub fn crowd(&mut self, sockets: usize) {
        for _ in 0..sockets {
            let socket = self.new_socket();
            self.accept(socket, &[]);
        }
    }

    /// A number for a new socket.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// assert_ne!(host.new_socket(), host.new_socket());
    /// ```
    pub fn new_socket(&mut self) -> SocketId {
        let socket = SocketId(self.next_socket);
        self.next_socket += 1;
        socket
    }

    /// Overwrites a socket's attachment, as a deploy with another format would find it.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.crowd(1);
    /// host.set_attachment(SocketId(1), "{}");
    /// assert_eq!(host.attachment(SocketId(1)).as_deref(), Some("{}"));
    /// ```
    pub fn set_attachment(&mut self, socket: SocketId, attachment: impl Into<String>) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.attachment = Some(attachment.into());
        }
    }

    /// A socket gets the automatic response.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.crowd(1);
    /// host.answer(SocketId(1));
    /// assert_eq!(host.last_answer(SocketId(1)), Some(host.now()));
    /// ```
    pub fn answer(&mut self, socket: SocketId) {
        let now = self.now;
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.answered = Some(now);
        }
    }

    /// The platform tags that a socket was accepted with.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.crowd(1);
    /// assert!(host.tags(SocketId(1)).is_empty());
    /// ```
    pub fn tags(&self, socket: SocketId) -> &[String] {
        self.sockets.get(&socket).map_or(&[], |socket| &socket.tags)
    }

    /// The socket is gone from the list: its close event was handled.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.crowd(1);
    /// host.forget(SocketId(1));
    /// assert_eq!(host.count(), 0);
    /// ```
    pub fn forget(&mut self, socket: SocketId) {
        self.unlist(socket);
        self.sockets.remove(&socket);
    }

    /// Gives every socket a new number, as waking does.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.crowd(1);
    /// let numbers = host.renumber();
    /// assert_ne!(numbers[&SocketId(1)], SocketId(1));
    /// ```
    pub fn renumber(&mut self) -> BTreeMap<SocketId, SocketId> {
        let old = std::mem::take(&mut self.sockets);
        self.open.clear();
        // Backwards: nothing may depend on numbers that rise with age.
        old.into_iter()
            .rev()
            .map(|(before, socket)| {
                let after = self.new_socket();
                self.sockets.insert(after, socket);
                self.list(after);
                (before, after)
            })
            .collect()
    }

    /// Does everything a commit says, and tells what arrived where.
    ///
    /// # Errors
    /// What the platform does not take. Then nothing of the commit was done.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::Host;
    /// # let mut host = MemoryHost::new();
    /// use dormouse::{Commit, Write};
    /// let commit = Commit { writes: vec![Write::State("7".into())], ..Commit::default() };
    /// host.perform(&commit).unwrap();
    /// assert_eq!(host.state().as_deref(), Some("7"));
    /// ```
    pub fn perform(&mut self, commit: &Commit) -> Result<Vec<(SocketId, Delivery)>, Refusal> {
        self.store(commit)?;
        let mut deliveries = Vec::new();
        for output in &commit.outputs {
            self.output(output, &mut deliveries);
        }
        self.errors.extend(commit.errors.iter().cloned());
        Ok(deliveries)
    }

    /// The first part of a commit, which is one transaction. What could not be done later is refused now.
    pub(super) fn store(&mut self, commit: &Commit) -> Result<(), Refusal> {
        self.counter.begin();
        refusal::check(commit)?;
        if !commit.writes.is_empty() && self.refusals > 0 {
            self.refusals -= 1;
            return Err(Refusal::planned());
        }
        for write in &commit.writes {
            self.write(write);
        }
        match commit.alarm {
            Some(ObjectAlarm::Set(at)) => self.alarm = Some(at),
            Some(ObjectAlarm::Delete) => self.alarm = None,
            None => {}
        }
        Ok(())
    }

    /// Another batch begins, and takes memory anew.
    pub(super) fn begin(&self) {
        self.counter.begin();
    }

    /// The batch has read more than there is memory.
    pub(super) fn ran_out(&self) -> bool {
        self.counter.ran_out()
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Purge => {
                self.state = None;
                self.alarms.clear();
                self.pending.clear();
                self.failed.clear();
                self.values.clear();
                self.histories.clear();
            }
            Write::State(json) => self.state = Some(json.clone()),
            Write::Alarm(alarm) => {
                self.remove_alarm(&alarm.name);
                if alarm.failed {
                    self.failed.insert(alarm.name.clone());
                } else {
                    self.pending.insert((alarm.at, alarm.name.clone()));
                }
                self.alarms.insert(alarm.name.clone(), alarm.clone());
            }
            Write::RemoveAlarm(name) => self.remove_alarm(name),
            Write::Value { key, value } => {
                self.values.insert(key.clone(), value.clone());
            }
            Write::RemoveValue(key) => {
                self.values.remove(key);
            }
            Write::Append { history, entry } => {
                self.history_mut(history).rows.insert(entry.seq, entry.clone());
            }
            Write::Trim { history, through } => {
                let rows = &mut self.history_mut(history).rows;
                *rows = rows.split_off(&(through + 1));
            }
            Write::Ends { history, ends } => self.history_mut(history).ends = *ends,
        }
    }

    fn history_mut(&mut self, name: &str) -> &mut StoredHistory {
        self.histories.entry(name.to_owned()).or_default()
    }

    fn remove_alarm(&mut self, name: &str) {
        if let Some(alarm) = self.alarms.remove(name) {
            self.failed.remove(name);
            self.pending.remove(&(alarm.at, alarm.name));
        }
    }

    /// Does the next thing that a commit says of sockets.
    pub(super) fn output(&mut self, output: &Output, deliveries: &mut Vec<(SocketId, Delivery)>) {
        match output {
            Output::Accept { socket, tags } => self.accept(*socket, tags),
            Output::Attach { socket, attachment } => self.attach(*socket, attachment),
            Output::Deliver(letter) => {
                self.in_flight.insert(letter.seq);
                self.letters.push(letter.clone());
            }
            Output::Send { sockets, frame } => {
                let open = sockets.iter().filter(|socket| self.is_open(**socket));
                deliveries.extend(open.map(|socket| (*socket, Delivery::Frame(frame.clone()))));
            }
            Output::Broadcast { tag, except, frame, to } => {
                let mut sockets = self.open(tag.as_ref().map(crate::room::tag::Tag::as_str));
                sockets.retain(|socket| !except.contains(socket) && to.has(self.tags(*socket)));
                deliveries.extend(
                    sockets.into_iter().map(|socket| (socket, Delivery::Frame(frame.clone()))),
                );
            }
            Output::Close { socket, code, reason } => {
                if self.close(*socket) {
                    let reason = reason.clone();
                    deliveries.push((*socket, Delivery::Close { code: code.get(), reason }));
                }
            }
        }
    }

    pub(super) fn accept(&mut self, socket: SocketId, tags: &[String]) {
        let open = self.open.get(&None).map_or(0, BTreeSet::len);
        assert!(open < refusal::SOCKETS, "the platform refuses another socket");
        self.sockets.insert(socket, Socket { tags: tags.to_vec(), ..Socket::default() });
        self.list(socket);
    }

    /// The open sockets, as `sockets` tells of them but not counted.
    pub(super) fn open(&self, tag: Option<&str>) -> Vec<SocketId> {
        let open = self.open.get(&tag.map(ToOwned::to_owned));
        open.map(|open| open.iter().copied().collect()).unwrap_or_default()
    }

    fn list(&mut self, socket: SocketId) {
        let Some(it) = self.sockets.get(&socket).filter(|socket| !socket.closed) else { return };
        let tags = it.tags.iter().cloned().map(Some);
        for tag in [None].into_iter().chain(tags) {
            self.open.entry(tag).or_default().insert(socket);
        }
    }

    fn unlist(&mut self, socket: SocketId) {
        let Some(it) = self.sockets.get(&socket) else { return };
        let tags: Vec<_> = it.tags.iter().cloned().map(Some).chain([None]).collect();
        for tag in tags {
            if let Some(open) = self.open.get_mut(&tag) {
                open.remove(&socket);
                if open.is_empty() {
                    self.open.remove(&tag);
                }
            }
        }
    }

    pub(super) fn attach(&mut self, socket: SocketId, attachment: &str) {
        if let Some(socket) = self.sockets.get_mut(&socket).filter(|socket| !socket.closed) {
            socket.attachment = Some(attachment.to_owned());
        }
    }

    /// Closes a socket of ours; whether it was open.
    pub(super) fn close(&mut self, socket: SocketId) -> bool {
        let Some(closing) = self.sockets.get_mut(&socket) else { return false };
        // Its connection is over, whoever closed it first.
        closing.attachment = None;
        if std::mem::replace(&mut closing.closed, true) {
            return false;
        }
        self.unlist(socket);
        true
    }

    /// Closes a socket and keeps its attachment, as for an input that was given up.
    pub(super) fn hang_up(&mut self, socket: SocketId) {
        self.unlist(socket);
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.closed = true;
        }
    }

    /// A frame did not reach the other end: the platform has forgotten the socket's tags, and tells of
    /// its close later.
    pub(super) fn abort(&mut self, socket: SocketId) {
        self.unlist(socket);
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.tags.clear();
        }
        self.list(socket);
    }

    /// The machine is gone: what is stored stays, every socket is cut, and nobody knows what is on its
    /// way.
    pub(super) fn crash(&mut self) {
        self.lose_sockets();
        self.lose_letters();
    }

    /// Nobody knows any more what is on its way.
    pub(super) fn lose_letters(&mut self) {
        self.in_flight.clear();
    }

    pub(super) fn lose_sockets(&mut self) {
        self.sockets.clear();
        self.open.clear();
    }

    pub(super) fn be_at(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// These random numbers come next.
    pub(super) fn foresee(&mut self, numbers: VecDeque<u64>) {
        self.foreseen.replace(numbers);
    }

    /// The state is the value whose key has no `/`.
    pub(super) fn restore_value(&mut self, key: &str, value: &str) {
        if key.contains('/') {
            self.values.insert(key.to_owned(), value.to_owned());
        } else {
            self.state = Some(value.to_owned());
        }
    }

    pub(super) fn restore_alarm(&mut self, alarm: &ScheduledAlarm) {
        self.write(&Write::Alarm(alarm.clone()));
    }

    pub(super) fn restore_history(&mut self, name: &str, ends: Ends, rows: &[Entry<String>]) {
        let rows = rows.iter().map(|entry| (entry.seq, entry.clone())).collect();
        self.histories.insert(name.to_owned(), StoredHistory { ends, rows });
    }

    pub(super) fn answer_at(&mut self, socket: SocketId, at: Timestamp) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.answered = Some(at);
        }
    }

    /// All that is stored, to be compared.
    pub(super) fn stored(&self) -> String {
        let Self { state, alarms, histories, .. } = self;
        // That sessions may be here is a hint, which only waking takes back.
        let values: Vec<_> = self.values.iter().filter(|(key, _)| *key != "\u{1}here").collect();
        format!(
            "state: {state:?}\nevents: {alarms:#?}\nvalues: {values:#?}\n\
             histories: {histories:#?}\n"
        )
    }

    /// The state, for who looks from outside.
    pub(super) fn stored_state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    pub(super) fn set_alarm(&mut self, at: Timestamp) {
        self.alarm = Some(at);
    }

    pub(super) fn seed(&self) -> u64 {
        self.random.get()
    }

    pub(super) fn reseed(&self, seed: u64) {
        self.random.set(seed);
    }

    pub(super) fn is_open(&self, socket: SocketId) -> bool {
        self.sockets.get(&socket).is_some_and(|socket| !socket.closed)
    }
}

impl Host for MemoryHost {
    fn now(&self) -> Timestamp {
        self.now
    }

    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    fn random(&self) -> u64 {
        if let Some(foreseen) = self.foreseen.borrow_mut().pop_front() {
            return foreseen;
        }
        let next = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(next);
        let mixed = (next ^ next >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn config(&self) -> String {
        self.config.clone()
    }

    fn state(&self) -> Option<String> {
        self.counter.count(|it| &mut it.state, 0, self.state.as_ref().map_or(0, String::len));
        self.state.clone()
    }

    fn stored_alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        let alarm = self.alarms.get(name).cloned();
        self.counter.count(|it| &mut it.alarm, 0, alarm.as_ref().map_or(0, bytes_of_alarm));
        alarm
    }

    fn alarms(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Page<ScheduledAlarm> {
        let after = after.map(|(at, name)| (at, name.to_owned()));
        let rest = match &after {
            Some(position) => self.pending.range((Bound::Excluded(position), Bound::Unbounded)),
            None => self.pending.range(..),
        };
        let alarms = rest.map(|(_, name)| self.alarms[name].clone());
        self.page(|it| &mut it.alarms, alarms, limit, bytes_of_alarm)
    }

    fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        let alarms: Vec<_> = self.failed.iter().map(|name| self.alarms[name].clone()).collect();
        let bytes = alarms.iter().map(bytes_of_alarm).sum();
        self.counter.count(|it| &mut it.alarms, alarms.len(), bytes);
        alarms
    }

    fn value(&self, key: &str) -> Option<String> {
        let value = self.values.get(key).cloned();
        self.counter.count(|it| &mut it.value, 0, value.as_ref().map_or(0, String::len));
        value
    }

    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)> {
        let own = |(key, value): (&String, &String)| (key.clone(), value.clone());
        let size = |(key, value): &(String, String)| key.len() + value.len();
        match order {
            Order::Forwards => {
                let values = self.forwards(prefix, after).map(own);
                self.page(|it| &mut it.values, values, limit, size)
            }
            Order::Backwards => {
                // No key has the last character in it.
                let end = format!("{prefix}{}", char::MAX);
                let to = after.filter(|after| *after < end.as_str()).unwrap_or(&end);
                let rest = self.values.range::<str, _>((Bound::Unbounded, Bound::Excluded(to)));
                let is_inside = |(key, _): &(&String, &String)| key.starts_with(prefix);
                let values = rest.rev().take_while(is_inside).map(own);
                self.page(|it| &mut it.values, values, limit, size)
            }
        }
    }

    fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page<String> {
        let keys = self.forwards(prefix, after).map(|(key, _)| key.clone());
        self.page(|it| &mut it.values, keys, limit, String::len)
    }

    fn in_flight(&self, seq: u64) -> bool {
        self.in_flight.contains(&seq)
    }

    fn history_ends(&self, name: &str) -> Ends {
        self.counter.count(|it| &mut it.ends, 0, 0);
        self.histories.get(name).map(|history| history.ends).unwrap_or_default()
    }

    fn history(&self, name: &str, range: Range) -> Page<Entry<String>> {
        let none = BTreeMap::new();
        let rows = self.histories.get(name).map_or(&none, |history| &history.rows);
        let size = |entry: &Entry<String>| entry.row.len();
        if range.before <= range.after.saturating_add(1) {
            return self.page(|it| &mut it.history, std::iter::empty(), 0, size);
        }
        let inside = (Bound::Excluded(range.after), Bound::Excluded(range.before));
        let rows = rows.range(inside).map(|(_, entry)| entry.clone());
        match range.side {
            Side::First => self.page(|it| &mut it.history, rows, range.limit, size),
            Side::Last => {
                let mut last = self.page(|it| &mut it.history, rows.rev(), range.limit, size);
                last.rows.reverse();
                last
            }
        }
    }

    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64> {
        self.counter.count(|it| &mut it.ends, 0, 0);
        let history = self.histories.get(name)?;
        history.rows.values().find(|entry| entry.at >= at).map(|entry| entry.seq)
    }

    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId> {
        let sockets = self.open(platform_tag);
        self.counter.count(|it| &mut it.sockets, sockets.len(), 0);
        sockets
    }

    fn count(&self) -> usize {
        self.open.get(&None).map_or(0, BTreeSet::len)
    }

    fn attachment(&self, socket: SocketId) -> Option<String> {
        let attachment = self.sockets.get(&socket)?.attachment.clone();
        self.counter.count(|it| &mut it.attachment, 0, attachment.as_ref().map_or(0, String::len));
        attachment
    }

    fn last_answer(&self, socket: SocketId) -> Option<Timestamp> {
        self.counter.count(|it| &mut it.attachment, 0, 0);
        self.sockets.get(&socket)?.answered
    }
}

impl MemoryHost {
    /// Values whose keys begin with a prefix, after a key.
    fn forwards<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a String, &'a String)> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let rest = self.values.range::<str, _>((from, Bound::Unbounded));
        rest.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The first rows, as many as a page takes.
    fn page<T>(
        &self,
        kind: fn(&mut Reads) -> &mut usize,
        mut rows: impl Iterator<Item = T>,
        limit: usize,
        size: impl Fn(&T) -> usize,
    ) -> Page<T> {
        let (mut taken, mut bytes, mut more) = (Vec::new(), 0, false);
        for row in rows.by_ref() {
            if taken.len() >= limit || bytes >= limits::PAGE_BYTES {
                more = true;
                break;
            }
            bytes += size(&row);
            taken.push(row);
        }
        self.counter.count(kind, taken.len(), bytes);
        Page { rows: taken, more }
    }
}

fn bytes_of_alarm(alarm: &ScheduledAlarm) -> usize {
    alarm.name.len() + alarm.payload.len()
}
