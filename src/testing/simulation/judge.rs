//! What must hold of every room, whatever happens.

use super::Violation;
use super::place::Place;
use super::platform::expected;
use super::world::{Phase, Staying, World};
use crate::engine::Engine;
use crate::engine::observing::{Called, Ended};
use crate::host::commit::ObjectAlarm;
use crate::host::commit::{Commit, Output, Write};
use crate::host::host::Host as _;
use crate::host::input::Input;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::handler::Handler;
use crate::room::letter::Errand;
use crate::room::room::Room;
use crate::testing::host::{Delivery, MemoryHost};
use crate::testing::object::{Entry, Ran, Ready, Turn};

const CLOSES: &str = "handle_close runs once a connection";

/// How often the host is read for an input and a connection, at most.
const READS: usize = 24;

/// How many batches there are to one that is run again on a thread of its own.
const COLD: usize = 32;

/// What is known before a commit is performed.
pub(super) struct Before {
    expected: Vec<(SocketId, Option<Frame>)>,
    /// The names of the alarms that are stored.
    alarms: Vec<String>,
}

impl<R: Room> World<'_, R> {
    pub(super) fn before(&self, room: usize, commit: &Commit) -> Before {
        let host = &self.objects[room].object.host;
        let removes = commit.writes.iter().any(|write| matches!(write, Write::RemoveAlarm(_)));
        let alarms = if removes { names(host) } else { Vec::new() };
        Before { expected: expected(host, commit), alarms }
    }

    /// What a batch read follows what came, and what is on its way is not started again.
    pub(super) fn judge_ready(&self, room: usize, ready: &Ready) -> Result<(), Violation> {
        let Ready { batch, commit, reads, .. } = ready;
        let host = &self.objects[room].object.host;
        for output in &commit.outputs {
            if let Output::Deliver(letter) = output
                && host.in_flight(letter.seq)
            {
                let rule = "what is on its way is not started again";
                return Err(Violation::new(rule, format!("{letter:?}")));
            }
        }
        // Each may have to read of each who is there.
        let most = READS * (1 + batch.len()) * (1 + host.count());
        if reads.total() > most {
            let detail = format!("{} inputs, {} sockets: {reads:?}", batch.len(), host.count());
            return Err(Violation::new("what is read follows what came", detail));
        }
        Ok(())
    }

    /// A room just woken does the same as one that was awake, and the same each time: nothing that
    /// counts is kept in memory.
    pub(super) fn rehearse(&mut self, room: usize, ready: &Ready) -> Result<(), Violation> {
        self.batches += 1;
        let is_cold = self.batches.is_multiple_of(COLD) || self.rules.is_thorough;
        let Ready { batch, commit, chance, .. } = ready;
        let object = &mut self.objects[room].object;
        let (after, is_firing) = (object.host.seed(), object.is_firing());
        for (what, is_elsewhere) in [("once more", false), ("on a fresh machine", true)] {
            if is_elsewhere && !is_cold {
                continue;
            }
            object.host.reseed(*chance);
            let again = object.rehearse(batch, is_elsewhere).unwrap_or_default();
            object.host.reseed(after);
            if !are_same(&object.host, is_firing, commit, &again) {
                let again = again.0;
                let rule = "a room that slept does what one that was awake does";
                let detail = format!("{batch:#?}\nawake: {commit:#?}\n{what}: {again:#?}");
                return Err(Violation::new(rule, detail));
            }
        }
        Ok(())
    }

    /// Before it sleeps a room says what it knows; so must it when it wakes.
    pub(super) fn judge_sleep(&mut self, room: usize) -> Result<(), Violation> {
        let object = &mut self.objects[room].object;
        if object.name().room() != R::NAME || !object.is_running() {
            return Ok(());
        }
        object.put(Input::ReadState);
        object.put(Input::ReadConnections { tag: None });
        match object.next() {
            Some(Ran::Ready(ready)) => self.rehearse(room, &ready),
            _ => Ok(()),
        }
    }

    /// Everyone gets what was meant for them, in order, and nobody else anything.
    pub(super) fn judge_sent(
        before: &Before,
        sent: &[(SocketId, Delivery)],
    ) -> Result<(), Violation> {
        let mut sent: Vec<_> = sent
            .iter()
            .map(|(socket, delivery)| match delivery {
                Delivery::Frame(frame) => (*socket, Some(frame.clone())),
                Delivery::Close { .. } => (*socket, None),
            })
            .collect();
        sent.sort_by_key(|(socket, _)| *socket);
        if sent == before.expected {
            return Ok(());
        }
        let detail = format!("meant: {:#?}\nsent: {sent:#?}", before.expected);
        Err(Violation::new("everyone gets what was meant for them, in order", detail))
    }

    /// Keeps account of what a stored commit did.
    pub(super) fn remember(
        &mut self,
        room: usize,
        turn: &Turn,
        calls: &[Called],
    ) -> Result<(), Violation> {
        if self.objects[room].object.name().room() != R::NAME {
            return Ok(());
        }
        let Turn { inputs: batch, commit, .. } = turn;
        for output in &commit.outputs {
            if let Output::Accept { socket, .. } = output
                && let Some(&line) = self.objects[room].sockets.get(socket)
            {
                self.lines[line].was_accepted = true;
            }
        }
        self.count_connections(room, calls)?;
        for (nth, pending) in batch.iter().enumerate() {
            let Input::Receive { from, letter } = &pending.input else { continue };
            let is_handled = |call: &&Called| {
                call.nth == nth && call.is_from_sibling && call.ended != Ended::Failed
            };
            let times = calls.iter().filter(is_handled).count();
            if times == 0 || !matches!(letter.errand, Errand::Message { .. }) {
                continue;
            }
            let handled = self.handled.entry((from.to_string(), room, letter.seq)).or_default();
            *handled += times;
            if *handled > 1 {
                let detail = format!("{letter:?} was handled {handled} times");
                return Err(Violation::new("a letter is handled once", detail));
            }
        }
        Ok(())
    }

    pub(super) fn judge_batch(
        &mut self,
        room: usize,
        before: &Before,
        turn: &Turn,
        calls: &[Called],
    ) -> Result<(), Violation> {
        if self.objects[room].object.name().room() != R::NAME {
            return Ok(());
        }
        let Turn { inputs: batch, commit, .. } = turn;
        judge_failures(batch, commit, calls)?;
        self.judge_closes(room, batch)?;
        if let Some(gone) = self.gone_unhandled(room, before, batch, calls) {
            let detail =
                format!("{gone:?} went, and no handler that could have ended it succeeded");
            return Err(Violation::new("an alarm stays until it is handled", detail));
        }
        self.judge_stored(room)
    }

    /// An alarm that is no longer stored, though its handler has not succeeded and none cancelled it.
    fn gone_unhandled<'b>(
        &self,
        room: usize,
        before: &'b Before,
        batch: &[Entry],
        calls: &[Called],
    ) -> Option<&'b str> {
        if before.alarms.is_empty() || calls.iter().any(|call| call.ended == Ended::Changing) {
            return None;
        }
        let left = names(&self.objects[room].object.host);
        let is_handled = |name: &str| {
            let input =
                |at: usize| matches!(&batch[at].input, Input::Alarm { name: it } if it == name);
            calls.iter().any(|call| {
                call.handler == Handler::Alarm && call.ended != Ended::Failed && input(call.nth)
            })
        };
        let is_gone = |name: &&String| {
            !name.starts_with(char::is_control) && !left.contains(name) && !is_handled(name)
        };
        before.alarms.iter().find(is_gone).map(String::as_str)
    }

    /// What must hold of what is stored after any commit.
    pub(super) fn judge_stored(&mut self, room: usize) -> Result<(), Violation> {
        let object = &self.objects[room].object;
        if object.name().room() != R::NAME {
            return Ok(());
        }
        let earliest = object.host.alarms(None, 1).rows.pop().map(|alarm| alarm.at);
        if !object.is_firing() && object.host.alarm() != earliest {
            let detail = format!("alarm {:?}, earliest {earliest:?}", object.host.alarm());
            return Err(Violation::new("the alarm stands at the earliest of all", detail));
        }
        if self.rules.invariants.is_empty() {
            return Ok(());
        }
        // Engine and host as they would be after a sleep: what is stored is what counts.
        let mut engine = Engine::of::<R>(object.name().clone());
        let chance = object.host.seed();
        let broken = engine.read(&object.host, None, |cx| {
            let broken = self.rules.invariants.iter().find(|it| !(it.holds)(cx, &self.clients));
            broken.map(|it| it.name.clone())
        });
        object.host.reseed(chance);
        match broken {
            Ok(None) => Ok(()),
            Ok(Some(name)) => {
                let detail = format!("state: {}", object.host.state().unwrap_or_default());
                Err(Violation::new(name, detail))
            }
            Err(error) => Err(Violation::new("the stored state can be read", error.to_string())),
        }
    }

    /// `handle_close` runs once for each connection whose `handle_connect` succeeded, whatever fails.
    fn count_connections(&mut self, room: usize, calls: &[Called]) -> Result<(), Violation> {
        for call in calls {
            let line = call.socket.and_then(|socket| self.objects[room].sockets.get(&socket));
            let connection = match (&call.session, line) {
                (Some(session), _) => Staying::Session(session.clone()),
                (None, Some(line)) => Staying::Line(*line),
                (None, None) => continue,
            };
            let is_right = match call.handler {
                Handler::Connect if call.ended != Ended::Failed => {
                    self.staying.insert((room, connection))
                }
                Handler::Close => self.staying.remove(&(room, connection)),
                _ => true,
            };
            if !is_right {
                return Err(Violation::new(CLOSES, format!("{call:?}")));
            }
        }
        Ok(())
    }

    /// Every close is answered.
    fn judge_closes(&self, room: usize, batch: &[Entry]) -> Result<(), Violation> {
        for pending in batch {
            let Input::Close { socket, close } = &pending.input else { continue };
            // Its line left the list when the close was answered; its number is the line's for good.
            let of_socket = |(line, client): &(&super::world::Line, &super::SimulatedClient)| {
                line.socket == *socket && client.room == room && line.phase == Phase::Gone
            };
            let gone = self.lines.iter().zip(&self.clients).rev().find(of_socket);
            if let Some((_, client)) = gone
                && close.was_clean
                && client.closed.is_none()
            {
                let detail = format!("client {} waits for ever", client.number);
                return Err(Violation::new("every close is answered", detail));
            }
        }
        Ok(())
    }

    /// When those who had lost their line are back.
    pub(super) fn judge_finally(&mut self) -> Result<(), Violation> {
        for room in 0..self.rules.rooms {
            let mut engine = Engine::of::<R>(self.objects[room].object.name().clone());
            let host = &self.objects[room].object.host;
            let clients: Vec<_> =
                self.clients.iter().filter(|it| it.room == room).cloned().collect();
            let broken = engine.read(host, None, |cx| {
                let broken = self.rules.ends.iter().find(|it| !(it.holds)(cx, &clients));
                broken.map(|it| it.name.clone())
            });
            if let Ok(Some(name)) = broken {
                let heard = clients.iter().map(|it| (it.number, &it.received)).collect::<Vec<_>>();
                let state = host.stored_state();
                return Err(Violation::new(name, format!("state: {state:?}\nheard: {heard:?}")));
            }
        }
        Ok(())
    }

    /// After a year in which nothing happened: nothing is kept that nobody can ask for.
    pub(super) fn judge_rest(&mut self) -> Result<(), Violation> {
        // What is remembered of senders, and of those who came since.
        let most = 8 + 2 * self.objects.len() + 3 * super::world::VISITS;
        self.rest()?;
        for place in &self.objects {
            let kept = place.object.host.keys("\u{1}", None, usize::MAX).rows;
            if kept.len() > most {
                return Err(Violation::new("nothing grows for ever", format!("{kept:#?}")));
            }
        }
        Ok(())
    }

    /// At the end, when nothing has failed for a while.
    pub(super) fn judge_end(&mut self) -> Result<(), Violation> {
        for Place { object, .. } in &self.objects {
            if !self.post.is_empty() || !object.is_idle() {
                let detail = format!("{}: {:?}", object.name(), self.post);
                return Err(Violation::new("in the end everything is handled", detail));
            }
        }
        for room in 0..self.rules.rooms {
            let object = &mut self.objects[room].object;
            let left = object.host.keys("\u{1}letter/", None, 9).rows;
            if !left.is_empty() {
                return Err(Violation::new(
                    "in the end everything is handled",
                    format!("{left:?}"),
                ));
            }
            let there =
                object.read::<R, _>(None, |cx| cx.connections().count()).unwrap_or_default();
            let staying: Vec<_> = self.staying.iter().filter(|(at, _)| *at == room).collect();
            if staying.len() != there {
                let detail = format!("{there} are there, of these: {staying:?}");
                return Err(Violation::new(CLOSES, detail));
            }
        }
        for (line, client) in self.lines.iter().zip(&self.clients) {
            if let Some(speaker) = &line.speaker {
                speaker.judge(client.number, &self.objects[client.room].object.host)?;
            }
        }
        Ok(())
    }
}

