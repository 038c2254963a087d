//! The list of effects that a handler returns.

use std::borrow::Borrow;

use derive_where::derive_where;
use serde::Serialize;

use crate::room::alarm::When;
use crate::room::audience::Audience;
use crate::room::close::CloseCode;
use crate::room::connection::Connection;
use crate::room::effect::{Effect, Update};
use crate::room::error::{Error, Result};
use crate::room::frame::to_json;
use crate::room::frame::{Decode, Encode, Frame};
use crate::room::function::Function;
use crate::room::history::{History, Keep};
use crate::room::keyed::Keyed;
use crate::room::letter::Errand;
use crate::room::object_name::ObjectName;
use crate::room::room::Room;
use crate::room::tag::Tag;

/// The effects of one handler, in the order they were added. Nothing has happened yet: the engine
/// checks the whole list against the platform's limits, and either all of it is done or none.
///
/// Whatever the order in the list: first everything is stored, then frames go out in their order,
/// then connections close.
///
/// A list is begun by [`cx.effects()`](crate::Context::effects), and each method adds to it. What cannot
/// be written as JSON is an error of the list: the first one is what its handler fails with.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::Broadcast;
/// use dormouse::testing::TestRoom;
/// use dormouse::{Audience, Effect};
///
/// TestRoom::<Chat>::new("lounge").read(|cx| {
///     let joined = Broadcast::UserJoined { user_id: "ada".into() };
///     let effects = cx.effects().broadcast(joined.clone()).cancel("tea");
///     assert_eq!(effects, [
///         Effect::Send { to: Audience::everyone(), message: joined },
///         Effect::Cancel { name: "tea".into() },
///     ]);
/// });
/// ```
#[must_use = "nothing happens unless a handler returns its effects: add them to the list with `and`"]
#[derive_where(Debug, PartialEq; Effect<R>)]
pub struct Effects<R: Room> {
    list: Vec<Effect<R>>,
    error: Option<Error>,
}

impl<R: Room> Effects<R> {
    /// No effects.
    pub const fn new() -> Self {
        Self { list: Vec::new(), error: None }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.error.is_none()
    }

    /// Those that were added, in their order.
    pub fn list(&self) -> &[Effect<R>] {
        &self.list
    }

    /// Adds an effect.
    pub fn with(mut self, effect: Effect<R>) -> Self {
        self.list.push(effect);
        self
    }

