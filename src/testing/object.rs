//! One object in memory, which does what the Worker's does with all that happens to it.

use std::any::Any;
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;
use std::time::Duration;

use super::host::{Delivery, MemoryHost, Refusal};
use crate::engine::Engine;
use crate::engine::observing::{self, Called, Planned, Seen};
use crate::host::calling;
use crate::host::commit::{Answer, Commit};
use crate::host::handler_error::HandlerError;
use crate::host::host::Host as _;
use crate::host::input::{ANY_TEXT, Fault, Input, OF_A_TEXT};
use crate::registry::Registry;
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::error::{Error, Result};
use crate::room::handler::Handler;
use crate::room::object_name::ObjectName;
use crate::room::room::Room;
use crate::room::time::Timestamp;

/// After how long the platform tries an alarm again that failed.
const ALARM_RETRY: Duration = Duration::from_secs(2);

/// One room's object in memory: what happens to it gathers in an inbox, is handled in turns, committed
/// and performed.
///
/// It does what the Worker's object does, in its order. Where a handler panics, the inputs before it are
/// committed, the one at fault is run alone with its fault known, and the rest follows. Where a
/// transaction is refused, each input is tried alone. [`TestRoom`](super::TestRoom) and
/// [`Simulation`](super::Simulation) stand on it; a test of its own may need it where it wants to see
/// each commit.
///
/// ```
/// use dormouse::rooms::Echo;
/// use dormouse::testing::{MemoryHost, Object};
/// use dormouse::Input;
/// use dormouse::host::Answer;
///
/// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
/// object.put(Input::ReadCount);
/// let turns = object.drain();
/// assert_eq!(turns[0].commit.answers, [Answer::Ok(0.into())]);
/// ```
pub struct Object {
    /// What it stores, and its sockets.
    pub host: MemoryHost,
    name: ObjectName,
    opens: Opens,
    machine: Option<Machine>,
    is_awake: bool,
    inbox: Vec<Entry>,
    /// What is left of a batch that failed, in its order.
    again: VecDeque<Vec<Entry>>,
    next_ticket: u64,
    /// Where the alarm stood that went off and is not handled.
    firing: Option<Timestamp>,
    /// Where the platform has set it, to try again.
    retried: Option<Timestamp>,
    pub(super) settings: Settings,
}

/// How an object is watched, and what is planted in it.
#[derive(Default)]
pub(super) struct Settings {
    /// How many calls of the room's code there are before one panics.
    pub(super) fuse: Option<usize>,
    /// Each batch runs on a thread of its own, where no variable of a thread was ever touched.
    pub(super) is_fresh: bool,
    /// Panics are expected, and not printed.
    pub(super) is_quiet: bool,
    pub(super) plant: Option<Planting>,
}

pub(super) type Planting = fn() -> Box<dyn Plant>;

/// How the engine of a room is made.
#[derive(Clone, Copy)]
enum Opens {
    Type(fn(ObjectName) -> Engine, Option<Registry>),
    In(Registry),
}

impl Opens {
    fn open(self, name: &ObjectName) -> Engine {
        match self {
            Self::Type(open, None) => open(name.clone()),
            Self::Type(open, Some(siblings)) => open(name.clone()).among(siblings.checks()),
            Self::In(rooms) => {
                rooms.open(&name.to_string()).expect("a room that was opened before")
            }
        }
    }
}

/// A fault in front of an engine or behind it, for the tests of the tests.
pub(super) trait Plant {
    /// Changes what comes in, or what is known of it; whether it comes in at all.
    fn input(&mut self, _: &MemoryHost, _: &mut Input, _: &mut Fault) -> bool {
        true
    }

    /// Changes what comes out.
    fn commit(&mut self, _: &mut Commit) {}
}

/// A room's engine that runs, and what was planted around it.
pub(super) struct Machine {
    engine: Engine,
    plant: Option<Box<dyn Plant>>,
}

