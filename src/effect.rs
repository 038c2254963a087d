//! What a handler wants done, as data.

use std::borrow::Borrow;
use std::fmt;

use crate::connection::sockets;
use crate::{CloseCode, Connection, Error, Room, SocketId, Tag, When};

/// The effects of one handler, in the order they were added. Nothing has happened yet: the engine
/// checks the whole list against the platform's limits, and either all of it is done or none.
///
/// Whatever the order in the list: first everything is stored, then frames go out in their order,
/// then connections close.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::Broadcast;
/// use dormouse::{Audience, Effect, Effects};
///
/// let joined = Broadcast::UserJoined { user_id: "ada".into() };
/// let effects: Effects<Chat> = Effects::new().broadcast(joined.clone());
/// assert_eq!(effects, [Effect::Send { to: Audience::everyone(), message: joined }]);
/// ```
pub struct Effects<R: Room>(Vec<Effect<R>>);

/// One effect.
///
/// Two effects are equal if they mean the same. An [`Update`](Effect::Update) equals no other:
/// [`Effects::on`] makes a `Save` of it that can be compared.
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
    /// A connection is closed. `handle_close` is called for it at once, in the same commit.
    Close {
        /// Which connections.
        sockets: Vec<SocketId>,
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
    /// Everything stored is gone, the schedule and the alarm with it. Sockets stay open, on a
    /// fresh room.
    Purge,
}

/// A change of the state, as a function.
pub type Update<S> = Box<dyn FnOnce(&mut S)>;

/// Who hears a message.
///
/// ```
/// use dormouse::{Audience, Tag};
/// let red = Audience::tagged(Tag::new("red").unwrap());
/// assert_ne!(red, Audience::everyone());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    pub(crate) among: Among,
    pub(crate) except: Vec<SocketId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    Everyone,
    Tagged(Tag),
    Only(Vec<SocketId>),
}

impl Audience {
    /// Every connection of the room.
    ///
    /// ```
    /// let all = dormouse::Audience::everyone();
    /// ```
    pub fn everyone() -> Self {
        Self {
            among: Among::Everyone,
            except: Vec::new(),
        }
    }

    /// Those that wear a tag.
    ///
    /// ```
    /// use dormouse::{Audience, Tag};
    /// let red = Audience::tagged(Tag::new("red").unwrap());
    /// ```
    pub fn tagged(tag: Tag) -> Self {
        Self {
            among: Among::Tagged(tag),
            except: Vec::new(),
        }
    }

    /// These connections: one, several or none.
    ///
    /// ```
    /// use dormouse::{Audience, Connection};
    /// let nobody = Audience::only(None::<Connection<()>>);
    /// ```
    pub fn only<C>(connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>) -> Self {
        Self {
            among: Among::Only(sockets(connections)),
            except: Vec::new(),
        }
    }

    /// The same without these connections: one, several or none.
    ///
    /// ```
    /// use dormouse::{Audience, Connection};
    /// let all = Audience::everyone().except(None::<Connection<()>>);
    /// assert_eq!(all, Audience::everyone());
    /// ```
    pub fn except<C>(
        mut self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>,
    ) -> Self {
        self.except.extend(sockets(connections));
        self
    }
}

impl<R: Room> Effects<R> {
    /// No effects.
    ///
    /// ```
    /// use dormouse::{Effects, rooms::Chat};
    /// assert!(Effects::<Chat>::new().is_empty());
    /// ```
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an effect.
    pub fn with(mut self, effect: Effect<R>) -> Self {
        self.0.push(effect);
        self
    }

    /// Adds all effects of another list.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Makes this the room's state.
    pub fn save(self, state: R::State) -> Self {
        self.with(Effect::Save(state))
    }

    /// Changes the room's state; does nothing while there is none.
    pub fn update(self, change: impl FnOnce(&mut R::State) + 'static) -> Self {
        self.with(Effect::Update(Box::new(change)))
    }

    /// Says something to every connection.
    pub fn broadcast(self, message: R::Broadcast) -> Self {
        self.broadcast_to(Audience::everyone(), message)
    }

    /// Says something to every connection but these: one, several or none.
    pub fn broadcast_except(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        message: R::Broadcast,
    ) -> Self {
        self.broadcast_to(Audience::everyone().except(connections), message)
    }

    /// Says something to every connection with a tag.
    pub fn broadcast_tagged(self, tag: Tag, message: R::Broadcast) -> Self {
        self.broadcast_to(Audience::tagged(tag), message)
    }

    /// Says something to an audience.
    pub fn broadcast_to(self, to: Audience, message: R::Broadcast) -> Self {
        self.with(Effect::Send { to, message })
    }

    /// Says something to these connections: one, several or none. `cx.sender()` will do; it is
    /// none for API calls.
    pub fn send(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        message: R::Broadcast,
    ) -> Self {
        self.broadcast_to(Audience::only(connections), message)
    }

    /// Sends an error's code and public message to these connections: one, several or none.
    pub fn send_error(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        error: &Error,
    ) -> Self {
        self.with(Effect::SendError {
            to: Audience::only(connections),
            code: error.code().to_owned(),
            message: error.public_message(),
        })
    }

