//! Who wants to connect, and who is let in.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::connection_id::ConnectionId;
use crate::room::context::Context;
use crate::room::error::{Error, Result};
use crate::room::room::Room;
use crate::room::tag::Tag;

/// What the Worker gives when it makes a connection.
///
/// ```
/// use dormouse::Upgrade;
/// let upgrade: Upgrade = serde_json::from_str(r#"{"id":"ada","data":{"admin":true}}"#).unwrap();
/// assert_eq!(upgrade.id.as_deref(), Some("ada"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Upgrade {
    /// The connection's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What the room is to know of it, as JSON: a [`Room::Upgrade`].
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// What to do if there is a connection with the id.
    #[serde(skip_serializing_if = "OnDuplicate::is_default")]
    pub on_duplicate: OnDuplicate,
    /// The subprotocols that the client offers, as its `Sec-WebSocket-Protocol` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

impl Upgrade {
    /// The data as a room's type.
    ///
    /// # Errors
    /// [`Error::InvalidUpgrade`].
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<T> {
        decode(&self.data)
    }

    /// Who it is that wants to connect.
    ///
    /// # Errors
    /// [`Error::InvalidConnectionId`], those of a [`Tag`], [`Error::InvalidUpgrade`].
    pub(crate) fn newcomer<T: DeserializeOwned>(&self) -> Result<Newcomer<T>> {
        Ok(Newcomer {
            id: self.id.as_deref().map(ConnectionId::try_from).transpose()?,
            tags: self.tags.iter().map(Tag::new).collect::<Result<_>>()?,
            data: self.data()?,
            json: self.data.clone(),
        })
    }
}

fn decode<T: DeserializeOwned>(data: &Value) -> Result<T> {
    T::deserialize(data).map_err(|error| Error::InvalidUpgrade { reason: format!("data: {error}") })
}

/// Who wants to connect, as the Worker says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Newcomer<T> {
    /// The id that the connection is to have.
    pub id: Option<ConnectionId>,
    /// The tags that it is to wear.
    pub tags: Vec<Tag>,
    /// What else the Worker says of it.
    pub data: T,
    json: Value,
}

impl<T> Newcomer<T> {
    /// The id that was given, or a UUID.
    pub fn id_or_uuid<R: Room>(&self, cx: &Context<R>) -> ConnectionId {
        self.id.clone().unwrap_or_else(|| ConnectionId::of_uuid(cx.uuid()))
    }

    /// The data as the state of a connection; where it is something else, a state of nothing, like `()`.
    pub(crate) fn state<C: DeserializeOwned>(&self) -> Result<C> {
        decode(&self.json).or_else(|error| decode(&Value::Null).map_err(|_| error))
    }
}

/// What to do when there is a connection with the id already, here or away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// Both stay.
    #[default]
    Allow,
    /// The new one is refused with [`Error::DuplicateConnection`].
    Reject,
    /// The old one is closed with 1012, and its `handle_close` runs before the new one's
    /// `handle_connect`, in the same commit.
    Replace,
}

impl OnDuplicate {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Who a new connection is.
///
/// ```
/// use dormouse::{Admission, ConnectionId, Tag};
/// let ada = ConnectionId::new("ada").unwrap();
/// let admission = Admission::new(ada, 7).tag(Tag::new("red").unwrap());
/// assert_eq!((admission.tags.len(), admission.state), (1, 7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission<C> {
    /// Its id.
    pub id: ConnectionId,
    /// Its tags, [`limits::TAGS`](crate::limits::TAGS) at most.
    pub tags: Vec<Tag>,
    /// Its first state.
    pub state: C,
}

impl<C> Admission<C> {
    /// A connection with an id and a state.
    pub fn new(id: ConnectionId, state: C) -> Self {
        Self { id, tags: Vec::new(), state }
    }

    /// The same with one more tag.
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }
}
