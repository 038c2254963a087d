//! From inputs to a commit: decodes, calls handlers, checks effects, gathers what is to be done.

mod batch;
mod closing;
mod connecting;
mod logging;
mod performing;
mod posting;
mod presence;
mod resuming;
mod settling;
mod staying;
mod sweeping;
mod turn;

use std::any::Any;
use std::marker::PhantomData;
use std::mem;

use batch::Batch;

use crate::attachment::Codec;
use crate::commit::{Commit, Output, Write};
use crate::connection::Handle;
use crate::connections::Connections;
use crate::context::{Turn, View};
use crate::handlers::{Handlers, Traits, Typed};
use crate::history::Histories;
use crate::keyed::Values;
use crate::registry::{ObjectName, Registry};
use crate::schedule::{Schedule, ScheduleChange};
use crate::session::Sessions;
use crate::{
    AnyRoom, AutoResponse, CloseCode, Context, Fault, Host, Input, Result, Retry, Room, SocketId,
};

/// One room, awake: takes inputs, gives commits.
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
/// let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
/// engine.handle(&host, Input::ReadState);
/// assert_eq!(engine.commit(&host).answers, [Answer::Ok(serde_json::Value::Null)]);
/// ```
pub struct Engine<R: Room> {
    core: Core,
    room: PhantomData<R>,
}

/// An engine, whatever its room.
pub(crate) struct Core {
    object: ObjectName,
    /// The rooms that letters can go to, if that is known.
    siblings: Option<Registry>,
    room: Box<dyn Handlers>,
    traits: Traits,
    connections: Connections,
    schedule: Schedule,
    histories: Histories,
    values: Values,
    sessions: Sessions,
    batch: Batch,
}

impl<R: Room> Engine<R> {
    /// A room as it is just after waking: nothing has been read.
    ///
    /// ```
    /// use dormouse::{Engine, ObjectName, rooms::Chat};
    /// let engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// ```
    pub fn new(object: ObjectName) -> Self {
        Self { core: Core::new::<R>(object), room: PhantomData }
    }

    /// The same among these rooms: letters to others are refused.
    ///
    /// ```
    /// use dormouse::rooms::{Chat, ROOMS};
    /// use dormouse::{Engine, ObjectName};
    /// let name = ObjectName::new("chat", "lounge").unwrap();
    /// let engine = Engine::<Chat>::new(name).among(ROOMS);
    /// ```
    pub fn among(self, siblings: Registry) -> Self {
        Self { core: self.core.among(siblings), ..self }
    }

    /// Handles one input. What it does is gathered for the [`commit`](Engine::commit).
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Engine, Fault, Input, ObjectName, SocketId, Upgrade};
    /// # let host = MemoryHost::new();
    /// # let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// # let connect = Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() };
    /// engine.handle(&host, connect);
    /// assert_eq!(engine.commit(&host).answers.len(), 1);
    /// ```
    pub fn handle(&mut self, host: &dyn Host, input: Input) {
        self.handle_again(host, input, Fault::None);
    }

    /// Handles an input that came to grief before.
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Engine, Fault, Input, ObjectName, SocketId, Upgrade};
    /// # let host = MemoryHost::new();
    /// # let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// # let connect = Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() };
    /// engine.handle_again(&host, connect, Fault::Handler);
    /// assert!(engine.commit(&host).writes.is_empty(), "the handler was not called");
    /// ```
    pub fn handle_again(&mut self, host: &dyn Host, input: Input, fault: Fault) {
        self.core.handle(host, input, fault);
    }

    /// The names of the events that are due, in the order of their turns;
    /// [`EVENTS_A_COMMIT`](crate::limits::EVENTS_A_COMMIT) at most.
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Engine, Fault, Input, ObjectName, SocketId, Upgrade};
    /// # let host = MemoryHost::new();
    /// # let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// # let connect = Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() };
    /// assert!(engine.due(&host).is_empty());
    /// ```
    pub fn due(&self, host: &dyn Host) -> Vec<String> {
        self.core.due(host)
    }

    /// Ends the batch: all that its inputs did.
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Engine, Fault, Input, ObjectName, SocketId, Upgrade};
    /// # let host = MemoryHost::new();
    /// # let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// # let connect = Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() };
    /// engine.handle(&host, connect);
    /// assert!(!engine.commit(&host).writes.is_empty());
    /// assert!(engine.commit(&host).writes.is_empty(), "all of it came out before");
    /// ```
    pub fn commit(&mut self, host: &dyn Host) -> Commit {
        self.core.commit(host)
    }

    /// Forgets everything since the last commit, and all that was read before: what the host has
    /// stored is the truth. For a host whose transaction failed.
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Engine, Fault, Input, ObjectName, SocketId, Upgrade};
    /// # let host = MemoryHost::new();
    /// # let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// # let connect = Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() };
    /// engine.handle(&host, connect);
    /// engine.reset();
    /// assert!(engine.commit(&host).writes.is_empty());
    /// ```
    pub fn reset(&mut self) {
        self.core.reset();
    }

    /// Calls something with the context of a connection. For tests and inspection.
    ///
    /// # Errors
    /// [`Error::StateUnreadable`](crate::Error::StateUnreadable).
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::MemoryHost;
    /// # use dormouse::{Engine, Fault, Input, ObjectName, SocketId, Upgrade};
    /// # let host = MemoryHost::new();
    /// # let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// # let connect = Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() };
    /// assert_eq!(engine.read(&host, None, |cx| cx.count()), Ok(0));
    /// ```
    #[allow(clippy::missing_panics_doc, reason = "the room is the one it was made for")]
    pub fn read<T>(
        &mut self,
        host: &dyn Host,
        socket: Option<SocketId>,
        look: impl FnOnce(&Context<'_, R>) -> T,
    ) -> Result<T> {
        let core = &mut self.core;
        core.room.load(host)?;
        let sender = socket.and_then(|socket| core.connections.get(host, socket));
        let room: &dyn Any = &*core.room;
        let room = room.downcast_ref::<Typed<R>>().expect("the room that the engine was made for");
        let view = core.view(host, About { sender: sender.as_ref(), ..About::default() });
        Ok(look(&Context::new(&view, room.state.get())))
    }
}

/// What an input is about.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    sender: Option<&'a Handle>,
    sibling: Option<&'a ObjectName>,
    retry: Option<&'a Retry>,
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

    fn view<'a>(&'a self, host: &'a dyn Host, about: About<'a>) -> View<'a> {
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
            commit.writes.extend(Write::of_history(name, change));
        }
        commit.writes.extend(self.values.take().into_iter().map(|(key, value)| match value {
            Some(value) => Write::Value { key, value },
            None => Write::RemoveValue(key),
        }));
        let batch = mem::replace(&mut self.batch, Batch::new());
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
