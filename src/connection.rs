//! A connection as handlers see it, its id and its tags.

use std::borrow::Borrow;
use std::fmt;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::error::excerpt;
use crate::{Error, Result, Timestamp, limits};

/// The name of a connection: a user's id, or a UUID. It may repeat in a room (one user, two tabs).
///
/// ```
/// use dormouse::ConnectionId;
///
/// assert_eq!(ConnectionId::new("ada").unwrap().as_str(), "ada");
/// assert!(ConnectionId::new("").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ConnectionId(String);

impl ConnectionId {
    /// An id of 1 to [`limits::CONNECTION_ID_BYTES`] bytes without control characters.
    ///
    /// # Errors
    /// [`Error::InvalidConnectionId`].
    ///
    /// ```
    /// assert!(dormouse::ConnectionId::new("a\nb").is_err());
    /// ```
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

    /// The id as text.
    ///
    /// ```
    /// assert_eq!(dormouse::ConnectionId::new("ada").unwrap().as_str(), "ada");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A label that a connection wears for life, and by which a broadcast can find it.
///
/// Tags are fixed when the connection is made. Finding by tag is the platform's own index: it
/// touches no connection without the tag.
///
/// ```
/// assert_eq!(dormouse::Tag::new("team:red").unwrap().as_str(), "team:red");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Tag(String);

impl Tag {
    /// A tag of at most [`limits::TAG_BYTES`] bytes without control characters.
    ///
    /// # Errors
    /// [`Error::TagTooLong`], [`Error::InvalidTag`].
    ///
    /// ```
    /// assert!(dormouse::Tag::new("x".repeat(257)).is_err());
    /// ```
    pub fn new(tag: impl Into<String>) -> Result<Self> {
        let tag = tag.into();
        let (limit, size) = (limits::TAG_BYTES, tag.len());
        if size > limit {
            return Err(Error::TagTooLong { limit, size });
        }
        // A control character in front marks the tag that carries a connection's id.
        if tag.chars().any(char::is_control) {
            return Err(Error::InvalidTag { tag });
        }
        Ok(Self(tag))
    }

    /// The tag as text.
    ///
    /// ```
    /// assert_eq!(dormouse::Tag::new("red").unwrap().as_str(), "red");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A socket while its object is awake: a number that the host gives and takes. It does not survive
/// hibernation; a [`ConnectionId`] does.
///
/// ```
/// assert_eq!(dormouse::SocketId(3).0, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// One connected client: its id, its tags and its state. A cheap handle on what the connection was
/// when the handler was called; to change the state is an effect.
///
/// Two handles are equal if they mean the same socket. A reference to one is also a list of one, so
/// that it can stand wherever effects take some connections or none.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::rooms::Chat;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// let ada = room.connect("ada");
/// room.read(|cx| {
///     let ada = cx.connection("ada").unwrap();
///     assert_eq!(ada.id().as_str(), "ada");
///     assert_eq!(ada.tags()[0].as_str(), "user:ada");
///     assert_eq!(ada.state().user_id, "ada");
/// });
/// ```
pub struct Connection<C>(Rc<Record<C>>);

struct Record<C> {
    socket: SocketId,
    id: ConnectionId,
    tags: Rc<[Tag]>,
    connected: Moment,
    state: C,
}

/// When a connection was made: the time, and the order among those of one millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) nth: u32,
}

impl<C> Connection<C> {
    pub(crate) fn new(
        socket: SocketId,
        id: ConnectionId,
        tags: Rc<[Tag]>,
        connected: Moment,
        state: C,
    ) -> Self {
        Self(Rc::new(Record {
            socket,
            id,
            tags,
            connected,
            state,
        }))
    }

    /// Its id, which other connections of the room may share.
    pub fn id(&self) -> &ConnectionId {
        &self.0.id
    }

    /// Its tags, in the order they were given... the platform keeps none, so sorted.
    pub fn tags(&self) -> &[Tag] {
        &self.0.tags
    }

    /// Whether it wears a tag.
    pub fn has_tag(&self, tag: &Tag) -> bool {
        self.0.tags.contains(tag)
    }

    /// Its state: the socket's attachment, decoded.
    pub fn state(&self) -> &C {
        &self.0.state
    }

    /// When it was made.
    pub fn connected_at(&self) -> Timestamp {
        self.0.connected.at
    }

    pub(crate) fn connected(&self) -> Moment {
        self.0.connected
    }

