//! What can go wrong, one variant a cause.

use serde::Serialize;
use thiserror::Error as ThisError;

use crate::room::limits;

/// The result of a handler and of everything that can fail in this crate.
///
/// ```
/// let tag: dormouse::Result<dormouse::Tag> = dormouse::Tag::new("red");
/// assert!(tag.is_ok());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: the rule that was broken, the limit and the value.
///
/// The variant's name is the error's name everywhere: in Rust, over RPC (`_tag`) and in the
/// documentation. [`code`](Error::code) is the short form that clients see, [`status`](Error::status)
/// the HTTP status a Worker answers with.
///
/// ```
/// use dormouse::{Error, Tag};
///
/// let error = Tag::new("x".repeat(300)).unwrap_err();
/// assert_eq!(error, Error::TagTooLong { limit: 256, size: 300 });
/// assert_eq!(
///     error.to_string(),
///     "a tag of 300 bytes is over the limit of 256: take a shorter one, or its hash"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, ThisError, Serialize)]
#[serde(tag = "_tag", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Error {
    /// A room's own "no", with a code and a message that its client is told. See [`Error::refuse`].
    #[error("{message}")]
    Refused {
        /// A short name for the client's code.
        code: String,
        /// A sentence for the client's user.
        message: String,
        /// The HTTP status of a Worker's answer.
        status: u16,
    },
    /// A status that no refusal can have.
    #[error("{status} is not the status of a refusal: take one from 400 to {limit}")]
    InvalidStatus {
        /// The highest: 599.
        limit: u16,
        /// The status.
        status: u16,
    },
    /// [`Effects::update`](crate::Effects::update) in a room that has no state.
    #[error("there is no state yet: use update_or_default or save")]
    NoState,
    /// A frame or an API call's message that does not decode as the room's `Message`.
    #[error("not a message of this room: {reason}")]
    InvalidMessage {
        /// What the decoder objected to.
        reason: String,
    },
    /// An inbound frame over the room's limit; the socket is closed with 1009.
    #[error("a frame of {size} bytes is over the limit of {limit}: send it in parts")]
    FrameTooLarge {
        /// The room's limit in bytes.
        limit: usize,
        /// The frame's bytes.
        size: usize,
    },
    /// A frame over the room's [`RATE_LIMIT`](crate::Room::RATE_LIMIT); it was dropped.
    #[error("too fast: wait {wait_millis} milliseconds")]
    RateLimited {
        /// Milliseconds until another passes.
        wait_millis: u64,
    },
    /// A handler failed for a reason that is not the client's. The client hears only the code, and the
    /// log has the reason: see [`HandlerError`](crate::HandlerError).
    #[error("the handler failed: {reason}")]
    Execution {
        /// For the log, not for clients.
        reason: String,
    },
    /// A handler panicked. Nothing it did was kept.
    #[error("the handler panicked, and changed nothing: the Worker's log says where")]
    Panicked,
    /// A connection's state that does not fit its socket's attachment; the old one is kept.
    #[error(
        "a connection's attachment of {size} bytes is over the limit of {limit}: keep less in \
         its state, and the rest in the room's"
    )]
    AttachmentTooLarge {
        /// [`limits::ATTACHMENT_BYTES`].
        limit: usize,
        /// The attachment's serialized bytes.
        size: usize,
    },
    /// A state that does not fit a stored value; the old one is kept.
    #[error(
        "a state of {size} bytes is over the limit of {limit}: keep what grows in a history or \
         in keyed values"
    )]
    StateTooLarge {
        /// [`limits::VALUE_BYTES`].
        limit: usize,
        /// The state's bytes as JSON.
        size: usize,
    },
    /// An alarm whose payload does not fit a stored value.
    #[error(
        "the payload of an alarm has {size} bytes, over the limit of {limit}: store \
         it, and schedule where it is"
    )]
    PayloadTooLarge {
        /// [`limits::VALUE_BYTES`].
        limit: usize,
        /// The payload's bytes as JSON.
        size: usize,
    },
    /// A row of a history, or a keyed value, that does not fit a stored value.
    #[error("a value of {size} bytes is over the limit of {limit}: store it as several")]
    ValueTooLarge {
        /// [`limits::VALUE_BYTES`].
        limit: usize,
        /// The value's bytes as JSON.
        size: usize,
    },
    /// A key of keyed values that is too long.
    #[error("a key of {size} bytes is over the limit of {limit}: take a shorter one, or its hash")]
    KeyTooLong {
        /// [`limits::KEY_BYTES`].
        limit: usize,
        /// The key's UTF-8 bytes.
        size: usize,
    },
    /// A key with the character U+10FFFF in it, behind which no key can be listed.
    #[error(
        "the key {key:?} has the character U+10FFFF in it, behind which none could be listed: \
         leave it out"
    )]
    InvalidKey {
        /// The key, cut after some characters.
        key: String,
    },
    /// More tags on a connection than the platform takes.
    #[error(
        "{count} tags on a connection are over the limit of {limit}: keep the rest in its state"
    )]
    TooManyTags {
        /// [`limits::TAGS`].
        limit: usize,
        /// How many there were.
        count: usize,
    },
    /// A tag over the platform's length.
    #[error("a tag of {size} bytes is over the limit of {limit}: take a shorter one, or its hash")]
    TagTooLong {
        /// [`limits::TAG_BYTES`].
        limit: usize,
        /// The tag's UTF-8 bytes.
        size: usize,
    },
    /// A tag with a control character in it.
    #[error("the tag {tag:?} has a control character in it: leave it out")]
    InvalidTag {
        /// The tag.
        tag: String,
    },
    /// A connection's id that is empty, too long or has a control character in it.
    #[error(
        "{id:?} is not a connection id: 1 to {} bytes without control characters",
        limits::CONNECTION_ID_BYTES
    )]
    InvalidConnectionId {
        /// The id, cut after some characters.
        id: String,
    },
    /// A room's id with a character or a length that is not allowed.
    #[error(
        "{id:?} is not a room id: 1 to {} of the letters A to Z and a to z, digits, - . _ ~ : %",
        limits::ROOM_ID_CHARS
    )]
    InvalidRoomId {
        /// The id, cut after some characters.
        id: String,
    },
    /// A room type that is not in the registry.
    #[error("there is no room type {room:?} in this Worker: list it in `dormouse::rooms!`")]
    RoomNotFound {
        /// The name asked for, cut after some characters.
        room: String,
    },
    /// A close code that cannot be sent (RFC 6455, 7.4; what workerd's `close` takes).
    #[error("{code} is not a close code that can be sent: 1000 to 4999 but 1004, 1005, 1006, 1015")]
    InvalidCloseCode {
        /// The code.
        code: u16,
    },
    /// A close reason that does not fit a close frame.
    #[error(
        "a close reason of {size} bytes is over the limit of {limit}: say the rest in a frame \
         before"
    )]
    CloseReasonTooLong {
        /// [`limits::CLOSE_REASON_BYTES`].
        limit: usize,
        /// The reason's UTF-8 bytes.
        size: usize,
    },
    /// An alarm at a time that the object's cannot be set to.
    #[error(
        "an alarm cannot be scheduled at {at}: a time is after 0 and up to {limit}, in \
         milliseconds since the epoch"
    )]
    InvalidAlarmTime {
        /// The last time there is.
        limit: u64,
        /// The time asked for, in milliseconds since the epoch.
        at: u64,
    },
    /// A period shorter than a millisecond, or longer than [`limits::PERIOD`].
    #[error("a period of {period} milliseconds is out of bounds: take one from 1 to {limit}")]
    InvalidPeriod {
        /// [`limits::PERIOD`] in milliseconds.
        limit: u64,
        /// The period's whole milliseconds.
        period: u64,
    },
    /// An alarm's name that is empty, too long or begins with a control character.
    #[error(
        "an alarm's name of {size} bytes: 1 to {limit} are allowed, with no control character in front"
    )]
    InvalidAlarmName {
        /// [`limits::ALARM_NAME_BYTES`].
        limit: usize,
        /// The name's UTF-8 bytes.
        size: usize,
    },
    /// A connection with this id is open, and the upgrade asked to reject duplicates.
    #[error("a connection with the id {id:?} is open: take another id, or close that one first")]
    DuplicateConnection {
        /// The id.
        id: String,
    },
    /// A room with as many connections as the platform allows.
    #[error("the room is full: it takes {limit} connections. Try again later")]
    TooManyConnections {
        /// [`limits::CONNECTIONS`].
        limit: usize,
    },
    /// What the Worker gave for the upgrade does not fit the room.
    #[error("the upgrade does not fit this room: {reason}")]
    InvalidUpgrade {
        /// What is wrong with it.
        reason: String,
    },
    /// A value that serde could not write as JSON.
    #[error("{what} cannot be written as JSON: {reason}")]
    Encode {
        /// Which value.
        what: String,
        /// Serde's words.
        reason: String,
    },
    /// Something to be stored whose JSON is nested deeper than it could be read again.
    #[error(
        "{what} is nested {depth} levels deep as JSON, and {limit} can be read again: make it \
         flatter"
    )]
    TooDeep {
        /// What it is.
        what: String,
        /// [`limits::DEPTH`](crate::limits::DEPTH).
        limit: usize,
        /// How deep it is.
        depth: usize,
    },
    /// A stored state that no longer decodes; it is left as it is.
    #[error(
        "the stored state does not decode as this room's State: {reason}. It is left as it is: \
         `migrate_state` reads what other versions stored"
    )]
    StateUnreadable {
        /// Serde's words.
        reason: String,
    },
    /// A stored row of a history that no longer decodes.
    #[error(
        "a stored row does not decode as this history's: {reason}. Its type has to read what \
         other versions stored"
    )]
    RowUnreadable {
        /// Serde's words.
        reason: String,
    },
    /// A handler read more of one history, or of one kind of value, than memory has room for.
    #[error("{size} bytes were read at once, over the limit of {limit}: read in pages")]
    TooMuchRead {
        /// The limit in bytes.
        limit: usize,
        /// What was read so far.
        size: usize,
    },
    /// More letters of one sender are unsettled than are remembered: its letter is tried again later.
    #[error("{count} gaps in the letters of one sender are over the limit of {limit}")]
    TooManyLetters {
        /// How many gaps are remembered.
        limit: usize,
        /// How many there were.
        count: usize,
    },
    /// A stored keyed value that no longer decodes.
    #[error(
        "a stored value does not decode as this kind's: {reason}. Its type has to read what \
         other versions stored"
    )]
    ValueUnreadable {
        /// Serde's words.
        reason: String,
    },
    /// What an alarm carries, or what a reply is about, that no longer decodes.
    #[error(
        "a stored payload does not decode as this room's Alarm or Reply: {reason}. It is left as it \
         is: `migrate_alarm` and `migrate_reply` read what other versions stored"
    )]
    PayloadUnreadable {
        /// Serde's words.
        reason: String,
    },
    /// A letter to another room that could not be delivered, or a function that failed.
    #[error("{to} gave no answer: {reason}")]
    Undelivered {
        /// The room's object name, or the function's name.
        to: String,
        /// What went wrong last.
        reason: String,
    },
    /// A letter that more letters led to than may; see [`limits::HOPS`].
    #[error(
        "a letter after {limit} others that led to it is not sent: rooms may answer one another \
         without end"
    )]
    TooManyHops {
        /// [`limits::HOPS`].
        limit: u32,
    },
    /// Configuration of the Worker that does not decode as the type asked for.
    #[error("the Worker's configuration does not fit: {reason}. It is `vars` in wrangler.jsonc")]
    InvalidConfig {
        /// Serde's words.
        reason: String,
    },
    /// Storage refused a commit. Nothing of it was done.
    #[error(
        "the commit could not be stored, and nothing of it was done: the Worker's log says why"
    )]
    Storage,
}

