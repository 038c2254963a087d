//! The name of an object.

use std::fmt;

use crate::room::error::{Error, Result, excerpt};
use crate::room::limits;

/// The name of a Durable Object: a room type and the id of one room, as `type/id`.
///
/// ```
/// use dormouse::ObjectName;
/// let name = ObjectName::new("chat", "lounge").unwrap();
/// assert_eq!(name.to_string(), "chat/lounge");
/// assert_eq!(ObjectName::parse("chat/lounge").unwrap(), name);
/// assert!(ObjectName::new("chat", "a/b").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    room: String,
    id: String,
}

impl ObjectName {
    /// The name of a room: its type, and an id of 1 to [`limits::ROOM_ID_CHARS`] of the characters
    /// that a URL takes unquoted (RFC 3986, 2.3).
    ///
    /// # Errors
    /// [`Error::InvalidRoomId`].
    pub fn new(room: &str, id: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:%".contains(c);
        if id.is_empty() || id.len() > limits::ROOM_ID_CHARS || !id.chars().all(plain) {
            return Err(Error::InvalidRoomId { id: excerpt(id) });
        }
        Ok(Self { room: room.to_owned(), id: id.to_owned() })
    }

    /// Reads a name of the form `type/id`.
    ///
    /// # Errors
    /// [`Error::InvalidRoomId`].
    pub fn parse(name: &str) -> Result<Self> {
        let (room, id) = name.split_once('/').unwrap_or((name, ""));
        Self::new(room, id)
    }

    /// The room type's name.
    pub fn room(&self) -> &str {
        &self.room
    }

    /// Which room of its type.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.room, self.id)
    }
}
