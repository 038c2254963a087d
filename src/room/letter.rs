//! What a room sends to other rooms and to functions of its Worker, and what comes back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::error::{Error, Result};
use crate::room::function::Function;
use crate::room::room::Room;

/// Something that is to be done elsewhere.
///
/// ```
/// use dormouse::Errand;
/// let errand = Errand::State { room: "chat/lounge".into() };
/// assert_eq!(errand.to(), "chat/lounge");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Errand {
    /// A room handles a message.
    Message {
        /// The room's object name.
        room: String,
        /// The message, as JSON.
        json: String,
    },
    /// A room says something to all its connections.
    Text {
        /// The room's object name.
        room: String,
        /// The frame.
        frame: String,
    },
    /// A room says something to all its connections, in a binary frame.
    Binary {
        /// The room's object name.
        room: String,
        /// The frame.
        frame: Vec<u8>,
    },
    /// A room's state is read.
    State {
        /// The room's object name.
        room: String,
    },
    /// A function of the Worker is called.
    Call {
        /// The function's name.
        function: String,
        /// Its argument, as JSON.
        argument: String,
    },
}

impl Errand {
    /// Whom it goes to: a room's object name, or a function's.
    ///
    /// ```
    /// use dormouse::Errand;
    /// let call = Errand::Call { function: "translate".into(), argument: "1".into() };
    /// assert_eq!(call.to(), "translate");
    /// ```
    pub fn to(&self) -> &str {
        match self {
            Self::Message { room, .. }
            | Self::Text { room, .. }
            | Self::Binary { room, .. }
            | Self::State { room } => room,
            Self::Call { function, .. } => function,
        }
    }

    /// Its bytes, roughly: what it carries.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Message { json, .. } => json.len(),
            Self::Text { frame, .. } => frame.bytes().map(written).sum(),
            // A byte is up to four characters of a JSON array.
            Self::Binary { frame, .. } => 4 * frame.len(),
            Self::State { .. } => 0,
            Self::Call { argument, .. } => argument.len(),
        }
    }
}

/// How many bytes of JSON one byte of a text becomes, at most.
fn written(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' => 2,
        ..b' ' => 6,
        _ => 1,
    }
}

/// What came of a call, a question or a message to another room: comes to
/// [`handle_reply`](Room::handle_reply).
///
/// Each of its methods fails with [`Error::Undelivered`] if there is no answer. Its reason has the other
/// side's words: they are for the log, and [`public_message`](Error::public_message) has none of them.
///
/// ```
/// use dormouse::{Answer, Function};
/// const ADD: Function<(u8, u8), u8> = Function::new("add");
/// let answer = Answer::from(Ok(3.into()));
/// assert_eq!(answer.of(&ADD), Ok(3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(Result<Value>);

impl From<Result<Value>> for Answer {
    fn from(result: Result<Value>) -> Self {
        Self(result)
    }
}

impl Answer {
    /// What a function gave.
    ///
    /// # Errors
    /// [`Error::Undelivered`]; [`Error::ValueUnreadable`] if it is no `T`.
    pub fn of<A, T: DeserializeOwned>(&self, function: &Function<A, T>) -> Result<T> {
        let _ = function;
        self.read()
    }

    /// The state of another room; none if it has none.
    ///
    /// # Errors
    /// [`Error::Undelivered`]; [`Error::ValueUnreadable`] if it is no state of `S`.
    pub fn state<S: Room>(&self) -> Result<Option<S::State>> {
        self.read()
    }

    /// Whether it arrived: of what was [told](crate::Effects::tell_and_hear).
    ///
    /// # Errors
    /// [`Error::Undelivered`].
    pub fn arrived(&self) -> Result<()> {
        self.0.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(self.0.as_ref().map_err(Clone::clone)?)
            .map_err(|error| Error::ValueUnreadable { reason: error.to_string() })
    }
}
