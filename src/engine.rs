//! From inputs to a commit: decodes, calls handlers, checks effects, gathers what is to be done.

pub(crate) mod attachment;
mod batch;
pub(crate) mod check;
mod closing;
mod connecting;
pub(crate) mod connections;
mod core;
pub(crate) mod envelope;
pub(crate) mod handlers;
mod logging;
pub(crate) mod migrate;
mod performing;
mod posting;
mod presence;
mod resuming;
pub(crate) mod session;
mod settling;
pub(crate) mod sorted;
pub(crate) mod state;
mod staying;
mod sweeping;
mod turn;

use std::any::Any;
use std::marker::PhantomData;

use self::core::About;
pub(crate) use self::core::Core;

use crate::host::commit::Commit;
use crate::engine::handlers::Typed;
use crate::registry::{ObjectName, Registry};
use crate::host::host::Host;
use crate::host::input::{Fault, Input};
use crate::registry::AnyRoom;
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::error::Result;
use crate::room::room::Room;

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