/// Names an input that was put into an object's inbox, so that its answer can be found.
///
/// ```
/// use dormouse::{Input, rooms::Echo, testing::{MemoryHost, Object}};
/// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
/// let ticket = object.put(Input::ReadCount);
/// assert_eq!(object.drain()[0].answers[0].0, ticket);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// An input in a turn.
///
/// ```
/// use dormouse::{Fault, Input, rooms::Echo, testing::{MemoryHost, Object}};
/// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
/// object.put(Input::ReadState);
/// let turns = object.drain();
/// let last = turns[0].inputs.last().unwrap();
/// assert_eq!(last.fault, Fault::None, "it never panicked");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Who waits for it; none for what the object itself put into the batch.
    pub ticket: Option<Ticket>,
    /// The input.
    pub input: Input,
    /// What had come of it when it was run before.
    pub fault: Fault,
    /// The alarms that were due stand in the batch already.
    is_expanded: bool,
    /// It ran alone, in an instance of its own, and there was not enough memory for it.
    was_alone: bool,
    /// How often its commit was refused.
    refusals: usize,
}

impl Entry {
    pub(super) fn new(ticket: Option<Ticket>, input: Input, fault: Fault) -> Self {
        Self { ticket, input, fault, is_expanded: false, was_alone: false, refusals: 0 }
    }
}

/// What came of some of an object's inputs.
///
/// ```
/// use dormouse::{Input, rooms::Echo, testing::{MemoryHost, Object}};
/// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
/// object.put(Input::Send { json: "no JSON".into() });
/// let turns = object.drain();
/// assert!(turns[0].commit.writes.is_empty());
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Turn {
    /// The inputs, with the alarms that were due among them.
    pub inputs: Vec<Entry>,
    /// What the room did.
    pub commit: Commit,
    /// What arrived at whose socket.
    pub heard: Vec<(SocketId, Delivery)>,
    /// What is told to who waits.
    pub answers: Vec<(Ticket, Answer)>,
}

/// What came of running a batch.
pub(super) enum Ran {
    /// It ran to its end, and is to be performed.
    Ready(Ready),
    /// A handler panicked: what is to be done again is in the queue.
    Trapped(Trap),
    /// Not even the engine got through that input: its socket is hung up.
    GaveUp(Turn),
}

pub(super) struct Ready {
    pub(super) batch: Vec<Entry>,
    pub(super) commit: Commit,
    pub(super) calls: Vec<Called>,
    /// Where chance stood before.
    pub(super) chance: u64,
    /// What was read of the host.
    pub(super) reads: super::host::Reads,
}

pub(super) struct Trap(pub(super) Box<dyn Any + Send>);

impl Trap {
    pub(super) fn is_planned(&self) -> bool {
        self.0.is::<Planned>()
    }

    pub(super) fn message(&self) -> String {
        let text = self.0.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| self.0.downcast_ref::<String>().cloned()).unwrap_or_default()
    }
}

/// Why a commit was not performed to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The transaction was refused.
    Refused(Refusal),
    /// The machine failed; what was stored, and what left before.
    Crashed { stored: bool, heard: Vec<(SocketId, Delivery)> },
}

/// What came of performing.
pub(super) enum Performed {
    Done(Turn),
    /// It is to be tried again, each input alone; or it was the last try.
    Refused(Refusal, Option<Turn>),
    /// The object is gone, with all that waited in it.
    Crashed {
        turn: Turn,
        stored: bool,
    },
}

impl Object {
    /// An object of a room type, asleep on a host.
    ///
    /// # Panics
    /// If the id is none that a room can have.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::{MemoryHost, Object}};
    /// assert_eq!(Object::new::<Echo>(MemoryHost::new(), "hall").name().to_string(), "echo/hall");
    /// ```
    pub fn new<R: Room>(host: MemoryHost, id: &str) -> Self {
        let name = ObjectName::new(R::NAME, id).expect("a room id");
        Self::asleep(host, name, Opens::Type(Engine::of::<R>, None))
    }

    /// The same among these rooms: letters to others are refused.
    pub(super) fn among(self, siblings: Option<Registry>) -> Self {
        let opens = match self.opens {
            Opens::Type(open, _) => Opens::Type(open, siblings),
            opens @ Opens::In(_) => opens,
        };
        Self { opens, ..self }
    }

