//! What an object has, in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::time::Duration;

use crate::host::commit::{Commit, ObjectAlarm, Output, Write};
use crate::host::handler_error::HandlerError;
use crate::host::host::Host;
use crate::host::letter::Letter;
use crate::room::alarm::ScheduledAlarm;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::history::{Ends, Entry, Range, Side};
use crate::room::keyed::Order;
use crate::room::limits;
use crate::room::page::Page;
use crate::room::time::Timestamp;

/// A [`Host`] in memory: storage, sockets, alarm, a clock that is moved by hand and chance from a
/// seed.
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
#[derive(Debug)]
pub struct MemoryHost {
    now: Timestamp,
    random: Cell<u64>,
    /// What comes before that.
    foreseen: RefCell<VecDeque<u64>>,
    config: String,
    letters: Vec<Letter>,
    in_flight: BTreeSet<u64>,
    errors: Vec<HandlerError>,
    state: Option<String>,
    events: BTreeMap<String, ScheduledAlarm>,
    pending: BTreeSet<(Timestamp, String)>,
    values: BTreeMap<String, String>,
    histories: BTreeMap<String, StoredHistory>,
    alarm: Option<Timestamp>,
    sockets: BTreeMap<SocketId, Socket>,
    next_socket: u32,
}

#[derive(Debug, Default)]
struct StoredHistory {
    ends: Ends,
    rows: BTreeMap<u64, Entry<String>>,
}

#[derive(Debug, Default)]
struct Socket {
    attachment: Option<String>,
    tags: Vec<String>,
    closed: bool,
    answered: Option<Timestamp>,
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
            events: BTreeMap::new(),
            pending: BTreeSet::new(),
            values: BTreeMap::new(),
            histories: BTreeMap::new(),
            alarm: None,
            sockets: BTreeMap::new(),
            next_socket: 1,
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
    /// host.perform(&Commit { errors: vec![error], ..Commit::default() });
    /// assert_eq!(host.take_errors().len(), 1);
    /// ```
    pub fn take_errors(&mut self) -> Vec<HandlerError> {
        std::mem::take(&mut self.errors)
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

    /// Overwrites the stored payload of an event, as a deploy with another type would find it.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// host.rewrite_payload("tea", "null");
    /// assert_eq!(host.stored_alarm("tea"), None, "there is no such event");
    /// ```
    pub fn rewrite_payload(&mut self, event: &str, json: impl Into<String>) {
        if let Some(event) = self.events.get_mut(event) {
            event.payload = json.into();
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
            self.sockets.insert(socket, Socket::default());
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
        // Backwards: nothing may depend on numbers that rise with age.
        old.into_iter()
            .rev()
            .map(|(before, socket)| {
                let after = self.new_socket();
                self.sockets.insert(after, socket);
                (before, after)
            })
            .collect()
    }

    /// Does everything a commit says, and tells what arrived where.
    ///
    /// ```
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Host, SocketId, Timestamp};
    /// # use std::time::Duration;
    /// # let mut host = MemoryHost::new();
    /// use dormouse::{Commit, Write};
    /// let commit = Commit { writes: vec![Write::State("7".into())], ..Commit::default() };
    /// host.perform(&commit);
    /// assert_eq!(host.state().as_deref(), Some("7"));
    /// ```
    pub fn perform(&mut self, commit: &Commit) -> Vec<(SocketId, Delivery)> {
        self.store(commit);
        let mut deliveries = Vec::new();
        for output in &commit.outputs {
            self.output(output, &mut deliveries);
        }
        self.errors.extend(commit.errors.iter().cloned());
        deliveries
    }

    /// The first part of a commit, which is one transaction.
    pub(super) fn store(&mut self, commit: &Commit) {
        for write in &commit.writes {
            self.write(write);
        }
        match commit.alarm {
            Some(ObjectAlarm::Set(at)) => self.alarm = Some(at),
            Some(ObjectAlarm::Delete) => self.alarm = None,
            None => {}
        }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Purge => {
                self.state = None;
                self.events.clear();
                self.pending.clear();
                self.values.clear();
                self.histories.clear();
            }
            Write::State(json) => self.state = Some(json.clone()),
            Write::Alarm(event) => {
                self.remove_event(&event.name);
                if !event.failed {
                    self.pending.insert((event.at, event.name.clone()));
                }
                self.events.insert(event.name.clone(), event.clone());
            }
            Write::RemoveAlarm(name) => self.remove_event(name),
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

    fn remove_event(&mut self, name: &str) {
        if let Some(event) = self.events.remove(name) {
            self.pending.remove(&(event.at, event.name));
        }
    }

    fn output(&mut self, output: &Output, deliveries: &mut Vec<(SocketId, Delivery)>) {
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
                let mut sockets = self.sockets(tag.as_ref().map(crate::room::tag::Tag::as_str));
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
        self.sockets.insert(socket, Socket { tags: tags.to_vec(), ..Socket::default() });
    }

    pub(super) fn attach(&mut self, socket: SocketId, attachment: &str) {
        if let Some(socket) = self.sockets.get_mut(&socket).filter(|socket| !socket.closed) {
            socket.attachment = Some(attachment.to_owned());
        }
    }

    /// Closes a socket of ours; whether it was open.
    pub(super) fn close(&mut self, socket: SocketId) -> bool {
        let Some(closing) = self.sockets.get_mut(&socket).filter(|socket| !socket.closed) else {
            return false;
        };
        closing.closed = true;
        closing.attachment = None;
        true
    }

    /// Closes a socket and keeps its attachment, as for an input that came to grief.
    pub(super) fn hang_up(&mut self, socket: SocketId) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.closed = true;
        }
    }