impl Error {
    /// A room's own "no": what a handler returns to tell its client why nothing happened. A Worker
    /// answers with 403, or another [status](Self::with_status).
    ///
    /// ```
    /// use dormouse::Error;
    /// let error = Error::refuse("muted", "You are muted until noon").with_status(409);
    /// assert_eq!((error.code(), error.status()), ("muted", 409));
    /// ```
    pub fn refuse(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), message: message.into(), status: 403 }
    }

    /// The same refusal with another HTTP status, 400 to 599; with any other it becomes
    /// [`Error::InvalidStatus`]. Errors that are no refusal keep their own.
    pub fn with_status(self, status: u16) -> Self {
        match self {
            Self::Refused { .. } if !(400..=599).contains(&status) => {
                Self::InvalidStatus { limit: 599, status }
            }
            Self::Refused { code, message, .. } => Self::Refused { code, message, status },
            other => other,
        }
    }

    /// A failure that is nobody's business but the log's; the client hears `internal`. A test finds it
    /// by [`TestRoom::take_errors`](crate::testing::TestRoom::take_errors).
    #[allow(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
    pub fn execution(reason: impl ToString) -> Self {
        Self::Execution { reason: reason.to_string() }
    }

    pub(crate) fn encode(what: &str, error: &serde_json::Error) -> Self {
        Self::Encode { what: what.to_owned(), reason: error.to_string() }
    }

    /// The short name a client sees as `code`.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::InvalidMessage { .. } => "invalid_event",
            Self::FrameTooLarge { .. } => "frame_too_large",
            Self::RateLimited { .. } => "rate_limited",
            Self::AttachmentTooLarge { .. } => "attachment_too_large",
            Self::StateTooLarge { .. }
            | Self::PayloadTooLarge { .. }
            | Self::ValueTooLarge { .. } => "value_too_large",
            Self::TooDeep { .. } => "too_deep",
            Self::KeyTooLong { .. } | Self::InvalidKey { .. } => "invalid_key",
            Self::TooManyTags { .. }
            | Self::TagTooLong { .. }
            | Self::InvalidTag { .. }
            | Self::InvalidConnectionId { .. }
            | Self::InvalidUpgrade { .. } => "invalid_upgrade",
            Self::InvalidRoomId { .. } => "invalid_room_id",
            Self::RoomNotFound { .. } => "room_not_found",
            Self::DuplicateConnection { .. } => "duplicate_connection",
            Self::TooManyConnections { .. } => "too_many_connections",
            Self::Execution { .. }
            | Self::Panicked
            | Self::InvalidStatus { .. }
            | Self::NoState
            | Self::InvalidCloseCode { .. }
            | Self::CloseReasonTooLong { .. }
            | Self::InvalidAlarmTime { .. }
            | Self::InvalidPeriod { .. }
            | Self::InvalidAlarmName { .. }
            | Self::Encode { .. }
            | Self::StateUnreadable { .. }
            | Self::RowUnreadable { .. }
            | Self::ValueUnreadable { .. }
            | Self::PayloadUnreadable { .. }
            | Self::Undelivered { .. }
            | Self::TooMuchRead { .. }
            | Self::TooManyLetters { .. }
            | Self::TooManyHops { .. }
            | Self::InvalidConfig { .. }
            | Self::Storage => "internal",
        }
    }

    /// What a client is told: the message, but for failures inside the room, which are none of its
    /// business.
    pub fn public_message(&self) -> String {
        if self.code() == "internal" {
            "something went wrong in the room".to_owned()
        } else {
            self.to_string()
        }
    }

    /// The HTTP status for a Worker's answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            Self::RoomNotFound { .. } => 404,
            Self::DuplicateConnection { .. } => 409,
            Self::FrameTooLarge { .. } | Self::AttachmentTooLarge { .. } => 413,
            Self::RateLimited { .. } => 429,
            Self::TooManyConnections { .. } => 503,
            _ => match self.code() {
                "invalid_event" | "invalid_upgrade" | "invalid_room_id" => 400,
                _ => 500,
            },
        }
    }
}

/// The first characters of something a client sent, so that an error does not carry all of it.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARS: usize = 200;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
