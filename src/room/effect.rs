//! What a handler wants done, as data.

use std::fmt;

use derive_where::derive_where;

use crate::room::alarm::When;
use crate::room::audience::Audience;
use crate::room::close::CloseCode;
use crate::room::connection::Connection;
use crate::room::error::{Error, Result};
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
#[derive_where(Debug, PartialEq; R::State, R::Connection, R::Broadcast, R::Alarm)]
pub enum Effect<R: Room> {
    /// The room's state is this from now on.
    Save(R::State),
    /// The room's state is changed.
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
    /// [`Effects::set_tags`](crate::Effects::set_tags).
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
    /// A named alarm is planned; one of that name is replaced.
    Schedule {
        /// Its name.
        name: String,
        /// When it comes.
        when: When,
        /// What `handle_alarm` gets.
        alarm: R::Alarm,
    },
    /// A named alarm is taken off the schedule; one that is not there is no error.
    Cancel {
        /// Its name.
        name: String,
    },
    /// A row is appended to a history.
    Append {
        /// The history's name.
        history: &'static str,
        /// The row as JSON.
        row: String,
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
        /// The value as JSON.
        value: String,
    },
    /// A keyed value is removed; one that is not there is no error.
    Delete {
        /// The kind's name and the key, as `kind/key`.
        key: String,
    },
    /// Something is to be done by another room, or by a function of the Worker.
    Post {
        /// What.
        errand: Errand,
        /// What its reply is about, as JSON, if one is wanted.
        about: Option<String>,
    },
    /// Everything stored is gone, the schedule and the alarm with it. Sockets stay open, on a
    /// fresh room.
    Purge,
}

/// A change of the state, as a function. It equals no other.
pub struct Update<S> {
    /// The state to begin with where there is none; without it that is [`Error::NoState`].
    pub(crate) initial: Option<fn() -> S>,
    pub(crate) change: Box<dyn FnOnce(&mut S)>,
}

impl<S> Update<S> {
    /// Changes a state, or the one that it begins with.
    ///
    /// # Errors
    /// [`Error::NoState`] if there is none.
    pub(crate) fn apply(self, state: &mut Option<S>) -> Result<()> {
        let state = match (state, self.initial) {
            (Some(state), _) => state,
            (none, Some(initial)) => none.insert(initial()),
            (None, None) => return Err(Error::NoState),
        };
        (self.change)(state);
        Ok(())
    }
}

impl<S> PartialEq for Update<S> {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl<S> fmt::Debug for Update<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
