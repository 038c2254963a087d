//! The engine without its room's types: compiled once, for all rooms.

use std::mem;

use super::batch::Batch;
use crate::engine::attachment::Codec;
use crate::host::commit::{Commit, Output, Write};
use crate::room::connection::Handle;
use crate::engine::connections::Connections;
use crate::room::context::{Turn, View};
use crate::engine::handlers::{Handlers, Traits, Typed};
use crate::room::history::Histories;
use crate::room::keyed::Values;
use crate::registry::{ObjectName, Registry};
use crate::room::schedule::{Schedule, ScheduleChange};
use crate::engine::session::Sessions;
use crate::host::host::Host;
use crate::host::input::{Fault, Input};
use crate::registry::AnyRoom;
use crate::room::close::CloseCode;
use crate::room::error::Result;
use crate::room::liveness::AutoResponse;
use crate::room::room::Room;
use crate::room::schedule::Retry;

/// An engine, whatever its room.
pub(crate) struct Core {
    pub(super) object: ObjectName,
    /// The rooms that letters can go to, if that is known.
    pub(super) siblings: Option<Registry>,
    pub(super) room: Box<dyn Handlers>,
    pub(super) traits: Traits,
    pub(super) connections: Connections,
    pub(super) schedule: Schedule,
    pub(super) histories: Histories,
    pub(super) values: Values,
    pub(super) sessions: Sessions,
    pub(super) batch: Batch,
}

/// What an input is about.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) sender: Option<&'a Handle>,
    pub(super) sibling: Option<&'a ObjectName>,
    pub(super) retry: Option<&'a Retry>,
}

impl<'a> From<&'a Handle> for About<'a> {
    fn from(sender: &'a Handle) -> Self {
        Self { sender: Some(sender), ..Self::default() }
    }
}

impl Core {
    pub(crate) fn new<R: Room>(object: ObjectName) -> Self {
        Self {
            object,
            siblings: None,
            room: Box::new(Typed::<R>::new()),
            traits: Traits::of::<R>(),
            connections: Connections::new(Codec::of::<R>()),
            schedule: Schedule::default(),
            histories: Histories::default(),
            values: Values::default(),
            sessions: Sessions::default(),
            batch: Batch::new(),
        }
    }

    pub(crate) fn among(self, siblings: Registry) -> Self {
        Self { siblings: Some(siblings), ..self }
    }

    /// What a handler may read.
    pub(super) fn view<'a>(&'a self, host: &'a dyn Host, about: About<'a>) -> View<'a> {
        let About { sender, sibling, retry } = about;
        View {
            host,
            object: &self.object,
            traits: &self.traits,
            connections: &self.connections,
            schedule: &self.schedule,
            histories: &self.histories,
            values: &self.values,
            sibling,
            sender,
            retry,
            turn: Turn { pass: self.batch.pass, nth: self.batch.inputs.len() },
            siblings: self.siblings,
            hops: self.batch.hops,
        }
    }

    fn finish(&mut self, host: &dyn Host) -> Result<Commit> {
        let mut commit = Commit::default();
        if self.batch.purged {
            commit.writes.push(Write::Purge);
        }
        if let Some(state) = self.room.take_state()? {
            commit.writes.push(Write::State(state));
        }
        self.settle_all();
        let (attachments, unreadable) = self.connections.take();
        self.store_sessions(host, &attachments);
        let ScheduleChange { events, alarm } = self.schedule.take(host);
        commit.alarm = alarm;
        commit.writes.extend(events.into_iter().map(|(name, event)| match event {
            Some(event) => Write::Event(event),
            None => Write::RemoveEvent(name),
        }));
        for (name, change) in self.histories.take() {
            Write::add_history(&mut commit.writes, name, change);
        }
        commit.writes.extend(self.values.take().into_iter().map(|(key, value)| match value {
            Some(value) => Write::Value { key, value },
            None => Write::RemoveValue(key),
        }));
        let mut batch = mem::replace(&mut self.batch, Batch::new());
        // Its memory serves the next batch.
        batch.inputs.clear();
        self.batch.inputs = batch.inputs;
        commit.outputs = batch.outputs;
        commit.outputs.extend(
            attachments
                .into_iter()
                .map(|(socket, attachment)| Output::Attach { socket, attachment }),
        );
        commit.outputs.extend(unreadable.into_iter().map(|(socket, ())| Output::Close {
            socket,
            code: CloseCode::UNEXPECTED,
            reason: "this connection's state cannot be read".to_owned(),
        }));
        commit.answers = batch.answers;
        commit.errors = batch.errors;
        Ok(commit)
    }
}

impl AnyRoom for Core {
    fn max_frame_bytes(&self) -> usize {
        self.traits.max_frame_bytes
    }

    fn auto_response(&self) -> Option<AutoResponse> {
        self.traits.auto_response
    }

    fn handle(&mut self, host: &dyn Host, input: Input, fault: Fault) {
        self.run(host, &input, &fault);
        self.batch.inputs.push((input, fault));
    }

    fn due(&self, host: &dyn Host) -> Vec<String> {
        self.schedule.due(host)
    }

    fn commit(&mut self, host: &dyn Host) -> Commit {
        loop {
            let strict = match self.batch.redo.take() {
                Some((index, error)) => {
                    self.batch.inputs[index].1 = Fault::Failed(error);
                    false
                }
                None => match self.finish(host) {
                    Ok(commit) => return commit,
                    Err(_) => true,
                },
            };
            let inputs = mem::take(&mut self.batch.inputs);
            let pass = self.batch.pass + 1;
            self.reset();
            self.batch.pass = pass;
            if strict {
                self.room.be_strict();
            }
            for (input, fault) in inputs {
                self.handle(host, input, fault);
            }
        }
    }

    fn reset(&mut self) {
        self.room.reset();
        self.connections.reset();
        self.schedule = Schedule::default();
        self.histories = Histories::default();
        self.values = Values::default();
        self.sessions = Sessions::default();
        self.batch = Batch::new();
    }
}
