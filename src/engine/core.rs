//! The engine: one room, awake.

use std::mem;

use crate::engine::Turn;
use crate::engine::alarms::Clock;
use crate::engine::attachment::Codec;
use crate::engine::batch::Batch;
use crate::engine::calling::RoomCode;
use crate::engine::connections::Connections;
use crate::engine::handlers::{Handlers, Traits, Typed};
use crate::engine::observing;
use crate::engine::outbox::Outbox;
use crate::engine::overlay::Changes;
use crate::engine::sessions::Sessions;
use crate::engine::sight::{About, Sight};
use crate::host::commit::Commit;
use crate::host::host::Host;
use crate::host::input::{Fault, Input};
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::error::Result;
use crate::room::liveness::AutoResponse;
use crate::room::object_name::ObjectName;
use crate::room::room::Room;

type Siblings = Box<dyn Fn(&str) -> Result<()>>;

/// One room, awake: takes inputs, gives commits. Compiled once, for all rooms.
///
/// **Every input is handled to its end, and all that a batch of inputs did comes out of
/// [`commit`](Engine::commit) at once; the host performs it, to the end, before the next input.**
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::MemoryHost;
/// use dormouse::host::Answer;
/// use dormouse::{Engine, Input, ObjectName};
///
/// let host = MemoryHost::new();
/// let mut engine = Engine::of::<Chat>(ObjectName::new("chat", "lounge").unwrap());
/// engine.handle(&host, Input::ReadState);
/// assert_eq!(engine.commit(&host).answers, [Answer::Ok(serde_json::Value::Null)]);
/// ```
pub struct Engine {
    pub(super) object: ObjectName,
    /// Whether there is a room of a name that letters can go to, if that is known.
    pub(super) siblings: Option<Siblings>,
    pub(super) room: RoomCode,
    pub(super) traits: Traits,
    pub(super) connections: Connections,
    pub(super) sessions: Sessions,
    pub(super) outbox: Outbox,
    pub(super) clock: Clock,
    pub(super) changes: Changes,
    pub(super) batch: Batch,
    /// Whether those were looked for whose sockets a crash has taken.
    has_looked: bool,
}

impl Engine {
    /// A room as it is just after waking: nothing has been read.
    pub fn of<R: Room>(object: ObjectName) -> Self {
        Self::with(object, Traits::of::<R>(), Box::new(Typed::<R>::new()), Codec::of::<R>())
    }

    fn with(object: ObjectName, traits: Traits, room: Box<dyn Handlers>, codec: Codec) -> Self {
        Self {
            object,
            siblings: None,
            room: RoomCode::new(room),
            traits,
            connections: Connections::new(codec, traits.resume.is_some()),
            sessions: Sessions::default(),
            outbox: Outbox::default(),
            clock: Clock::default(),
            changes: Changes::default(),
            batch: Batch::new(),
            has_looked: false,
        }
    }

    /// The same among other rooms: a letter to an object's name that this finds wrong is refused with its
    /// error. [`Registry::checks`](crate::Registry::checks) gives one.
    pub fn among(self, check: impl Fn(&str) -> Result<()> + 'static) -> Self {
        Self { siblings: Some(Box::new(check)), ..self }
    }

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
        self.room.begin(fault.clone());
        let is_blind = fault.is_blind();
        if !is_blind && !mem::replace(&mut self.has_looked, true) {
            self.on(host).find_lost();
        }
        self.on(host).run(&input);
        if is_blind {
            self.connections.read_anew();
        }
        self.batch.inputs.push((input, fault));
    }

    /// The names of what is due, in the order of their turns; at most
    /// [`ALARMS_A_COMMIT`](crate::limits::ALARMS_A_COMMIT) alarms. Each is to be an
    /// [`Input::Alarm`](crate::Input::Alarm).
    pub fn due(&mut self, host: &dyn Host) -> Vec<String> {
        self.on(host).due()
    }

    /// Ends the batch: all that its inputs did.
    pub fn commit(&mut self, host: &dyn Host) -> Commit {
        loop {
            let strict = match self.batch.redo.take() {
                Some((index, error)) => {
                    self.batch.inputs[index].1.and_failed(error);
                    false
                }
                None => match self.on(host).finish() {
                    Ok(commit) => return commit,
                    Err(_) => true,
                },
            };
            let inputs = mem::take(&mut self.batch.inputs);
            self.reset();
            observing::anew();
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
        self.sessions = Sessions::default();
        self.outbox = Outbox::default();
        self.clock = Clock::default();
        self.changes = Changes::default();
        self.batch = Batch::new();
        self.has_looked = false;
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
        self.room.begin(Fault::None);
        self.room.load(host)?;
        let sender = socket.and_then(|it| self.connections.get(&self.changes.over(host), it));
        let room = self.room.as_any().downcast_ref::<Typed<R>>();
        let state = room.expect("the room that the engine was made for").state.get();
        let about = About { sender: sender.as_ref(), ..About::default() };
        Ok(look(&Context::new(&self.sight(host, about), state)))
    }

    pub(super) fn sight<'a>(&'a self, host: &'a dyn Host, about: About<'a>) -> Sight<'a> {
        Sight { engine: self, world: self.changes.over(host), about }
    }

    fn on<'a>(&'a mut self, host: &'a dyn Host) -> Turn<'a> {
        Turn { engine: self, host }
    }
}
