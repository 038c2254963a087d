//! What happens to a room.

use crate::host::letter::{Delivered, Letter};
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::error::Error;
use crate::room::frame::Frame;
use crate::room::object_name::ObjectName;
use crate::room::time::Timestamp;
use crate::room::upgrade::Upgrade;

/// Something that happens to a room.
///
/// ```
/// use dormouse::{Frame, Input, SocketId};
/// let said = Input::Message { socket: SocketId(1), frame: Frame::Text("hello".into()) };
/// ```
#[derive(Clone, Debug)]
pub enum Input {
    /// Someone wants to connect. Gives an answer: `null`, the subprotocol that was
    /// chosen, or why not.
    Connect {
        /// The socket, not yet accepted.
        socket: SocketId,
        /// What the Worker gave for it.
        upgrade: Upgrade,
    },
    /// A frame came.
    Message {
        /// From which socket.
        socket: SocketId,
        /// The frame.
        frame: Frame,
    },
    /// A frame came that is over the room's limit; its payload was not read.
    Oversize {
        /// From which socket.
        socket: SocketId,
        /// At least how many bytes it has.
        size: usize,
    },
    /// A socket is closing, or is gone.
    Close {
        /// Which socket.
        socket: SocketId,
        /// How.
        close: Close,
    },
    /// The object's alarm went off. The alarms that are due follow as inputs of their own.
    AlarmFired,
    /// An alarm's turn.
    Alarm {
        /// Its name.
        name: String,
    },
    /// After waking: where the platform says that the alarm stands.
    AlarmStands {
        /// The time; none if there is no alarm.
        at: Option<Timestamp>,
    },
    /// An API call's message, as JSON. Gives an answer: `null`, or the error.
    Send {
        /// The message.
        json: String,
    },
    /// An API call's message to all connections, or those with a tag. Gives an answer: `null`, or
    /// the error.
    Broadcast {
        /// The message, as JSON.
        json: String,
        /// Only to those with this tag.
        tag: Option<String>,
    },
    /// A letter came from a room. Gives an answer: `null`, the state it asked for, or the error.
    Receive {
        /// The room that sent it.
        from: ObjectName,
        /// The letter.
        letter: Letter,
    },
    /// How the delivery of a letter went.
    Delivered {
        /// The letter's number.
        seq: u64,
        /// How it went.
        delivered: Delivered,
    },
    /// An API call for the state. Gives an answer: the state or `null`.
    ReadState,
    /// An API call for the number of connections. Gives an answer: the number.
    ReadCount,
    /// An API call for the connections. Gives an answer: a list of `{id, tags, state, connectedAt}`,
    /// with `away: true` for one that is.
    ReadConnections {
        /// Only those with this tag.
        tag: Option<String>,
    },
}

/// Calls are counted from 0; what reads or writes a text has this bit.
pub(crate) const OF_A_TEXT: u32 = 1 << 31;

/// All that reads or writes a text. One less than 2³² − 1, which means that nothing is running.
pub(crate) const ANY_TEXT: u32 = u32::MAX - 1;

/// What is known of an input that failed before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Calls into the room's code that panicked, counted from 0 within the input: they are not made, and
    /// count as [`Error::Panicked`]. See [`calling`](crate::host::calling).
    Calls(Vec<u32>),
    /// No code of the room is called for it.
    All,
    /// Its handlers are not called; this is their error.
    Failed(Error),
}

impl Fault {
    /// Whether no connection can be read: nothing is to be concluded of any.
    pub(crate) fn is_blind(&self) -> bool {
        matches!(self, Self::Calls(calls) if calls.contains(&ANY_TEXT))
    }

    /// The same, and its handlers fail with an error. What panicked before is not called again.
    pub(crate) fn and_failed(&mut self, error: Error) {
        *self = match std::mem::take(self) {
            Self::None => Self::Failed(error),
            Self::Calls(_) | Self::All => Self::All,
            failed @ Self::Failed(_) => failed,
        };
    }
}
