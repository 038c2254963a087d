//! What comes out of a batch of inputs: everything the host has to do, in the order it has to.

use serde::Serialize;
use serde_json::Value;

use crate::host::handler_error::HandlerError;
use crate::host::letter::Letter;
use crate::room::alarm::ScheduledAlarm;
use crate::room::close::CloseCode;
use crate::room::connection::SocketId;
use crate::room::error::Error;
use crate::room::frame::Frame;
use crate::room::page::{Ends, Entry};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

/// What a host does after a batch of inputs.
///
/// **First all [`writes`](Commit::writes) and the [`alarm`](Commit::alarm) in one transaction; when
/// that has succeeded, the [`outputs`](Commit::outputs) in their order, and the
/// [`errors`](Commit::errors) to the log; then the [`answers`](Commit::answers).** Nobody sees a frame
/// whose cause was not stored. If the transaction fails, nothing else is done and the engine is
/// [reset](crate::Engine::reset).
///
/// ```
/// use dormouse::{Engine, Input, ObjectName, SocketId, Upgrade, Output, Write};
/// use dormouse::rooms::Chat;
/// use dormouse::testing::MemoryHost;
///
/// let host = MemoryHost::new();
/// let mut engine = Engine::of::<Chat>(ObjectName::new("chat", "lounge").unwrap());
/// engine.handle(&host, Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() });
/// let commit = engine.commit(&host);
/// assert!(matches!(&commit.writes[..], [Write::State(_)]));
/// assert!(matches!(&commit.outputs[0], Output::Accept { .. }));
/// ```
#[derive(Debug, Default, PartialEq)]
pub struct Commit {
    /// What is stored.
    pub writes: Vec<Write>,
    /// Where the alarm stands from now on, if that changes.
    pub alarm: Option<ObjectAlarm>,
    /// What happens on the sockets.
    pub outputs: Vec<Output>,
    /// The results of connects and API calls, in the order of their inputs.
    pub answers: Vec<Answer>,
    /// What is written to the log.
    pub errors: Vec<HandlerError>,
}

/// One change of what is stored.
///
/// ```
/// assert_ne!(dormouse::Write::Purge, dormouse::Write::State("null".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Everything stored is removed. Always the first write.
    Purge,
    /// The state, as JSON.
    State(String),
    /// An alarm, in place of one of its name.
    Alarm(ScheduledAlarm),
    /// The alarm of this name is removed.
    RemoveAlarm(String),
    /// A keyed value, in place of the one of its key.
    Value {
        /// Its key.
        key: String,
        /// The value, as JSON.
        value: String,
    },
    /// The value of this key is removed.
    RemoveValue(String),
    /// A row of a history.
    Append {
        /// The history's name.
        history: &'static str,
        /// The row, as JSON, with its number and time.
        entry: Entry<String>,
    },
    /// The rows of a history up to [`Ends::trimmed`] are removed.
    Trim {
        /// The history's name.
        history: &'static str,
        /// The last row that goes.
        through: u64,
    },
    /// Where a history ends from now on.
    Ends {
        /// The history's name.
        history: &'static str,
        /// Its ends.
        ends: Ends,
    },
}

/// One thing that happens on sockets.
///
/// ```
/// use dormouse::{CloseCode, Output, SocketId};
/// let close = Output::Close { socket: SocketId(1), code: CloseCode::NORMAL, reason: String::new() };
/// assert!(matches!(close, Output::Close { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A socket is accepted, with these platform tags.
    Accept {
        /// The socket of the connect's input.
        socket: SocketId,
        /// Its platform tags.
        tags: Vec<String>,
    },
    /// A socket's attachment is written.
    Attach {
        /// Which socket.
        socket: SocketId,
        /// The attachment.
        attachment: String,
    },
    /// A frame goes to these sockets. One that cannot be sent to stops nobody else's.
    Send {
        /// Which sockets.
        sockets: Vec<SocketId>,
        /// The frame.
        frame: Frame,
    },
    /// A frame goes to every open socket, or those with a tag.
    Broadcast {
        /// Only those with this tag.
        tag: Option<Tag>,
        /// But not to these.
        except: Vec<SocketId>,
        /// Of what kind they are.
        to: Listeners,
        /// The frame.
        frame: Frame,
    },
    /// A letter is delivered. How that went is told by [`Input::Delivered`](crate::Input::Delivered).
    Deliver(Letter),
    /// A socket's connection is over: its attachment is cleared and it is closed, whether or not
    /// its client began.
    Close {
        /// Which socket.
        socket: SocketId,
        /// With which code.
        code: CloseCode,
        /// With which reason.
        reason: String,
    },
}

/// Which sockets a broadcast is for, of a room that takes clients of the protocol `dormouse.1` beside
/// plain ones.
///
/// ```
/// assert_eq!(dormouse::Listeners::default(), dormouse::Listeners::All);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listeners {
    /// All of them.
    #[default]
    All,
    /// Those that do not speak the protocol.
    Plain,
    /// Those that do: they wear the platform tag [`Listeners::MARK`].
    Enveloped,
}

impl Listeners {
    /// The platform tag of sockets whose client speaks the protocol.
    ///
    /// ```
    /// assert!(dormouse::Tag::new(dormouse::Listeners::MARK).is_err(), "it is no room's tag");
    /// ```
    pub const MARK: &'static str = crate::room::connection::ENVELOPED;

    /// Whether a socket with these platform tags is meant.
    ///
    /// ```
    /// use dormouse::Listeners;
    /// assert!(Listeners::Plain.has(&[]));
    /// assert!(!Listeners::Enveloped.has(&[]));
    /// ```
    pub fn has(self, platform_tags: &[String]) -> bool {
        let is_enveloped = || platform_tags.iter().any(|tag| tag == Self::MARK);
        match self {
            Self::All => true,
            Self::Plain => !is_enveloped(),
            Self::Enveloped => is_enveloped(),
        }
    }
}

/// The result of a connect or an API call.
///
/// ```
/// use dormouse::{Error, host::Answer};
/// let answer = Answer::Error(Error::Panicked.into());
/// assert_eq!(serde_json::to_value(answer).unwrap()["error"]["_tag"], "Panicked");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It was done, with this value.
    Ok(Value),
    /// It was not done.
    Error(Failure),
}

/// An error as it crosses to JavaScript: its name and fields, with what follows from it. Where both
/// have a field of one name, what follows comes last, and is what a reader of the JSON gets.
///
/// ```
/// let failure = dormouse::Failure::from(dormouse::Error::Panicked);
/// assert_eq!(failure.status, 500);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The error, tagged with its name.
    #[serde(flatten)]
    pub error: Error,
    /// [`Error::code`].
    pub code: String,
    /// [`Error::public_message`].
    pub message: String,
    /// [`Error::status`].
    pub status: u16,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.public_message(),
            status: error.status(),
            error,
        }
    }
}

impl From<Result<Value, Error>> for Answer {
    fn from(result: Result<Value, Error>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Error(error.into()),
        }
    }
}

/// What the commit does to the object's one alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectAlarm {
    /// It stands at this time.
    Set(Timestamp),
    /// There is none.
    Delete,
}