    pub(crate) fn socket(&self) -> SocketId {
        self.0.socket
    }

    /// The same connection with another state.
    pub(crate) fn with_state(&self, state: C) -> Self {
        Self::new(
            self.0.socket,
            self.0.id.clone(),
            self.0.tags.clone(),
            self.0.connected,
            state,
        )
    }
}

impl<C> Clone for Connection<C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<C> PartialEq for Connection<C> {
    fn eq(&self, other: &Self) -> bool {
        self.0.socket == other.0.socket
    }
}

impl<C> Eq for Connection<C> {}

impl<C> fmt::Debug for Connection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({}, socket {})", self.0.id, self.0.socket.0)
    }
}

impl<'a, C> IntoIterator for &'a Connection<C> {
    type Item = &'a Connection<C>;
    type IntoIter = std::iter::Once<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// The sockets behind some connections.
pub(crate) fn sockets<C>(
    connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>,
) -> Vec<SocketId> {
    connections
        .into_iter()
        .map(|connection| connection.borrow().socket())
        .collect()
}

/// What a socket's attachment holds, as JSON that a person can read.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attachment<S> {
    id: String,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "is_zero")]
    nth: u32,
    state: S,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(nth: &u32) -> bool {
    *nth == 0
}

impl<C: Serialize> Connection<C> {
    /// The attachment of this connection with `state`, checked against the platform's limit.
    pub(crate) fn attachment(&self, state: &C) -> Result<String> {
        let attachment = Attachment {
            id: self.0.id.0.clone(),
            at: self.0.connected.at,
            nth: self.0.connected.nth,
            state,
        };
        let text = crate::frame::to_json("a connection's state", &attachment)?;
        let (limit, size) = (limits::ATTACHMENT_BYTES, serialized_bytes(&text));
        if size > limit {
            return Err(Error::AttachmentTooLarge { limit, size });
        }
        Ok(text)
    }
}

impl<C: for<'de> Deserialize<'de>> Connection<C> {
    /// The connection that an attachment and the socket's platform tags tell of; none if they do
    /// not decode.
    pub(crate) fn from_attachment(
        socket: SocketId,
        attachment: &str,
        platform_tags: Vec<String>,
    ) -> Option<Self> {
        let Attachment { id, at, nth, state } = serde_json::from_str(attachment).ok()?;
        let mut tags: Vec<Tag> = platform_tags
            .into_iter()
            .filter_map(|tag| Tag::new(tag).ok())
            .collect();
        tags.sort();
        Some(Self::new(
            socket,
            ConnectionId::new(id).ok()?,
            tags.into(),
            Moment { at, nth },
            state,
        ))
    }
}

/// The platform tag by which connections with an id are found. It has a control character in
/// front, so that no [`Tag`] is like it.
pub(crate) fn id_tag(id: &str) -> String {
    format!("\u{1}{id}")
}

/// The bytes of a string in V8's serialization, which is what the platform's limit counts: two of
/// version, a tag, the length as a varint, and a byte a character if all are Latin-1, else two a
/// UTF-16 unit, at an even place.
fn serialized_bytes(text: &str) -> usize {
    let is_latin1 = text.is_ascii() || text.chars().all(|c| u32::from(c) <= 0xff);
    let content = if is_latin1 {
        text.chars().count()
    } else {
        2 * text.encode_utf16().count()
    };
    let length = (content.checked_ilog2().unwrap_or(0) as usize) / 7 + 1;
    let header = 3 + length;
    let padding = if is_latin1 { 0 } else { header % 2 };
    header + padding + content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialized_bytes_follow_v8() {
        assert_eq!(serialized_bytes("abc"), 4 + 3);
        assert_eq!(serialized_bytes("äöü"), 4 + 3);
        assert_eq!(serialized_bytes("a€"), 4 + 4);
        assert_eq!(serialized_bytes("🐭"), 4 + 4);
        // The largest of each kind that workerd takes.
        assert_eq!(
            serialized_bytes(&"x".repeat(16_379)),
            limits::ATTACHMENT_BYTES
        );
        assert_eq!(
            serialized_bytes(&"€".repeat(8_189)),
            limits::ATTACHMENT_BYTES
        );
    }

    #[test]
    fn an_id_tag_is_never_a_tag() {
        assert!(Tag::new(id_tag("ada")).is_err());
    }
}
