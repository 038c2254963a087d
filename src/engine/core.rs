//! The engine without its room's types: compiled once, for all rooms.

use std::any::Any;
use std::mem;

use super::batch::Batch;
use crate::engine::attachment::Codec;
use crate::engine::connections::Connections;
use crate::engine::handlers::{Handlers, Traits, Typed};
use crate::engine::session::Sessions;
use crate::host::commit::{Commit, Output, Write};
use crate::host::host::Host;
use crate::host::input::{Fault, Input};
use crate::registry::{ObjectName, Registry};
use crate::room::close::CloseCode;
use crate::room::connection::{Handle, SocketId};
use crate::room::context::{Context, Turn, View};
use crate::room::error::Result;
use crate::room::history::Histories;
use crate::room::keyed::Values;
use crate::room::liveness::AutoResponse;
use crate::room::room::Room;
use crate::room::schedule::Retry;
use crate::room::schedule::{Schedule, ScheduleChange};

/// One room, awake: takes inputs, gives commits. Compiled once, for all rooms.
///
/// **Every input is handled to its end, and all that a batch of inputs did comes out of
/// [`commit`](Engine::commit) at once; the host performs it, to the end, before the next input.**
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::MemoryHost;
/// use dormouse::{Answer, Engine, Input, ObjectName};
///
/// let host = MemoryHost::new();
/// let mut engine = Engine::of::<Chat>(ObjectName::new("chat", "lounge").unwrap());
/// engine.handle(&host, Input::ReadState);
/// assert_eq!(engine.commit(&host).answers, [Answer::Ok(serde_json::Value::Null)]);
/// ```
pub struct Engine {
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

impl Engine {
    /// A room as it is just after waking: nothing has been read.
    pub fn of<R: Room>(object: ObjectName) -> Self {
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

    /// The same among these rooms: letters to others are refused.
    pub fn among(self, siblings: Registry) -> Self {
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
            Some(event) => Write::Alarm(event),
            None => Write::RemoveAlarm(name),
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

impl Engine {
    /// [`Room::MAX_FRAME_BYTES`].
    pub fn max_frame_bytes(&self) -> usize {
        self.traits.max_frame_bytes
    }

    /// [`Room::AUTO_RESPONSE`].
    pub fn auto_response(&self) -> Option<AutoResponse> {
        self.traits.auto_response
    }

    /// Handles one input. What it does is gathered for the [`commit`](Engine::commit).
    pub fn handle(&mut self, host: &dyn Host, input: Input) {
        self.handle_again(host, input, Fault::None);
    }

    /// Handles an input that failed before.
    pub fn handle_again(&mut self, host: &dyn Host, input: Input, fault: Fault) {
        self.run(host, &input, &fault);
        self.batch.inputs.push((input, fault));
    }

    /// The names of the alarms that are due, in the order of their turns;
    /// [`ALARMS_A_COMMIT`](crate::limits::ALARMS_A_COMMIT) at most.
    pub fn due(&self, host: &dyn Host) -> Vec<String> {
        self.schedule.due(host)
    }

    /// Ends the batch: all that its inputs did.
    pub fn commit(&mut self, host: &dyn Host) -> Commit {
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
                self.handle_again(host, input, fault);
            }
        }
    }

    /// Forgets everything since the last commit, and all that was read before: what the host has
    /// stored is the truth. For a host whose transaction failed.
    pub fn reset(&mut self) {
        self.room.reset();
        self.connections.reset();
        self.schedule = Schedule::default();
        self.histories = Histories::default();
        self.values = Values::default();
        self.sessions = Sessions::default();
        self.batch = Batch::new();
    }

    /// Calls something with the context of a connection. For tests and inspection.
    ///
    /// # Errors
    /// [`Error::StateUnreadable`](crate::Error::StateUnreadable).
    ///
    /// # Panics
    /// If it is another room's engine.
    pub fn read<R: Room, T>(
        &mut self,
        host: &dyn Host,
        socket: Option<SocketId>,
        look: impl FnOnce(&Context<'_, R>) -> T,
    ) -> Result<T> {
        self.room.load(host)?;
        let sender = socket.and_then(|socket| self.connections.get(host, socket));
        let room: &dyn Any = &*self.room;
        let room = room.downcast_ref::<Typed<R>>().expect("the room that the engine was made for");
        let view = self.view(host, About { sender: sender.as_ref(), ..About::default() });
        Ok(look(&Context::new(&view, room.state.get())))
    }
}
