//! What a handler wants done, as data.

use std::fmt;

use crate::room::alarm::When;
use crate::room::audience::Audience;
use crate::room::close::CloseCode;
use crate::room::connection::Connection;
use crate::room::error::Result;
use crate::room::history::Keep;
use crate::room::letter::Errand;
use crate::room::room::Room;
use crate::room::tag::Tag;

/// One effect.
///
/// Two effects are equal if they mean the same. An [`Update`](Effect::Update) equals no other:
/// [`Effects::on`](crate::Effects::on) makes a `Save` of it that can be compared.
///
/// ```
/// use dormouse::{Effect, Effects, rooms::Chat};
/// let effects = Effects::<Chat>::new().purge();
/// assert_eq!(effects, [Effect::Purge]);
/// ```
#[non_exhaustive]
pub enum Effect<R: Room> {
    /// The room's state is this from now on.
    Save(R::State),
    /// The room's state is changed, if there is one.
    Update(Update<R::State>),
    /// A message goes to an audience.
    Send {
        /// Who hears it.
        to: Audience,
        /// What is said.
        message: R::Broadcast,
    },
    /// An error frame, `{"_tag":"Error","code":…,"message":…}`, goes to an audience, whatever the
    /// room's `Broadcast` is.
    SendError {
        /// Who hears it.
        to: Audience,
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// A connection's state is this from now on.
    SetConnection {
        /// Which connection.
        connection: Connection<R::Connection>,
        /// Its new state.
        state: R::Connection,
    },
    /// [`Effects::set_tags`].
    SetTags {
        /// Whose.
        connection: Connection<R::Connection>,
        /// All that it wears from now on.
        tags: Vec<Tag>,
    },
    /// A connection is closed. `handle_close` is called for it at once, in the same commit.
    Close {
        /// Which connections.
        connections: Vec<Connection<R::Connection>>,
        /// With which code.
        code: CloseCode,
        /// With which reason, 123 bytes at most.
        reason: String,
    },
    /// A named event is scheduled; one of that name is replaced.
    Schedule {
        /// Its name.
        name: String,
        /// When it comes.
        when: When,
        /// What `handle_alarm` gets.
        alarm: R::Alarm,
    },
    /// A named event is taken off the schedule; one that is not there is no error.
    Cancel {
        /// Its name.
        name: String,
    },
    /// A row is appended to a history.
    Append {
        /// The history's name.
        history: &'static str,
        /// The row as JSON, or why there is none.
        row: Result<String>,
    },
    /// The oldest rows of a history are removed.
    Trim {
        /// The history's name.
        history: &'static str,
        /// What stays.
        keep: Keep,
    },
    /// A keyed value is stored, in place of the one of its key.
    Put {
        /// The kind's name and the key, as `kind/key`.
        key: String,
        /// The value as JSON, or why there is none.
        value: Result<String>,
    },
    /// A keyed value is removed; one that is not there is no error.
    Delete {
        /// The kind's name and the key, as `kind/key`.
        key: String,
    },
    /// Something is to be done by another room, or by a function of the Worker.
    Post {
        /// What, or why it cannot be said.
        errand: Result<Errand>,
        /// The name of the reply, if one is wanted.
        reply: Option<String>,
    },
    /// Everything stored is gone, the schedule and the alarm with it. Sockets stay open, on a
    /// fresh room.
    Purge,
}

/// A change of the state, as a function.
///
/// ```
/// let count: dormouse::Update<u32> = Box::new(|count| *count += 1);
/// let mut state = 1;
/// count(&mut state);
/// assert_eq!(state, 2);
/// ```
pub type Update<S> = Box<dyn FnOnce(&mut S)>;

impl<R: Room> PartialEq for Effect<R>
where
    R::State: PartialEq,
    R::Connection: PartialEq,
    R::Broadcast: PartialEq,
    R::Alarm: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Save(state), Self::Save(other)) => state == other,
            (Self::Send { to, message }, Self::Send { to: other_to, message: other_message }) => {
                to == other_to && message == other_message
            }
            (
                Self::SendError { to, code, message },
                Self::SendError { to: other_to, code: other_code, message: other_message },
            ) => to == other_to && code == other_code && message == other_message,
            (
                Self::SetConnection { connection, state },
                Self::SetConnection { connection: other_connection, state: other_state },
            ) => connection == other_connection && state == other_state,
            (
                Self::SetTags { connection, tags },
                Self::SetTags { connection: other_connection, tags: other_tags },
            ) => connection == other_connection && tags == other_tags,
            (
                Self::Close { connections, code, reason },
                Self::Close { connections: others, code: other_code, reason: other_reason },
            ) => connections == others && code == other_code && reason == other_reason,
            (
                Self::Schedule { name, when, alarm },
                Self::Schedule { name: other_name, when: other_when, alarm: other_alarm },
            ) => name == other_name && when == other_when && alarm == other_alarm,
            (Self::Cancel { name }, Self::Cancel { name: other }) => name == other,
            (
                Self::Append { history, row },
                Self::Append { history: other_history, row: other_row },
            ) => history == other_history && row == other_row,
            (
                Self::Trim { history, keep },
                Self::Trim { history: other_history, keep: other_keep },
            ) => history == other_history && keep == other_keep,
            (Self::Put { key, value }, Self::Put { key: other_key, value: other_value }) => {
                key == other_key && value == other_value
            }
            (Self::Delete { key }, Self::Delete { key: other }) => key == other,
            (
                Self::Post { errand, reply },
                Self::Post { errand: other_errand, reply: other_reply },
            ) => errand == other_errand && reply == other_reply,
            (Self::Purge, Self::Purge) => true,
            _ => false,
        }
    }
}

impl<R: Room> fmt::Debug for Effect<R>
where
    R::State: fmt::Debug,
    R::Connection: fmt::Debug,
    R::Broadcast: fmt::Debug,
    R::Alarm: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Save(state) => f.debug_tuple("Save").field(state).finish(),
            Self::Update(_) => f.write_str("Update(…)"),
            Self::Send { to, message } => {
                f.debug_struct("Send").field("to", to).field("message", message).finish()
            }
            Self::SendError { to, code, message } => f
                .debug_struct("SendError")
                .field("to", to)
                .field("code", code)
                .field("message", message)
                .finish(),
            Self::SetConnection { connection, state } => f
                .debug_struct("SetConnection")
                .field("connection", connection)
                .field("state", state)
                .finish(),
            Self::SetTags { connection, tags } => f
                .debug_struct("SetTags")
                .field("connection", connection)
                .field("tags", tags)
                .finish(),
            Self::Close { connections, code, reason } => f
                .debug_struct("Close")
                .field("connections", connections)
                .field("code", code)
                .field("reason", reason)
                .finish(),
            Self::Schedule { name, when, alarm } => f
                .debug_struct("Schedule")
                .field("name", name)
                .field("when", when)
                .field("alarm", alarm)
                .finish(),
            Self::Cancel { name } => f.debug_struct("Cancel").field("name", name).finish(),
            Self::Append { history, row } => {
                f.debug_struct("Append").field("history", history).field("row", row).finish()
            }
            Self::Trim { history, keep } => {
                f.debug_struct("Trim").field("history", history).field("keep", keep).finish()
            }
            Self::Put { key, value } => {
                f.debug_struct("Put").field("key", key).field("value", value).finish()
            }
            Self::Delete { key } => f.debug_struct("Delete").field("key", key).finish(),
            Self::Post { errand, reply } => {
                f.debug_struct("Post").field("errand", errand).field("reply", reply).finish()
            }
            Self::Purge => f.write_str("Purge"),
        }
    }
}