    /// An object of a Worker's rooms by its name, asleep on a host.
    ///
    /// # Errors
    /// [`Error::RoomNotFound`], [`Error::InvalidRoomId`].
    ///
    /// ```
    /// use dormouse::{rooms::ROOMS, testing::{MemoryHost, Object}};
    /// assert!(Object::open(ROOMS, MemoryHost::new(), "echo/hall").is_ok());
    /// ```
    pub fn open(rooms: Registry, host: MemoryHost, name: &str) -> Result<Self> {
        rooms.open(name)?;
        Ok(Self::asleep(host, ObjectName::parse(name)?, Opens::In(rooms)))
    }

    fn asleep(host: MemoryHost, name: ObjectName, opens: Opens) -> Self {
        Self {
            host,
            name,
            opens,
            machine: None,
            is_awake: false,
            inbox: Vec::new(),
            again: VecDeque::new(),
            next_ticket: 0,
            firing: None,
            retried: None,
            settings: Settings::default(),
        }
    }

    /// Its name.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::{MemoryHost, Object}};
    /// assert_eq!(Object::new::<Echo>(MemoryHost::new(), "hall").name().id(), "hall");
    /// ```
    pub fn name(&self) -> &ObjectName {
        &self.name
    }

    /// Puts an input into the inbox.
    ///
    /// ```
    /// use dormouse::{Input, rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// object.put(Input::ReadState);
    /// assert_eq!(object.drain().len(), 1);
    /// ```
    pub fn put(&mut self, input: Input) -> Ticket {
        self.put_again(input, Fault::None)
    }

