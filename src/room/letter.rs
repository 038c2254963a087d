//! What a room sends to other rooms and to functions of its Worker, and what comes back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::error::{Error, Result};
use crate::room::time::Timestamp;

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

/// An errand on its way.
///
/// It is stored in the commit of the handler that sent it, delivered at least once, and handled once:
/// the receiver remembers its sender and number until the sender has settled it.
///
/// ```
/// use dormouse::{Errand, Letter};
/// let letter = Letter {
///     seq: 7,
///     floor: 7,
///     hops: 0,
///     errand: Errand::State { room: "chat/lounge".into() },
/// };
/// assert!(serde_json::to_string(&letter).unwrap().contains("chat/lounge"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its number, unique for its sender.
    pub seq: u64,
    /// All of its sender's letters with lower numbers are settled.
    pub floor: u64,
    /// How many letters led to this one.
    pub hops: u32,
    /// What it is about.
    pub errand: Errand,
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

/// How a delivery went, as the host tells it.
///
/// ```
/// use dormouse::Delivered;
/// let delivered: Delivered = serde_json::from_str(r#"{"ok":null}"#).unwrap();
/// assert_eq!(delivered, Delivered::Ok(serde_json::Value::Null));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Delivered {
    /// It arrived, with this answer.
    Ok(Value),
    /// It did not arrive, or the receiver's handler failed.
    Error {
        /// Why.
        message: String,
        /// Whether to try again makes no sense.
        #[serde(default, rename = "final")]
        is_final: bool,
    },
}

/// A letter as its sender stores it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Posted {
    pub(crate) seq: u64,
    pub(crate) hops: u32,
    pub(crate) errand: Errand,
    pub(crate) reply: Option<String>,
    pub(crate) tries: u32,
    /// When it is tried again if nothing is heard of it.
    pub(crate) at: Timestamp,
}

/// What a receiver remembers of one sender.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Received {
    floor: u64,
    seen: Vec<u64>,
}

impl Received {
    pub(crate) fn has(&self, seq: u64) -> bool {
        seq < self.floor || self.seen.contains(&seq)
    }

    pub(crate) fn remember(&mut self, letter: &Letter) {
        self.floor = self.floor.max(letter.floor);
        self.seen.push(letter.seq);
        let floor = self.floor;
        self.seen.retain(|seq| *seq >= floor);
    }
}