    /// The machine is gone: what is stored stays, every socket is cut.
    /// A letter is on its way no more: it was answered, or lost.
    pub fn landed(&mut self, seq: u64) {
        self.in_flight.remove(&seq);
    }

    pub(super) fn lose_letters(&mut self) {
        self.in_flight.clear();
    }

    pub(super) fn lose_sockets(&mut self) {
        self.sockets.clear();
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

    pub(super) fn restore_event(&mut self, event: &ScheduledAlarm) {
        self.write(&Write::Alarm(event.clone()));
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
        let Self { state, events, values, histories, alarm, .. } = self;
        format!(
            "state: {state:?}\nevents: {events:#?}\nvalues: {values:#?}\n\
             histories: {histories:#?}\nalarm: {alarm:?}\n"
        )
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

impl MemoryHost {
    fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl DoubleEndedIterator<Item = (&'a String, &'a String)> {
        let end = format!("{prefix}{}", char::MAX);
        self.values.range(prefix.to_owned()..end)
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
        self.state.clone()
    }

    fn stored_alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        self.events.get(name).cloned()
    }

    fn alarms(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Page<ScheduledAlarm> {
        let after = after.map(|(at, name)| (at, name.to_owned()));
        let rest = match &after {
            Some(position) => self.pending.range((Bound::Excluded(position), Bound::Unbounded)),
            None => self.pending.range(..),
        };
        page(rest.map(|(_, name)| self.events[name].clone()), limit, |it| it.payload.len())
    }

    fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        self.events.values().filter(|event| event.failed).cloned().collect()
    }

    fn value(&self, key: &str) -> Option<String> {
        self.values.get(key).cloned()
    }

    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)> {
        let own = |(key, value): (&String, &String)| (key.clone(), value.clone());
        let size = |(_, value): &(String, String)| value.len();
        let all = self.with_prefix(prefix);
        match order {
            Order::Forwards => {
                let all = all.filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
                page(all.map(own), limit, size)
            }
            Order::Backwards => {
                let all = all.rev();
                let all = all.filter(|(key, _)| after.is_none_or(|after| key.as_str() < after));
                page(all.map(own), limit, size)
            }
        }
    }

    fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page<String> {
        let keys = self.with_prefix(prefix).map(|(key, _)| key.clone());
        page(keys.filter(|key| after.is_none_or(|after| key.as_str() > after)), limit, String::len)
    }

    fn in_flight(&self, seq: u64) -> bool {
        self.in_flight.contains(&seq)
    }

    fn history_ends(&self, name: &str) -> Ends {
        self.histories.get(name).map(|history| history.ends).unwrap_or_default()
    }

    fn history(&self, name: &str, range: Range) -> Page<Entry<String>> {
        let Some(history) = self.histories.get(name) else { return Page::all(Vec::new()) };
        let inside = (Bound::Excluded(range.after), Bound::Excluded(range.before));
        if range.before <= range.after.saturating_add(1) {
            return Page::all(Vec::new());
        }
        let rows = history.rows.range(inside).map(|(_, entry)| entry.clone());
        let size = |entry: &Entry<String>| entry.row.len();
        match range.side {
            Side::First => page(rows, range.limit, size),
            Side::Last => {
                let mut last = page(rows.rev(), range.limit, size);
                last.rows.reverse();
                last
            }
        }
    }

    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64> {
        let history = self.histories.get(name)?;
        history.rows.values().find(|entry| entry.at >= at).map(|entry| entry.seq)
    }

    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId> {
        let wears = |socket: &Socket| {
            platform_tag.is_none_or(|wanted| socket.tags.iter().any(|tag| tag == wanted))
        };
        self.sockets
            .iter()
            .filter(|(_, socket)| !socket.closed && wears(socket))
            .map(|(number, _)| *number)
            .collect()
    }

    fn count(&self) -> usize {
        self.sockets.values().filter(|socket| !socket.closed).count()
    }

    fn attachment(&self, socket: SocketId) -> Option<String> {
        self.sockets.get(&socket)?.attachment.clone()
    }

    fn last_answer(&self, socket: SocketId) -> Option<Timestamp> {
        self.sockets.get(&socket)?.answered
    }
}

/// The first rows, as many as a page takes.
fn page<T>(mut rows: impl Iterator<Item = T>, limit: usize, size: impl Fn(&T) -> usize) -> Page<T> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while taken.len() < limit && bytes < limits::PAGE_BYTES {
        let Some(row) = rows.next() else { return Page::all(taken) };
        bytes += size(&row);
        taken.push(row);
    }
    Page { rows: taken, more: rows.next().is_some() }
}
