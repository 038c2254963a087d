//! Which part of a room's code is meant.

use std::fmt;

/// A handler of a [`Room`](crate::Room). Its text is the method's name.
///
/// ```
/// assert_eq!(dormouse::Handler::Message.to_string(), "handle_message");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Handler {
    /// [`admit`](crate::Room::admit).
    Admit,
    /// [`handle_connect`](crate::Room::handle_connect); of an error, also `admit`.
    Connect,
    /// [`handle_message`](crate::Room::handle_message).
    Message,
    /// [`handle_close`](crate::Room::handle_close).
    Close,
    /// [`handle_alarm`](crate::Room::handle_alarm).
    Alarm,
    /// [`handle_reply`](crate::Room::handle_reply); of an error, also the delivery of a letter that was
    /// given up.
    Reply,
    /// [`handle_invalid`](crate::Room::handle_invalid).
    Invalid,
    /// [`handle_limited`](crate::Room::handle_limited).
    Limited,
    /// [`handle_error`](crate::Room::handle_error).
    Error,
}

impl fmt::Display for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admit => "admit",
            Self::Connect => "handle_connect",
            Self::Message => "handle_message",
            Self::Close => "handle_close",
            Self::Alarm => "handle_alarm",
            Self::Reply => "handle_reply",
            Self::Invalid => "handle_invalid",
            Self::Limited => "handle_limited",
            Self::Error => "handle_error",
        })
    }
}
