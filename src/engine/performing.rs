//! From a list of effects to what the commit will say.

use crate::engine::Turn;
use crate::engine::check::Step;
use crate::engine::connections::away_key;
use crate::engine::envelope;
use crate::engine::handlers::{Call, Done};
use crate::engine::sessions::Place;
use crate::engine::sight::About;
use crate::host::commit::{Listeners, Output};
use crate::room::audience::{Among, Audience};
use crate::room::connection::{Connection, Handle, SocketId, Target};
use crate::room::error::Result;
use crate::room::frame::Frame;
use crate::room::tag::Tag;

impl Turn<'_> {
    /// Calls a handler. What it wants was found good, and is still to be performed.
    pub(super) fn call(&mut self, about: About<'_>, call: Call<'_>) -> Result<Vec<Step>> {
        let done = self.engine.room.call(&self.sight(about), call)?;
        self.good(done)
    }

    /// The last that can fail: the rows of what is said, and the state.
    pub(super) fn good(&mut self, done: Done) -> Result<Vec<Step>> {
        let Done { changes, mut steps } = done;
        for step in &mut steps {
            if let Step::Send { to, frame, row } = step {
                *row = self.row(to, frame)?;
            }
        }
        self.engine.room.change(changes)?;
        Ok(steps)
    }

    pub(super) fn perform(&mut self, steps: Vec<Step>) {
        let mut closes = Vec::new();
        for step in steps {
            let (changes, host) = (&mut self.engine.changes, self.host);
            match step {
                Step::Send { to, frame, row } => self.send(&to, frame, row),
                Step::Connection { connection, text, retagged } => {
                    self.change_connection(&connection, text, &retagged);
                }
                Step::Close { connections, code, reason } => {
                    closes.push((connections, code, reason));
                }
                Step::Schedule(alarm) => changes.put_alarm(alarm),
                Step::Cancel(name) => changes.remove_alarm(host, &name),
                Step::Append { history, row } => drop(changes.append(host, history, row)),
                Step::Trim { history, keep } => changes.trim(host, history, keep),
                Step::Put { key, value } => changes.put_value(key, value),
                Step::Delete(key) => changes.remove_value(host, &key),
                Step::Post { errand, about } => self.post(errand, about),
                Step::Purge => self.purge(),
            }
        }
        for (connections, code, reason) in closes {
            for connection in connections {
                self.end(connection, code, &reason);
            }
        }
    }

    /// Everything stored is gone, but what must be known for the promises to hold: who is connected,
    /// and which letters came.
    fn purge(&mut self) {
        let (sessions, mail) = (self.all_sessions(), self.mail());
        self.engine.connections.read_retagged(&self.world());
        self.engine.changes.purge();
        self.keep_mail(mail);
        self.engine.connections.keep_retagged(&mut self.engine.changes);
        self.keep_sessions(sessions);
        // The sockets stay, and someone has to look after them.
        self.plan_sweep();
    }

    fn change_connection(&mut self, connection: &Handle, text: String, retagged: &[Tag]) {
        if self.is_over(connection) {
            return;
        }
        let session = connection.session().cloned();
        if let (Some(session), false) = (&session, retagged.is_empty()) {
            let last = self.last_said();
            let tags = connection.tags();
            let world = self.engine.changes.over(self.host);
            self.engine.sessions.update(&world, session, |known| known.wear(last, tags));
        }
        if connection.is_here() {
            self.engine.connections.retag(&mut self.engine.changes, self.host, retagged);
            self.engine.connections.replace(&mut self.engine.changes, connection.clone(), text);
        } else if let Some(session) = &session {
            let world = self.engine.changes.over(self.host);
            let until = self.engine.sessions.get(&world, session).map(|known| known.until);
            self.engine.changes.put_value(away_key(until.unwrap_or_default(), session), text);
            self.engine.connections.went_away(connection.clone());
        }
    }

    /// Whether a connection has ended since a handler saw it.
    pub(super) fn is_over(&mut self, connection: &Handle) -> bool {
        if connection.is_here() {
            return self.engine.changes.is_over(connection.socket());
        }
        let world = self.engine.changes.over(self.host);
        let session = connection.session();
        let known = session.and_then(|session| self.engine.sessions.get(&world, session));
        known.is_none_or(|known| known.place != Place::Away)
    }

    /// One output for an audience, or two where some of it speak the protocol: they are told apart by
    /// the platform's tag, so that a broadcast costs no list of sockets.
    pub(super) fn send(&mut self, to: &Audience, frame: Frame, row: Option<String>) {
        let number = row.map(|row| self.log(row));
        let changes = &self.engine.changes;
        let open = |target: &Target| {
            let socket = target.socket;
            (socket != SocketId::NONE && !changes.is_over(socket)).then_some(socket)
        };
        let except: Vec<_> = to.except.iter().filter_map(open).collect();
        let listed: Vec<SocketId> = match &to.among {
            Among::Only(targets) => targets.iter().filter_map(open).collect(),
            Among::Id(id) => {
                sockets_of(&self.engine.connections.with_id(&self.world(), id.as_str()))
            }
            Among::Tagged(tag) if self.engine.connections.is_retagged(&self.world(), tag) => {
                sockets_of(&self.engine.connections.tagged(&self.world(), tag))
            }
            Among::Everyone => return self.broadcast_to(None, &except, frame, number),
            Among::Tagged(tag) => {
                return self.broadcast_to(Some(tag), &except, frame, number);
            }
        };
        let listed = listed.into_iter().filter(|socket| !except.contains(socket));
        let any_speaks = self.any_speaks();
        let world = self.engine.changes.over(self.host);
        let connections = &self.engine.connections;
        let speaks = |socket: &SocketId| {
            any_speaks
                && connections.get(&world, *socket).is_some_and(|connection| connection.speaks())
        };
        let (enveloped, plain): (Vec<_>, Vec<_>) = listed.partition(speaks);
        if !enveloped.is_empty() {
            let frame = envelope::message(number.unwrap_or(0), &frame);
            self.engine.batch.outputs.push(Output::Send { sockets: enveloped, frame });
        }
        if !plain.is_empty() {
            self.engine.batch.outputs.push(Output::Send { sockets: plain, frame });
        }
    }

    /// Whether anybody may speak the protocol. Asked of what is stored first: to list the sockets costs as
    /// many as there are. They may be of a version that kept no sessions.
    pub(super) fn any_speaks(&mut self) -> bool {
        let world = self.engine.changes.over(self.host);
        let keeps = self.engine.traits.resume.is_some();
        (keeps && self.engine.sessions.any(&world)) || self.engine.connections.any_enveloped(&world)
    }

    fn broadcast_to(
        &mut self,
        tag: Option<&Tag>,
        except: &[SocketId],
        frame: Frame,
        number: Option<u64>,
    ) {
        let any_speaks = self.any_speaks();
        let mut push = |frame, to| {
            let (tag, except) = (tag.cloned(), except.to_vec());
            self.engine.batch.outputs.push(Output::Broadcast { tag, except, frame, to });
        };
        if !any_speaks {
            return push(frame, Listeners::All);
        }
        push(envelope::message(number.unwrap_or(0), &frame), Listeners::Enveloped);
        push(frame, Listeners::Plain);
    }
}

fn sockets_of(connections: &[Handle]) -> Vec<SocketId> {
    let here = connections.iter().filter(|connection| connection.is_here());
    here.map(Connection::socket).collect()
}