    /// Makes this a connection's state.
    pub fn set_connection(
        self,
        connection: &Connection<R::Connection>,
        state: R::Connection,
    ) -> Self {
        self.with(Effect::SetConnection {
            connection: connection.clone(),
            state,
        })
    }

    /// Closes these connections: one, several or none. `handle_close` is called for each.
    pub fn close(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        code: CloseCode,
        reason: impl Into<String>,
    ) -> Self {
        self.with(Effect::Close {
            sockets: sockets(connections),
            code,
            reason: reason.into(),
        })
    }

    /// Schedules an event, in place of one of the same name.
    pub fn schedule(self, name: impl Into<String>, when: When, alarm: R::Alarm) -> Self {
        self.with(Effect::Schedule {
            name: name.into(),
            when,
            alarm,
        })
    }

    /// Takes an event off the schedule.
    pub fn cancel(self, name: impl Into<String>) -> Self {
        self.with(Effect::Cancel { name: name.into() })
    }

    /// Forgets everything that is stored. What is saved or scheduled later in the list stays.
    pub fn purge(self) -> Self {
        self.with(Effect::Purge)
    }

    /// The effects on a room with this state: every update is done and stands as a `Save` of its
    /// result, or not at all if there is no state. For tests that compare.
    ///
    /// ```
    /// use dormouse::rooms::Chat;
    /// use dormouse::rooms::chat::State;
    /// use dormouse::{Effect, Effects, Timestamp};
    ///
    /// let state = State { created_at: Timestamp::from_millis(1), message_count: 4 };
    /// let effects = Effects::<Chat>::new().update(|state| state.message_count += 1);
    /// assert_eq!(
    ///     effects.on(Some(state)),
    ///     [Effect::Save(State { created_at: Timestamp::from_millis(1), message_count: 5 })],
    /// );
    /// ```
    pub fn on(self, mut state: Option<R::State>) -> Self
    where
        R::State: Clone,
    {
        let mut effects = Vec::with_capacity(self.0.len());
        for effect in self.0 {
            match effect {
                Effect::Update(change) => {
                    let Some(state) = &mut state else { continue };
                    change(state);
                    effects.push(Effect::Save(state.clone()));
                }
                Effect::Save(saved) => {
                    state = Some(saved.clone());
                    effects.push(Effect::Save(saved));
                }
                Effect::Purge => {
                    state = None;
                    effects.push(Effect::Purge);
                }
                other => effects.push(other),
            }
        }
        Self(effects)
    }
}

impl<R: Room> Default for Effects<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Room> IntoIterator for Effects<R> {
    type Item = Effect<R>;
    type IntoIter = std::vec::IntoIter<Effect<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<R: Room> FromIterator<Effect<R>> for Effects<R> {
    fn from_iter<I: IntoIterator<Item = Effect<R>>>(effects: I) -> Self {
        Self(effects.into_iter().collect())
    }
}

impl<R: Room> PartialEq for Effects<R>
where
    Effect<R>: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R: Room, const N: usize> PartialEq<[Effect<R>; N]> for Effects<R>
where
    Effect<R>: PartialEq,
{
    fn eq(&self, other: &[Effect<R>; N]) -> bool {
        self.0 == other
    }
}

impl<R: Room> PartialEq for Effect<R>
where
    R::State: PartialEq,
    R::Connection: PartialEq,
    R::Broadcast: PartialEq,
    R::Alarm: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Save(a), Self::Save(b)) => a == b,
            (Self::Send { to: a, message: x }, Self::Send { to: b, message: y }) => {
                a == b && x == y
            }
            (
                Self::SendError {
                    to: a,
                    code: b,
                    message: c,
                },
                Self::SendError {
                    to: x,
                    code: y,
                    message: z,
                },
            ) => (a, b, c) == (x, y, z),
            (
                Self::SetConnection {
                    connection: a,
                    state: x,
                },
                Self::SetConnection {
                    connection: b,
                    state: y,
                },
            ) => a == b && x == y,
            (
                Self::Close {
                    sockets: a,
                    code: b,
                    reason: c,
                },
                Self::Close {
                    sockets: x,
                    code: y,
                    reason: z,
                },
            ) => (a, b, c) == (x, y, z),
            (
                Self::Schedule {
                    name: a,
                    when: b,
                    alarm: c,
                },
                Self::Schedule {
                    name: x,
                    when: y,
                    alarm: z,
                },
            ) => a == x && b == y && c == z,
            (Self::Cancel { name: a }, Self::Cancel { name: b }) => a == b,
            (Self::Purge, Self::Purge) => true,
            _ => false,
        }
    }
}

impl<R: Room> fmt::Debug for Effects<R>
where
    Effect<R>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
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
            Self::Send { to, message } => f
                .debug_struct("Send")
                .field("to", to)
                .field("message", message)
                .finish(),
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
            Self::Close {
                sockets,
                code,
                reason,
            } => f
                .debug_struct("Close")
                .field("sockets", sockets)
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
            Self::Purge => f.write_str("Purge"),
        }
    }
}
