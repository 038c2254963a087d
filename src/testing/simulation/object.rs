//! A simulated Durable Object: an inbox, and turns over what is in it, as `js/object/room-object.js` has them.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::observed::{self, Call, Planned};
use super::platform::{Platform, Stop};
use super::step::Fate;
use super::variant::AnyRoom;
use super::world::{Phase, World};
use super::{Simulation, Violation};
use crate::host::commit::{Answer, Commit};
use crate::host::input::{Fault, Input};
use crate::registry::ObjectName;
use crate::room::connection::SocketId;
use crate::room::error::Error;
use crate::room::room::Room;
use crate::room::time::Timestamp;
use crate::testing::host::{Delivery, MemoryHost};

pub(super) struct Object {
    pub(super) name: ObjectName,
    pub(super) host: MemoryHost,
    /// None: to be started before the next turn.
    pub(super) engine: Option<Box<dyn AnyRoom>>,
    /// Whether the object is awake, whatever became of its engine.
    is_awake: bool,
    pub(super) inbox: Vec<Pending>,
    /// The clients' lines by the sockets they end at.
    pub(super) sockets: BTreeMap<SocketId, usize>,
    /// Where the alarm stood that went off and is not handled.
    pub(super) firing: Option<Timestamp>,
}

/// An input that waits for its turn.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) input: Input,
    pub(super) fault: Fault,
    pub(super) waits: Waits,
    /// The events that were due stand in the batch already.
    is_expanded: bool,
}

/// Who waits for an input's answer.
#[derive(Clone, Debug)]
pub(super) enum Waits {
    Nobody,
    Client(usize),
    Api,
    Letter { from: usize, seq: u64, fate: Fate },
}

impl Pending {
    pub(super) const fn new(input: Input, waits: Waits) -> Self {
        Self { input, fault: Fault::None, waits, is_expanded: false }
    }

    const fn gives_answer(&self) -> bool {
        !matches!(self.waits, Waits::Nobody)
    }
}

impl Object {
    pub(super) fn new(name: ObjectName, seed: u64, config: &str) -> Self {
        Self {
            name,
            host: MemoryHost::new().with_seed(seed).with_config(config),
            engine: None,
            is_awake: false,
            inbox: Vec::new(),
            sockets: BTreeMap::new(),
            firing: None,
        }
    }

    pub(super) fn crash(&mut self) {
        self.engine = None;
        self.is_awake = false;
        self.inbox.clear();
        self.sockets.clear();
        self.host.lose_sockets();
        // An alarm whose handler did not come to its end goes off again, unless another was set.
        if let Some(at) = self.firing.take()
            && self.host.alarm().is_none()
        {
            self.host.set_alarm(at);
        }
    }
}