/// Whether two commits do the same, one of a room that was awake, the other of one that woke and may have
/// stored something first. One may set the alarm to where it stands; while it goes off, it stands nowhere,
/// and who has just woken sets it anew.
fn are_same(
    host: &MemoryHost,
    is_firing: bool,
    one: &Commit,
    (other, woken): &(Commit, Option<MemoryHost>),
) -> bool {
    let woken = woken.as_ref().unwrap_or(host);
    let alarm = |host: &MemoryHost, commit: &Commit| match commit.alarm {
        Some(ObjectAlarm::Set(at)) => Some(at),
        Some(ObjectAlarm::Delete) => None,
        None => host.alarm(),
    };
    let stored = |host: &MemoryHost, commit: &Commit| {
        let mut host = host.clone();
        host.store(commit).map(|()| host.stored()).ok()
    };
    (is_firing || alarm(host, one) == alarm(woken, other))
        && (one.writes == other.writes || stored(host, one) == stored(woken, other))
        && (one.outputs == other.outputs || are_heard_alike(host, one, other))
        && one.answers == other.answers
        && one.errors == other.errors
}

/// Whether all that is there hear the same: to whom a frame that reaches nobody was addressed says
/// nothing.
fn are_heard_alike(host: &MemoryHost, one: &Commit, other: &Commit) -> bool {
    let is_silent = |it: &&Output| !matches!(it, Output::Send { .. } | Output::Broadcast { .. });
    let silent = |commit: &Commit| -> Vec<Output> {
        commit.outputs.iter().filter(is_silent).cloned().collect()
    };
    silent(one) == silent(other) && expected(host, one) == expected(host, other)
}

