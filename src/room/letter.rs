//! What a room sends to other rooms and to functions of its Worker, and what comes back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::error::{Error, Result};

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
    /// A room handles an event.
    Message {
        /// The room's object name.
        room: String,
        /// The event, as JSON.
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
            Self::Text { frame, .. } => frame.len(),
            // A byte is up to four characters of a JSON array.
            Self::Binary { frame, .. } => 4 * frame.len(),
            Self::State { .. } => 0,
            Self::Call { argument, .. } => argument.len(),
        }
    }
}

/// What came of an errand: the room's or the function's answer, or why there is none.
///
/// ```
/// let reply = dormouse::Reply { name: "weather".into(), result: Ok(serde_json::json!(21)) };
/// assert_eq!(reply.value::<i32>(), Ok(21));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The name that the effect gave it.
    pub name: String,
    /// The answer; after the last try, the error.
    pub result: Result<Value>,
}

impl Reply {
    /// The answer as a type.
    ///
    /// # Errors
    /// The errand's own, or [`Error::ValueUnreadable`].
    ///
    /// ```
    /// let reply = dormouse::Reply { name: "sum".into(), result: Ok(3.into()) };
    /// assert_eq!(reply.value::<u8>(), Ok(3));
    /// assert!(reply.value::<String>().is_err());
    /// ```
    pub fn value<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(self.result.as_ref().map_err(Clone::clone)?)
            .map_err(|error| Error::ValueUnreadable { reason: error.to_string() })
    }
}