impl<R: Room> World<'_, R> {
    pub(super) fn put(&mut self, room: usize, pending: Pending) -> Result<(), Violation> {
        self.objects[room].inbox.push(pending);
        if self.is_gathering { Ok(()) } else { self.drain(room) }
    }

    pub(super) fn drain_all(&mut self) -> Result<(), Violation> {
        (0..self.objects.len()).try_for_each(|room| self.drain(room))
    }

    fn drain(&mut self, room: usize) -> Result<(), Violation> {
        while !self.objects[room].inbox.is_empty() {
            let object = &mut self.objects[room];
            let mut batch = std::mem::take(&mut object.inbox);
            if !object.is_awake {
                object.is_awake = true;
                let input = Input::AlarmStands { at: object.host.alarm() };
                batch.insert(0, Pending::new(input, Waits::Nobody));
            }
            self.turn(room, batch)?;
        }
        Ok(())
    }

    pub(super) fn hibernate(&mut self, room: usize) -> Result<(), Violation> {
        if room >= self.objects.len() {
            return Ok(());
        }
        // Only what waits for nothing can fall asleep.
        self.drain(room)?;
        self.judge_sleep(room)?;
        self.report.hibernations += 1;
        let object = &mut self.objects[room];
        object.engine = None;
        object.is_awake = false;
        let numbers = object.host.renumber();
        object.sockets = std::mem::take(&mut object.sockets)
            .into_iter()
            .filter_map(|(before, line)| Some((*numbers.get(&before)?, line)))
            .collect();
        for (&socket, &line) in &object.sockets {
            self.lines[line].socket = socket;
        }
        Ok(())
    }

    /// Handles a batch and commits it. If that fails, the input at fault is found, and the others are
    /// handled all the same.
    fn turn(&mut self, room: usize, mut batch: Vec<Pending>) -> Result<(), Violation> {
        let rules = self.rules;
        let object = &mut self.objects[room];
        let engine = object.engine.get_or_insert_with(|| start(rules, &object.name));
        let chance = object.host.seed();
        observed::watch(self.fuse.take());
        let mut at = 0;
        let run = catch_unwind(AssertUnwindSafe(|| {
            run(&mut **engine, &object.host, &mut batch, &mut at)
        }));
        let (calls, fuse) = observed::seen();
        self.fuse = fuse;
        match run {
            Ok(commit) => {
                self.report.inputs += batch.len();
                self.rehearse(room, &batch, &commit, chance)?;
                self.perform(room, batch, &commit, &calls)
            }
            Err(payload) => {
                self.report.panics += 1;
                if !payload.is::<Planned>() && !self.rules.may_panic {
                    return Err(Violation::new("no handler panics", message(&*payload)));
                }
                // One instance has all the rooms.
                for object in &mut self.objects {
                    object.engine = None;
                }
                let culprit = (at < batch.len()).then_some(at);
                self.again(room, batch, culprit, Fault::Handler)
            }
        }
    }

    fn again(
        &mut self,
        room: usize,
        mut batch: Vec<Pending>,
        culprit: Option<usize>,
        fault: Fault,
    ) -> Result<(), Violation> {
        let culprit = if batch.len() == 1 { Some(0) } else { culprit };
        let Some(culprit) = culprit else {
            let crashes = self.report.crashes;
            for alone in batch {
                // With the machine the rest of the batch is gone.
                if self.report.crashes == crashes {
                    self.turn(room, vec![alone])?;
                }
            }
            return Ok(());
        };
        if batch[culprit].fault == Fault::Hook {
            // Not even the engine gets through this one: the object gives its socket up.
            let hopeless = batch.remove(culprit);
            if let Input::Message { socket, .. } | Input::Close { socket, .. } = hopeless.input {
                self.objects[room].host.hang_up(socket);
                let close = Delivery::Close { code: 1011, reason: String::new() };
                self.arrive(room, vec![(socket, close)]);
            }
            if let Input::Close { socket, .. } = hopeless.input {
                self.forget(room, socket);
            }
            if let Waits::Client(line) = hopeless.waits {
                self.refused(room, line);
            }
            return if batch.is_empty() { Ok(()) } else { self.turn(room, batch) };
        }
        let input = &mut batch[culprit];
        input.fault = if input.fault == Fault::None { fault } else { Fault::Hook };
        self.turn(room, batch)
    }

    fn perform(
        &mut self,
        room: usize,
        batch: Vec<Pending>,
        commit: &Commit,
        calls: &[Call],
    ) -> Result<(), Violation> {
        let before = self.before(room, commit);
        let (lines, Object { host, sockets, .. }) = (&self.lines, &mut self.objects[room]);
        let is_dead = |socket| {
            let line = sockets.get(&socket).map(|&line| lines[line].phase);
            matches!(line, None | Some(Phase::Vanished | Phase::Gone))
        };
        let mut platform = Platform::new(host, &is_dead);
        platform.refuse = self.refusals > 0;
        platform.crash = self.crash;
        let result = (self.rules.perform)(&mut platform, commit);
        let Platform { sent, letters, was_early, stored, .. } = platform;
        if was_early {
            let what = "a frame or a letter left before what caused it was stored";
            return Err(Violation::new("what is told is stored", what));
        }
        if stored && batch.iter().any(|pending| matches!(pending.input, Input::AlarmFired)) {
            self.objects[room].firing = None;
        }
        match result {
            Ok(()) => Self::judge_sent(&before, &sent)?,
            Err(Stop::Refused) => {
                self.refusals -= 1;
                self.report.refusals += 1;
                if let Some(engine) = &mut self.objects[room].engine {
                    engine.reset();
                }
                return self.again(room, batch, None, Fault::Failed(Error::Storage));
            }
            Err(Stop::Crashed) => {
                self.crash = None;
                if stored {
                    self.remember(room, &batch, commit, calls)?;
                }
                self.arrive(room, sent);
                self.fail_over();
                return if stored { self.judge_stored(room) } else { Ok(()) };
            }
        }
        if !commit.writes.is_empty() || commit.alarm.is_some() {
            self.report.commits += 1;
        }
        self.remember(room, &batch, commit, calls)?;
        self.arrive(room, sent);
        let from = room;
        self.post.extend(letters.into_iter().map(|letter| super::world::Mail { from, letter }));
        self.answer(room, &batch, &commit.answers)?;
        self.judge_batch(room, &before, &batch, commit, calls)
    }

    /// Tells everyone who waits that the batch is committed.
    fn answer(
        &mut self,
        room: usize,
        batch: &[Pending],
        answers: &[Answer],
    ) -> Result<(), Violation> {
        let mut answers = answers.iter();
        for pending in batch {
            if let Input::Close { socket, .. } = pending.input {
                self.forget(room, socket);
            }
            if !pending.gives_answer() {
                continue;
            }
            let Some(answer) = answers.next() else {
                return Err(Violation::new("every call is answered", format!("{pending:?}")));
            };
            match (&pending.waits, answer) {
                (Waits::Client(line), Answer::Ok(_)) => {
                    if self.lines[*line].phase == Phase::Connecting {
                        self.lines[*line].phase = Phase::Open;
                        self.clients[*line].is_open = true;
                        self.report.connections += 1;
                    }
                }
                (Waits::Client(line), Answer::Error(_)) => self.refused(room, *line),
                (waits @ Waits::Letter { .. }, answer) => {
                    let answer = match answer {
                        Answer::Ok(value) => Ok(value.clone()),
                        Answer::Error(failure) => Err(failure.error.to_string()),
                    };
                    self.settle_letter(&waits.clone(), answer)?;
                }
                (Waits::Api | Waits::Nobody, _) => {}
            }
        }
        Ok(())
    }

    fn forget(&mut self, room: usize, socket: SocketId) {
        self.objects[room].host.forget(socket);
        if let Some(line) = self.objects[room].sockets.remove(&socket) {
            self.lines[line].phase = Phase::Gone;
        }
    }

    fn refused(&mut self, room: usize, line: usize) {
        self.report.refused += 1;
        self.objects[room].sockets.remove(&self.lines[line].socket);
        self.lines[line].phase = Phase::Gone;
    }
}

pub(super) fn start<R: Room>(rules: &Simulation<R>, name: &ObjectName) -> Box<dyn AnyRoom> {
    World::open(rules, name).expect("a room that was opened before")
}

/// Handles a batch; `at` is where it stands when a handler panics.
pub(super) fn run(
    engine: &mut dyn AnyRoom,
    host: &MemoryHost,
    batch: &mut Vec<Pending>,
    at: &mut usize,
) -> Commit {
    while let Some(pending) = batch.get_mut(*at) {
        let is_alarm = matches!(pending.input, Input::AlarmFired) && !pending.is_expanded;
        pending.is_expanded |= is_alarm;
        engine.handle(host, pending.input.clone(), pending.fault.clone());
        *at += 1;
        if is_alarm {
            let due = engine.due(host).into_iter().map(|name| Input::Alarm { name });
            let due: Vec<_> = due.map(|input| Pending::new(input, Waits::Nobody)).collect();
            batch.splice(*at..*at, due);
        }
    }
    engine.commit(host)
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
