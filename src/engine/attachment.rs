//! What a connection keeps beside its socket while the object sleeps.

use std::any::Any;
use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::engine::migrate::decode;
use crate::host::calling::at_text;
use crate::room::connection::SocketId;
use crate::room::connection::{Handle, Moment};
use crate::room::connection_id::ConnectionId;
use crate::room::error::{Error, Result};
use crate::room::frame::to_json;
use crate::room::limits;
use crate::room::rate::RateLimit;
use crate::room::room::Room;
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

/// What a socket's attachment holds, as JSON that a person can read.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    id: String,
    at: Timestamp,
    nth: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    full_at: Timestamp,
    /// The platform has them too, but forgets them before it tells of the close.
    #[serde(default, skip_serializing_if = "is_default")]
    tags: Cow<'a, [Tag]>,
    #[serde(default, skip_serializing_if = "is_default")]
    session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: &'a RawValue,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How the states of a room's connections are read and written.
#[derive(Clone, Copy)]
pub(crate) struct Codec {
    read: fn(&str) -> Option<Box<dyn Any>>,
    write: fn(&dyn Any) -> Result<Box<RawValue>>,
}

impl Codec {
    pub(crate) const fn of<R: Room>() -> Self {
        Self {
            read: |state| {
                let state = at_text(state, || decode(state, R::migrate_connection).ok());
                Some(Box::new(state??))
            },
            write: |state| state_json(&state.downcast_ref::<R::Connection>()),
        }
    }

    /// The state of a connection, as JSON.
    pub(crate) fn state(self, connection: &Handle) -> Result<Box<RawValue>> {
        let state = at_text(connection.id().as_str(), || (self.write)(connection.any_state()));
        state.ok_or(Error::Panicked)?
    }

    /// A connection's attachment as it is now.
    pub(crate) fn attachment(self, connection: &Handle, rate: Option<RateLimit>) -> Result<String> {
        connection.attachment(&self.state(connection)?, rate)
    }

    /// The connection that an attachment tells of; none if it does not decode.
    pub(crate) fn connection(self, socket: SocketId, attachment: &str) -> Option<Handle> {
        let Attachment { id, at, nth, full_at, tags, session, state } =
            serde_json::from_str(attachment).ok()?;
        let id = ConnectionId::new(id).ok()?;
        let (tags, session) = (tags.into_owned().into(), session.map(Into::into));
        let state = (self.read)(state.get())?;
        let connection = Handle::new(socket, id, tags, Moment { at, nth }, session, state);
        connection.set_full_at(full_at);
        Some(connection)
    }
}

const STATE: &str = "a connection's state";

/// The state of a connection, as JSON.
pub(crate) fn state_json<C: Serialize>(state: &C) -> Result<Box<RawValue>> {
    to_raw_value(state).map_err(|error| Error::encode(STATE, &error))
}

impl Handle {
    /// The attachment of this connection with `state`, checked against the platform's limit. With a
    /// rate limit there is room in it for the bucket, however full.
    pub(crate) fn attachment(&self, state: &RawValue, rate: Option<RateLimit>) -> Result<String> {
        let text = self.attachment_with(state, self.full_at())?;
        let size = match rate {
            Some(_) => serialized_bytes(&self.attachment_with(state, Timestamp::MAX)?),
            None => serialized_bytes(&text),
        };
        let limit = limits::ATTACHMENT_BYTES;
        if size > limit { Err(Error::AttachmentTooLarge { limit, size }) } else { Ok(text) }
    }

    fn attachment_with(&self, state: &RawValue, full_at: Timestamp) -> Result<String> {
        let Moment { at, nth } = self.connected();
        let (tags, session) = (self.tags().into(), self.any_session().map(Into::into));
        let id = self.id().to_string();
        to_json(STATE, &Attachment { id, at, nth, full_at, tags, session, state })
    }
}

/// The bytes of a string in V8's serialization, which is what the platform's limit counts: two of
/// version, a tag, the length as a varint, and a byte a character if all are Latin-1, else two a
/// UTF-16 unit, at an even place.
fn serialized_bytes(text: &str) -> usize {
    let is_latin1 = text.is_ascii() || text.chars().all(|c| u32::from(c) <= 0xff);
    let content = if is_latin1 { text.chars().count() } else { 2 * text.encode_utf16().count() };
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
        assert_eq!(serialized_bytes(&"x".repeat(16_379)), limits::ATTACHMENT_BYTES);
        assert_eq!(serialized_bytes(&"€".repeat(8_189)), limits::ATTACHMENT_BYTES);
    }
}