/// A handler that failed changed nothing.
fn judge_failures(batch: &[Entry], commit: &Commit, calls: &[Called]) -> Result<(), Violation> {
    let has_changed = calls.iter().any(|call| call.ended == Ended::Changing);
    let has_failed = calls.iter().any(|call| call.ended == Ended::Failed);
    if !has_failed || has_changed {
        return Ok(());
    }
    let is_own = |name: &str| name.starts_with(char::is_control);
    // One that comes again and again is written anew each time; one that goes is judged elsewhere.
    let rang = |call: &Called| call.handler == Handler::Alarm && call.ended == Ended::Telling;
    let has_rung = calls.iter().any(rang);
    // The next try of an alarm is written down, and what the engine keeps for itself.
    let is_change = |write: &&Write| match write {
        Write::Alarm(alarm) => alarm.failures == 0 && !is_own(&alarm.name) && !has_rung,
        Write::RemoveAlarm(_) => false,
        Write::Value { key, .. } | Write::RemoveValue(key) => !is_own(key),
        // The log has what clients are told, errors among it.
        Write::Append { history, .. }
        | Write::Trim { history, .. }
        | Write::Ends { history, .. } => !is_own(history),
        _ => true,
    };
    match commit.writes.iter().find(is_change) {
        Some(write) => {
            let detail = format!("{write:?} came of {batch:#?}");
            Err(Violation::new("a handler that fails changes nothing", detail))
        }
        None => Ok(()),
    }
}

fn names(host: &MemoryHost) -> Vec<String> {
    host.alarms(None, usize::MAX).rows.into_iter().map(|alarm| alarm.name).collect()
}