    /// Puts an input into the inbox that failed before.
    ///
    /// ```
    /// use dormouse::{Error, Fault, Input, rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// object.put_again(Input::Send { json: "\"hi\"".into() }, Fault::Failed(Error::Storage));
    /// assert!(object.drain()[0].commit.outputs.is_empty());
    /// ```
    pub fn put_again(&mut self, input: Input, fault: Fault) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        if let Input::Delivered { seq, .. } = input {
            self.host.landed(seq);
        }
        self.inbox.push(Entry::new(Some(ticket), input, fault));
        ticket
    }

    /// Handles all that waits, to its end: a turn for each commit.
    ///
    /// # Panics
    /// If the platform refuses what the engine found good.
    ///
    /// ```
    /// use dormouse::{Input, rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// assert!(object.drain().is_empty(), "nothing happened");
    /// ```
    #[track_caller]
    pub fn drain(&mut self) -> Vec<Turn> {
        self.drain_with(|_, _, _| {})
    }

    /// The same, and shows each commit before it is performed.
    ///
    /// # Panics
    /// If the platform refuses what the engine found good.
    ///
    /// ```
    /// use dormouse::{Input, rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// object.put(Input::ReadState);
    /// object.drain_with(|_, inputs, commit| assert!(inputs.len() == 2 && commit.writes.is_empty()));
    /// ```
    #[track_caller]
    pub fn drain_with(
        &mut self,
        mut judge: impl FnMut(&MemoryHost, &[Entry], &Commit),
    ) -> Vec<Turn> {
        let mut turns = Vec::new();
        while let Some(ran) = self.next() {
            match ran {
                Ran::Ready(ready) => {
                    judge(&self.host, &ready.batch, &ready.commit);
                    turns.extend(self.perform(ready));
                }
                Ran::Trapped(_) => {}
                Ran::GaveUp(turn) => turns.push(turn),
            }
        }
        turns
    }

    /// Performs a batch that ran; none if it is to be tried again.
    #[track_caller]
    pub(super) fn perform(&mut self, ready: Ready) -> Option<Turn> {
        match self.perform_with(ready, |host, commit| host.perform(commit).map_err(Stop::Refused)) {
            Performed::Done(turn) => Some(turn),
            Performed::Refused(refusal, gave_up) if refusal.is_planned => gave_up,
            Performed::Refused(refusal, _) => panic!("{refusal}, and the engine did not"),
            Performed::Crashed { .. } => None,
        }
    }

    /// Looks at the alarm, as an object does that wakes; nothing if it is awake.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// object.wake();
    /// assert_eq!(object.drain().len(), 1);
    /// ```
    pub fn wake(&mut self) {
        if !self.is_awake {
            self.is_awake = true;
            let input = Input::AlarmStands { at: self.host.alarm() };
            self.inbox.insert(0, Entry::new(None, input, Fault::None));
        }
    }

    /// The alarm goes off, if one stands or not.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// object.fire_alarm();
    /// assert_eq!(object.drain().len(), 1);
    /// ```
    pub fn fire_alarm(&mut self) -> Ticket {
        self.firing = self.host.take_alarm().or(self.firing);
        self.retried = None;
        self.put(Input::AlarmFired)
    }

    /// Whether an alarm went off whose handler did not return: then it stands where the
    /// platform wants it.
    pub(super) fn is_firing(&self) -> bool {
        let is_retried = self.retried.is_some() && self.retried == self.host.alarm();
        self.firing.is_some() || is_retried
    }

    /// Whether its engine runs.
    pub(super) fn is_running(&self) -> bool {
        self.machine.is_some()
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.again.is_empty()
    }

    /// Falls asleep: what is not stored is gone, and sockets have other numbers.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// assert!(object.hibernate().is_empty(), "there are no sockets");
    /// ```
    pub fn hibernate(&mut self) -> BTreeMap<SocketId, SocketId> {
        self.machine = None;
        self.is_awake = false;
        let numbers = self.host.renumber();
        for entry in self.inbox.iter_mut().chain(self.again.iter_mut().flatten()) {
            if let Input::Message { socket, .. }
            | Input::Oversize { socket, .. }
            | Input::Close { socket, .. } = &mut entry.input
                && let Some(after) = numbers.get(socket)
            {
                *socket = *after;
            }
        }
        numbers
    }

    /// The machine fails: what is not stored is lost, with every socket.
    ///
    /// ```
    /// use dormouse::{Input, rooms::Echo, testing::{MemoryHost, Object}};
    /// let mut object = Object::new::<Echo>(MemoryHost::new(), "hall");
    /// object.put(Input::ReadState);
    /// object.crash();
    /// assert!(object.drain().is_empty());
    /// ```
    pub fn crash(&mut self) {
        self.machine = None;
        self.is_awake = false;
        self.inbox.clear();
        self.again.clear();
        self.host.crash();
        // An alarm whose handler did not return goes off again, unless another was set.
        if let Some(at) = self.firing.take()
            && self.host.alarm().is_none()
        {
            self.try_alarm_again(at);
        }
    }

    fn try_alarm_again(&mut self, at: Timestamp) {
        self.host.set_alarm(at);
        self.retried = Some(at);
    }

    /// The instance is gone, and with it what the engine remembered; the object stays awake.
    pub(super) fn lose_instance(&mut self) {
        self.machine = None;
    }

    /// Looks at the room, as a handler would with the connection of a socket as its sender.
    pub(super) fn read<R: Room, T>(
        &mut self,
        socket: Option<SocketId>,
        look: impl FnOnce(&Context<'_, R>) -> T,
    ) -> Result<T> {
        self.running();
        let machine = self.machine.as_mut().expect("it runs");
        machine.engine.read(&self.host, socket, look)
    }

    fn running(&mut self) -> &mut Machine {
        if self.machine.is_none() {
            self.machine = Some(self.start());
        }
        self.machine.as_mut().expect("just started")
    }

    /// An engine as it is just after waking.
    pub(super) fn start(&self) -> Machine {
        start(self.opens, self.settings.plant, &self.name)
    }

    /// Runs what comes next; none if nothing waits.
    pub(super) fn next(&mut self) -> Option<Ran> {
        let mut batch = self.next_batch()?;
        let (chance, reads) = (self.host.seed(), self.host.reads());
        let fuse = self.settings.fuse.take();
        let mut at = 0;
        let (result, seen, call) = if self.settings.is_fresh {
            self.machine = None;
            let is_quiet = self.settings.is_quiet;
            let (batch, at) = (&mut batch, &mut at);
            self.elsewhere(move |machine, host| attempt(machine, host, batch, at, fuse, is_quiet))
        } else {
            self.running();
            let machine = self.machine.as_mut().expect("it runs");
            attempt(machine, &self.host, &mut batch, &mut at, fuse, self.settings.is_quiet)
        };
        self.settings.fuse = seen.fuse;
        let payload = match result {
            Ok(commit) => {
                let reads = self.host.reads() - reads;
                let calls = seen.calls;
                return Some(Ran::Ready(Ready { batch, commit, calls, chance, reads }));
            }
            Err(payload) => payload,
        };
        self.machine = None;
        let handler = seen.running.unwrap_or(Handler::Error);
        self.host.log(HandlerError { handler, error: Error::Panicked });
        let cause = if self.host.ran_out() { Cause::Memory } else { Cause::Panic(call) };
        let culprit = if batch.len() == 1 { Some(0) } else { (at < batch.len()).then_some(at) };
        Some(self.again(batch, culprit, &cause).map_or(Ran::Trapped(Trap(payload)), Ran::GaveUp))
    }

    /// Runs a batch as it was run elsewhere, its alarms and its faults among it.
    ///
    /// # Panics
    /// Where a handler does.
    pub(super) fn replay(&mut self, inputs: Vec<(Input, Fault)>) -> Turn {
        self.is_awake = true;
        if inputs.iter().any(|(input, _)| matches!(input, Input::AlarmFired)) {
            self.host.take_alarm();
        }
        self.inbox.extend(
            inputs.into_iter().map(|(input, fault)| Entry {
                is_expanded: true,
                ..Entry::new(None, input, fault)
            }),
        );
        match self.next() {
            Some(Ran::Ready(ready)) => self.perform(ready).unwrap_or_default(),
            Some(Ran::Trapped(trap)) => panic::resume_unwind(trap.0),
            Some(Ran::GaveUp(turn)) => turn,
            None => Turn::default(),
        }
    }

    fn next_batch(&mut self) -> Option<Vec<Entry>> {
        if let Some(batch) = self.again.pop_front() {
            return Some(batch);
        }
        if self.inbox.is_empty() {
            return None;
        }
        self.wake();
        Some(std::mem::take(&mut self.inbox))
    }

    /// Does something with a machine that was just started, on a thread of its own, where no variable
    /// of a thread has ever been touched.
    fn elsewhere<T: Send>(&mut self, act: impl FnOnce(&mut Machine, &MemoryHost) -> T + Send) -> T {
        let (opens, plant, name) = (self.opens, self.settings.plant, &self.name);
        // Moved, not lent: it is not made to be read from two threads.
        let host = &mut self.host;
        thread::scope(|scope| {
            let run = move || {
                let host = host;
                act(&mut start(opens, plant, name), host)
            };
            scope.spawn(run).join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        })
    }

    /// What a room that has just woken makes of a batch, here or on another machine, and on what host if
    /// waking has stored something; none if it panics.
    pub(super) fn rehearse(
        &mut self,
        batch: &[Entry],
        is_elsewhere: bool,
    ) -> Option<(Commit, Option<MemoryHost>)> {
        let at = self.host.alarm();
        let rehearse = |machine: &mut Machine, host: &MemoryHost| {
            let mut woken = None;
            if !batch.iter().any(|it| matches!(it.input, Input::AlarmStands { .. })) {
                let mut stands = vec![Entry::new(None, Input::AlarmStands { at }, Fault::None)];
                let commit = attempt(machine, host, &mut stands, &mut 0, None, true).0.ok()?;
                if !commit.writes.is_empty() {
                    let mut host = host.clone();
                    host.store(&commit).ok()?;
                    woken = Some(host);
                }
            }
            let host = woken.as_ref().unwrap_or(host);
            let commit = attempt(machine, host, &mut batch.to_vec(), &mut 0, None, true).0.ok()?;
            Some((commit, woken))
        };
        if is_elsewhere {
            self.elsewhere(rehearse)
        } else {
            rehearse(&mut self.start(), &self.host)
        }
    }

    /// What is to be done again of a batch that failed; what came of an input that is given up.
    fn again(
        &mut self,
        mut batch: Vec<Entry>,
        culprit: Option<usize>,
        cause: &Cause,
    ) -> Option<Turn> {
        let Some(culprit) = culprit else {
            // Where the alarm is to stand depends on what becomes of the alarms that are due.
            batch.sort_by_key(|entry| matches!(entry.input, Input::AlarmFired));
            for entry in batch.into_iter().rev() {
                self.again.push_front(vec![entry]);
            }
            return None;
        };
        let rest = batch.split_off(culprit + 1);
        let mut guilty = batch.pop().expect("the input at fault");
        let was_alone = std::mem::replace(&mut guilty.was_alone, true);
        // Memory that others filled is nobody's fault.
        let is_spared = *cause == Cause::Memory && !(was_alone && batch.is_empty());
        guilty.refusals += usize::from(*cause == Cause::NotStored);
        let worse = if is_spared {
            Some(guilty.fault.clone())
        } else {
            worse(&guilty.fault, cause, guilty.refusals)
        };
        if !rest.is_empty() {
            self.again.push_front(rest);
        }
        let gave_up = match worse {
            Some(fault) => {
                self.again.push_front(vec![Entry { fault, ..guilty }]);
                None
            }
            None => Some(self.give_up(guilty)),
        };
        if !batch.is_empty() {
            self.again.push_front(batch);
        }
        gave_up
    }

    fn give_up(&mut self, entry: Entry) -> Turn {
        let mut turn = Turn::default();
        if let Input::Message { socket, .. }
        | Input::Oversize { socket, .. }
        | Input::Connect { socket, .. }
        | Input::Close { socket, .. } = entry.input
        {
            self.host.hang_up(socket);
            turn.heard.push((socket, Delivery::Close { code: 1011, reason: String::new() }));
        }
        match entry.input {
            Input::Close { socket, .. } => self.host.forget(socket),
            Input::AlarmFired if self.host.alarm().is_none() => {
                // The platform tries it again.
                self.try_alarm_again(self.host.now() + ALARM_RETRY);
                self.firing = None;
            }
            _ => {}
        }
        if let (Some(ticket), true) = (entry.ticket, gives_answer(&entry.input)) {
            let error = Error::execution("the room failed");
            turn.answers.push((ticket, Answer::Error(error.into())));
        }
        turn.inputs.push(entry);
        turn
    }

    /// Performs a batch that ran, in a way that can fail.
    pub(super) fn perform_with(
        &mut self,
        ready: Ready,
        perform: impl FnOnce(&mut MemoryHost, &Commit) -> Result<Vec<(SocketId, Delivery)>, Stop>,
    ) -> Performed {
        let Ready { batch, commit, .. } = ready;
        let is_alarm = batch.iter().any(|entry| matches!(entry.input, Input::AlarmFired));
        let heard = match perform(&mut self.host, &commit) {
            Ok(heard) => heard,
            Err(Stop::Refused(refusal)) => {
                self.host.log(HandlerError { handler: Handler::Error, error: Error::Storage });
                if let Some(machine) = &mut self.machine {
                    machine.engine.reset();
                }
                let culprit = if batch.len() == 1 { Some(0) } else { None };
                let gave_up = self.again(batch, culprit, &Cause::NotStored);
                return Performed::Refused(refusal, gave_up);
            }
            Err(Stop::Crashed { stored, heard }) => {
                if stored && is_alarm {
                    self.firing = None;
                }
                self.crash();
                let turn = Turn { inputs: batch, commit, heard, answers: Vec::new() };
                return Performed::Crashed { turn, stored };
            }
        };
        if is_alarm {
            self.firing = None;
        } else if self.firing.is_some() && commit.alarm.is_some() {
            // Set while one goes off: what is then handled has been due.
            self.retried = self.host.alarm();
        }
        let mut answers = Vec::new();
        let mut given = commit.answers.iter().cloned();
        for entry in &batch {
            if gives_answer(&entry.input)
                && let (Some(answer), Some(ticket)) = (given.next(), entry.ticket)
            {
                answers.push((ticket, answer));
            }
            if let Input::Close { socket, .. } = entry.input {
                self.host.forget(socket);
            }
        }
        Performed::Done(Turn { inputs: batch, commit, heard, answers })
    }
}