    /// Adds an effect, or keeps why there is none.
    fn with_result(mut self, effect: Result<Effect<R>>) -> Self {
        match effect {
            Ok(effect) => self.list.push(effect),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// The list, if nothing of it is wrong.
    pub(crate) fn into_list(self) -> Result<Vec<Effect<R>>> {
        self.error.map_or(Ok(self.list), Err)
    }

    /// Adds all effects of another list.
    pub fn and(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        self.error = self.error.or(others.error);
        self
    }

    /// Makes this the room's state.
    pub fn save(self, state: R::State) -> Self {
        self.with(Effect::Save(state))
    }

    /// Changes the room's state.
    ///
    /// Without a state that is [`Error::NoState`]: see [`update_or_default`](Self::update_or_default) and
    /// [`save`](Self::save).
    pub fn update(self, change: impl FnOnce(&mut R::State) + 'static) -> Self {
        self.with(Effect::Update(Update { initial: None, change: Box::new(change) }))
    }

    /// Changes the room's state, or the default one while there is none.
    pub fn update_or_default(self, change: impl FnOnce(&mut R::State) + 'static) -> Self
    where
        R::State: Default,
    {
        let initial: Option<fn() -> R::State> = Some(R::State::default);
        self.with(Effect::Update(Update { initial, change: Box::new(change) }))
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
        self.with(Effect::SetConnection { connection: connection.clone(), state })
    }

    /// Gives a connection other tags: these, and no more the ones before. What is said to a tag is for
    /// those who wear it then. Up to 9, as at its beginning.
    ///
    /// The platform finds sockets by the tags that they began with, so a room that is awoken reads all
    /// its connections before it can say something to a tag that was given or taken later.
    pub fn set_tags(
        self,
        connection: &Connection<R::Connection>,
        tags: impl IntoIterator<Item = Tag>,
    ) -> Self {
        let tags = tags.into_iter().collect();
        self.with(Effect::SetTags { connection: connection.clone(), tags })
    }

    /// Closes these connections: one, several or none. `handle_close` is called for each.
    pub fn close(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        code: CloseCode,
        reason: impl Into<String>,
    ) -> Self {
        let connections = connections.into_iter().map(|it| it.borrow().clone()).collect();
        self.with(Effect::Close { connections, code, reason: reason.into() })
    }

    /// Plans an alarm, in place of one of the same name.
    pub fn schedule(self, name: impl Into<String>, when: When, alarm: R::Alarm) -> Self {
        self.with(Effect::Schedule { name: name.into(), when, alarm })
    }

    /// Takes an alarm off the schedule.
    pub fn cancel(self, name: impl Into<String>) -> Self {
        self.with(Effect::Cancel { name: name.into() })
    }

    /// Appends a row to a history, with the next sequence number and the time.
    pub fn append<T: Serialize>(self, history: &History<T>, row: &T) -> Self {
        let history = history.name();
        self.with_result(to_json("a row", row).map(|row| Effect::Append { history, row }))
    }

    /// Removes the oldest rows of a history, and keeps these.
    pub fn trim<T>(self, history: &History<T>, keep: Keep) -> Self {
        self.with(Effect::Trim { history: history.name(), keep })
    }

    /// Stores a keyed value, in place of the one of its key.
    pub fn put<T: Serialize>(self, kind: &Keyed<T>, key: impl AsRef<str>, value: &T) -> Self {
        let key = kind.stored_key(key.as_ref());
        self.with_result(to_json("a value", value).map(|value| Effect::Put { key, value }))
    }

    /// Removes a keyed value.
    pub fn delete<T>(self, kind: &Keyed<T>, key: impl AsRef<str>) -> Self {
        self.with(Effect::Delete { key: kind.stored_key(key.as_ref()) })
    }

    /// Gives a message to another room, of another type or the same. It is stored with everything
    /// else that this handler does, tried again if it does not arrive, and handled once. After
    /// [`LETTER_TRIES`](crate::limits::LETTER_TRIES) tries it is given up:
    /// [`handle_error`](Room::handle_error) is told, with [`Error::Undelivered`].
    ///
    /// ```
    /// use dormouse::rooms::{Chat, Echo, chat::Message};
    /// use dormouse::testing::TestRoom;
    ///
    /// TestRoom::<Echo>::new("main").read(|cx| {
    ///     let news = Message::Say { text: "news from the echo".into() };
    ///     assert!(!cx.effects().tell::<Chat>("lounge", &news).is_empty());
    /// });
    /// ```
    pub fn tell<S: Room>(self, id: &str, message: &Inside<S>) -> Self
    where
        Inside<S>: Serialize,
    {
        self.post(told::<S>(id, message), None)
    }

    /// The same, and what became of it comes to [`handle_reply`](Room::handle_reply), with what it is
    /// about: that it [arrived](crate::Answer::arrived), or why not.
    pub fn tell_and_hear<S: Room>(self, id: &str, message: &Inside<S>, about: R::Reply) -> Self
    where
        Inside<S>: Serialize,
    {
        self.post(told::<S>(id, message), Some(about))
    }

    /// Says something to every connection of another room. If that is given up,
    /// [`handle_error`](Room::handle_error) is told.
    pub fn announce<S: Room>(self, id: &str, message: &S::Broadcast) -> Self {
        let errand = ObjectName::new(S::NAME, id).and_then(|room| {
            let room = room.to_string();
            Ok(match message.encode()? {
                Frame::Text(frame) => Errand::Text { room, frame },
                Frame::Binary(frame) => Errand::Binary { room, frame },
            })
        });
        self.post(errand, None)
    }

    /// Asks for another room's state. It comes to [`handle_reply`](Room::handle_reply) with what it is
    /// about, as [`answer.state::<S>()`](crate::Answer::state).
    pub fn ask<S: Room>(self, id: &str, about: R::Reply) -> Self {
        let errand =
            ObjectName::new(S::NAME, id).map(|room| Errand::State { room: room.to_string() });
        self.post(errand, Some(about))
    }

    /// Calls a [`Function`] of the Worker. What it gives comes to [`handle_reply`](Room::handle_reply)
    /// with what it is about, as [`answer.of(&FUNCTION)`](crate::Answer::of).
    pub fn call<A: Serialize, T>(
        self,
        function: &Function<A, T>,
        argument: &A,
        about: R::Reply,
    ) -> Self {
        let function = function.name().to_owned();
        let errand =
            to_json("an argument", argument).map(|argument| Errand::Call { function, argument });
        self.post(errand, Some(about))
    }

    fn post(self, errand: Result<Errand>, about: Option<R::Reply>) -> Self {
        let about = about.map(|about| to_json("what a reply is about", &about)).transpose();
        self.with_result(errand.and_then(|errand| Ok(Effect::Post { errand, about: about? })))
    }

    /// Forgets everything that is stored. What is saved or scheduled later in the list stays.
    pub fn purge(self) -> Self {
        self.with(Effect::Purge)
    }

    /// The effects on a room with this state: every update is done and stands as a `Save` of its
    /// result. For tests that compare.
    ///
    /// ```
    /// use dormouse::rooms::Reminders;
    /// use dormouse::rooms::reminders::State;
    /// use dormouse::{Effect, Effects};
    ///
    /// let effects = Effects::<Reminders>::new().update(|state| state.made += 1);
    /// let state = State { made: 5, pending: 0 };
    /// assert_eq!(effects.on(Some(State { made: 4, pending: 0 })), [Effect::Save(state)]);
    /// ```
    pub fn on(self, mut state: Option<R::State>) -> Self
    where
        R::State: Clone,
    {
        let Self { list, error } = self;
        let mut on = Self { list: Vec::with_capacity(list.len()), error };
        for effect in list {
            let effect = match effect {
                Effect::Update(update) => {
                    let updated = update.apply(&mut state);
                    updated.and_then(|()| state.clone().map(Effect::Save).ok_or(Error::NoState))
                }
                other => {
                    match &other {
                        Effect::Save(saved) => state = Some(saved.clone()),
                        Effect::Purge => state = None,
                        _ => {}
                    }
                    Ok(other)
                }
            };
            on = on.with_result(effect);
        }
        on
    }
}

/// What the Worker and siblings say to a room.
type Inside<S> = <<S as Room>::Message as Decode>::Inside;

fn told<S: Room>(id: &str, message: &Inside<S>) -> Result<Errand>
where
    Inside<S>: Serialize,
{
    let room = ObjectName::new(S::NAME, id)?.to_string();
    Ok(Errand::Message { room, json: to_json("a message", message)? })
}

impl<R: Room> Default for Effects<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Room> FromIterator<Effect<R>> for Effects<R> {
    fn from_iter<I: IntoIterator<Item = Effect<R>>>(effects: I) -> Self {
        Self { list: effects.into_iter().collect(), error: None }
    }
}

impl<R: Room, const N: usize> PartialEq<[Effect<R>; N]> for Effects<R>
where
    Effect<R>: PartialEq,
{
    fn eq(&self, other: &[Effect<R>; N]) -> bool {
        self.error.is_none() && self.list == other
    }
}
