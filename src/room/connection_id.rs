//! The name of a connection.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::room::error::excerpt;
use crate::room::error::{Error, Result};
use crate::room::limits;

/// The name of a connection: a user's id, or a UUID. It may repeat in a room (one user, two tabs).
///
/// It serializes as plain text, and is read from text that is one.
///
/// ```
/// use dormouse::ConnectionId;
///
/// assert_eq!(ConnectionId::new("ada").unwrap().as_str(), "ada");
/// assert!(ConnectionId::new("").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ConnectionId(String);

impl ConnectionId {
    /// An id of 1 to [`limits::CONNECTION_ID_BYTES`] bytes without control characters.
    ///
    /// # Errors
    /// [`Error::InvalidConnectionId`].
    pub fn new(id: impl Into<String>) -> Result<Self> {
        let id = id.into();
        if id.is_empty()
            || id.len() > limits::CONNECTION_ID_BYTES
            || id.chars().any(char::is_control)
        {
            return Err(Error::InvalidConnectionId { id: excerpt(&id) });
        }
        Ok(Self(id))
    }

    /// A UUID is one.
    pub(crate) const fn of_uuid(uuid: String) -> Self {
        Self(uuid)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AsRef<str> for ConnectionId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// So that a set of ids can be asked for a text.
impl Borrow<str> for ConnectionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for ConnectionId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self> {
        Self::new(id)
    }
}

impl TryFrom<&str> for ConnectionId {
    type Error = Error;

    fn try_from(id: &str) -> Result<Self> {
        Self::new(id)
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = Error;

    fn try_from(id: String) -> Result<Self> {
        Self::new(id)
    }
}