fn start(opens: Opens, plant: Option<Planting>, name: &ObjectName) -> Machine {
    Machine { engine: opens.open(name), plant: plant.map(|plant| plant()) }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("name", &self.name)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Why an input is to be run again.
#[derive(PartialEq, Eq)]
enum Cause {
    /// In which call into the room's code, if in one.
    Panic(Option<u32>),
    /// It read more than there is memory.
    Memory,
    NotStored,
}

/// So often a commit is refused before its input is given up.
const REFUSALS: usize = 3;

/// After so many calls that panicked in one input, no code of the room is called for it.
const CALLS: usize = 8;

/// After so many that read a connection's state, none is read for it.
const READS: usize = 64;

fn is_bearable(calls: &[u32], another: u32) -> bool {
    another >= OF_A_TEXT || calls.iter().filter(|call| **call < OF_A_TEXT).count() < CALLS
}

/// What is known of an input that failed once more; none if nothing is left to try.
fn worse(fault: &Fault, cause: &Cause, refusals: usize) -> Option<Fault> {
    match (fault, cause) {
        (_, Cause::NotStored) if refusals > REFUSALS => None,
        (Fault::None, Cause::NotStored) => Some(Fault::Failed(Error::Storage)),
        (fault, Cause::NotStored) => Some(fault.clone()),
        (Fault::None, Cause::Panic(Some(call))) => Some(Fault::Calls(vec![*call])),
        (Fault::Calls(calls), Cause::Panic(Some(call))) if is_bearable(calls, *call) => {
            let is_last = *call >= OF_A_TEXT && calls.len() >= READS;
            let call = if is_last { ANY_TEXT } else { *call };
            Some(Fault::Calls([&calls[..], &[call]].concat()))
        }
        (Fault::All, _) => None,
        _ => Some(Fault::All),
    }
}

/// Whether an input has an answer in the commit.
pub(super) const fn gives_answer(input: &Input) -> bool {
    match input {
        Input::Connect { .. }
        | Input::Send { .. }
        | Input::Broadcast { .. }
        | Input::Receive { .. }
        | Input::ReadState
        | Input::ReadCount
        | Input::ReadConnections { .. } => true,
        Input::Message { .. }
        | Input::Oversize { .. }
        | Input::Close { .. }
        | Input::AlarmFired
        | Input::Alarm { .. }
        | Input::AlarmStands { .. }
        | Input::Delivered { .. } => false,
    }
}

/// What came of it, what was seen, and which call into the room's code was running.
type Attempt = (Result<Commit, Box<dyn Any + Send>>, Seen, Option<u32>);

/// Handles a batch; `at` is where it stands when something panics.
fn attempt(
    machine: &mut Machine,
    host: &MemoryHost,
    batch: &mut Vec<Entry>,
    at: &mut usize,
    fuse: Option<usize>,
    is_quiet: bool,
) -> Attempt {
    observing::watch(fuse);
    host.begin();
    let mut run = || catch_unwind(AssertUnwindSafe(|| run(machine, host, batch, at)));
    let result = if is_quiet { quietly(&mut run) } else { run() };
    (result, observing::seen(), calling())
}

fn run(machine: &mut Machine, host: &MemoryHost, batch: &mut Vec<Entry>, at: &mut usize) -> Commit {
    let Machine { engine, plant } = machine;
    while let Some(entry) = batch.get_mut(*at) {
        let is_alarm = matches!(entry.input, Input::AlarmFired) && !entry.is_expanded;
        let (mut input, mut fault) = (entry.input.clone(), entry.fault.clone());
        if plant.as_mut().is_none_or(|plant| plant.input(host, &mut input, &mut fault)) {
            engine.handle_again(host, input, fault);
        }
        entry.is_expanded |= is_alarm;
        *at += 1;
        if is_alarm {
            let due = engine.due(host).into_iter().map(|name| Input::Alarm { name });
            let due: Vec<_> = due.map(|input| Entry::new(None, input, Fault::None)).collect();
            batch.splice(*at..*at, due);
        }
    }
    let mut commit = engine.commit(host);
    if let Some(plant) = plant {
        plant.commit(&mut commit);
    }
    commit
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs something whose panics are expected, and prints none of them.
fn quietly<T>(run: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                print(panic);
            }
        }));
    });
    let was_quiet = IS_QUIET.replace(true);
    let result = run();
    IS_QUIET.set(was_quiet);
    result
}
