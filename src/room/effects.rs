//! The list of effects that a handler returns.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use crate::room::alarm::When;
use crate::room::audience::Audience;
use crate::room::close::CloseCode;
use crate::room::connection::Connection;
use crate::room::effect::Effect;
use crate::room::error::Error;
use crate::room::frame::to_json;
use crate::room::frame::{Encode, Frame};
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
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// assert!(Effects::<Chat>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an effect.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let effects = Effects::<Chat>::new().with(Effect::Purge);
    /// assert_eq!(effects, Effects::new().purge());
    /// ```
    pub fn with(mut self, effect: Effect<R>) -> Self {
        self.0.push(effect);
        self
    }

    /// Adds all effects of another list.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let tell = Effects::<Chat>::new().broadcast(typing);
    /// let both = Effects::new().purge().and(tell);
    /// assert_eq!(both.into_iter().count(), 2);
    /// ```
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Makes this the room's state.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let state = State { created_at: Timestamp::from_millis(1), message_count: 0 };
    /// let effects = Effects::<Chat>::new().save(state.clone());
    /// assert_eq!(effects, [Effect::Save(state)]);
    /// ```
    pub fn save(self, state: R::State) -> Self {
        self.with(Effect::Save(state))
    }

    /// Changes the room's state; does nothing while there is none.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let effects = Effects::<Chat>::new().update(|state| state.message_count += 1);
    /// assert!(effects.on(None).is_empty(), "nothing to update");
    /// ```
    pub fn update(self, change: impl FnOnce(&mut R::State) + 'static) -> Self {
        self.with(Effect::Update(Box::new(change)))
    }

    /// Says something to every connection.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let effects = Effects::<Chat>::new().broadcast(typing.clone());
    /// assert_eq!(effects, [Effect::Send { to: Audience::everyone(), message: typing }]);
    /// ```
    pub fn broadcast(self, message: R::Broadcast) -> Self {
        self.broadcast_to(Audience::everyone(), message)
    }

    /// Says something to every connection but these: one, several or none.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// client.read(|cx| {
    ///     let effects = Effects::<Chat>::new().broadcast_except(cx.sender(), typing.clone());
    ///     let to = Audience::everyone().except(cx.sender());
    ///     assert_eq!(effects, [Effect::Send { to, message: typing }]);
    /// });
    /// ```
    pub fn broadcast_except(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        message: R::Broadcast,
    ) -> Self {
        self.broadcast_to(Audience::everyone().except(connections), message)
    }

    /// Says something to every connection with a tag.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let ada = Tag::new("user:ada").unwrap();
    /// let effects = Effects::<Chat>::new().broadcast_tagged(ada.clone(), typing.clone());
    /// assert_eq!(effects, [Effect::Send { to: Audience::tagged(ada), message: typing }]);
    /// ```
    pub fn broadcast_tagged(self, tag: Tag, message: R::Broadcast) -> Self {
        self.broadcast_to(Audience::tagged(tag), message)
    }

    /// Says something to an audience.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let effects = Effects::<Chat>::new().broadcast_to(Audience::everyone(), typing.clone());
    /// assert_eq!(effects, Effects::new().broadcast(typing));
    /// ```
    pub fn broadcast_to(self, to: Audience, message: R::Broadcast) -> Self {
        self.with(Effect::Send { to, message })
    }

    /// Says something to these connections: one, several or none. `cx.sender()` will do; it is
    /// none for API calls.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// client.read(|cx| {
    ///     let effects = Effects::<Chat>::new().send(cx.connection("ada").iter(), typing.clone());
    ///     assert_eq!(effects, Effects::new().send(cx.sender(), typing));
    /// });
    /// ```
    pub fn send(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        message: R::Broadcast,
    ) -> Self {
        self.broadcast_to(Audience::only(connections), message)
    }

    /// Sends an error's code and public message to these connections: one, several or none.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// client.read(|cx| {
    ///     let error = Error::refuse("muted", "You are muted until noon");
    ///     let effects = Effects::<Chat>::new().send_error(cx.sender(), &error);
    ///     assert!(!effects.is_empty());
    /// });
    /// ```
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
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// client.read(|cx| {
    ///     let ada = cx.sender().unwrap();
    ///     let mut state = ada.state().clone();
    ///     state.user_id = "Ada".into();
    ///     let effects = Effects::<Chat>::new().set_connection(ada, state);
    ///     assert!(!effects.is_empty());
    /// });
    /// ```
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
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// client.read(|cx| {
    ///     let effects = Effects::<Chat>::new().close(cx.sender(), CloseCode::POLICY, "no shouting");
    ///     assert!(!effects.is_empty());
    /// });
    /// ```
    pub fn close(
        self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<R::Connection>>>,
        code: CloseCode,
        reason: impl Into<String>,
    ) -> Self {
        let connections = connections.into_iter().map(|it| it.borrow().clone()).collect();
        self.with(Effect::Close { connections, code, reason: reason.into() })
    }

    /// Schedules an event, in place of one of the same name.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// use dormouse::rooms::Reminders;
    /// let in_a_minute = When::after(Duration::from_secs(60));
    /// let effects = Effects::<Reminders>::new().schedule("tea", in_a_minute, "Tea!".to_owned());
    /// assert!(!effects.is_empty());
    /// ```
    pub fn schedule(self, name: impl Into<String>, when: When, alarm: R::Alarm) -> Self {
        self.with(Effect::Schedule { name: name.into(), when, alarm })
    }

    /// Takes an event off the schedule.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// let effects = Effects::<Chat>::new().cancel("tea");
    /// assert_eq!(effects, [Effect::Cancel { name: "tea".into() }]);
    /// ```
    pub fn cancel(self, name: impl Into<String>) -> Self {
        self.with(Effect::Cancel { name: name.into() })
    }

    /// Appends a row to a history, with the next sequence number and the time.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// const SAID: History<String> = History::new("said");
    /// let effects = Effects::<Chat>::new().append(&SAID, &"hello".to_owned());
    /// assert_eq!(effects, [Effect::Append { history: "said", row: Ok("\"hello\"".into()) }]);
    /// ```
    pub fn append<T: Serialize>(self, history: &History<T>, row: &T) -> Self {
        let row = to_json("a row", row);
        self.with(Effect::Append { history: history.name(), row })
    }

    /// Removes the oldest rows of a history, and keeps these.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// const SAID: History<String> = History::new("said");
    /// let effects = Effects::<Chat>::new().trim(&SAID, Keep::newest(1_000));
    /// assert_eq!(effects, [Effect::Trim { history: "said", keep: Keep::newest(1_000) }]);
    /// ```
    pub fn trim<T>(self, history: &History<T>, keep: Keep) -> Self {
        self.with(Effect::Trim { history: history.name(), keep })
    }

    /// Stores a keyed value, in place of the one of its key.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// const SCORES: Keyed<u32> = Keyed::new("scores");
    /// let effects = Effects::<Chat>::new().put(&SCORES, "ada", &7);
    /// assert_eq!(effects, [Effect::Put { key: "scores/ada".into(), value: Ok("7".into()) }]);
    /// ```
    pub fn put<T: Serialize>(self, kind: &Keyed<T>, key: impl AsRef<str>, value: &T) -> Self {
        let value = to_json("a value", value);
        self.with(Effect::Put { key: kind.stored_key(key.as_ref()), value })
    }

    /// Removes a keyed value.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// const SCORES: Keyed<u32> = Keyed::new("scores");
    /// let effects = Effects::<Chat>::new().delete(&SCORES, "ada");
    /// assert_eq!(effects, [Effect::Delete { key: "scores/ada".into() }]);
    /// ```
    pub fn delete<T>(self, kind: &Keyed<T>, key: impl AsRef<str>) -> Self {
        self.with(Effect::Delete { key: kind.stored_key(key.as_ref()) })
    }

    /// Gives an event to another room, of another type or the same. It is stored with everything
    /// else that this handler does, tried again if it does not arrive, and handled once. After
    /// [`LETTER_TRIES`](crate::limits::LETTER_TRIES) tries it is given up, and
    /// [`handle_error`](Room::handle_error) is told.
    ///
    /// ```
    /// use dormouse::rooms::Chat;
    /// use dormouse::rooms::chat::Message;
    /// use dormouse::{Effects, rooms::Echo};
    ///
    /// let news = Message::Say { text: "news from the echo".into() };
    /// let effects = Effects::<Echo>::new().tell::<Chat>("lounge", &news);
    /// ```
    pub fn tell<S: Room>(self, id: &str, event: &S::Message) -> Self
    where
        S::Message: Serialize,
    {
        let errand = ObjectName::new(S::NAME, id).and_then(|room| {
            Ok(Errand::Message { room: room.to_string(), json: to_json("an event", event)? })
        });
        self.with(Effect::Post { errand, reply: None })
    }

    /// Says something to every connection of another room.
    ///
    /// ```
    /// use dormouse::{Effects, Text, rooms::{Echo, Lobby}};
    /// let effects = Effects::<Echo>::new().announce::<Lobby>("main", &Text::from("dinner"));
    /// ```
    pub fn announce<S: Room>(self, id: &str, message: &S::Broadcast) -> Self {
        let errand = ObjectName::new(S::NAME, id).and_then(|room| {
            let room = room.to_string();
            Ok(match message.encode()? {
                Frame::Text(frame) => Errand::Text { room, frame },
                Frame::Binary(frame) => Errand::Binary { room, frame },
            })
        });
        self.with(Effect::Post { errand, reply: None })
    }

    /// Asks for another room's state. It comes to [`Room::handle_reply`] under a name.
    ///
    /// ```
    /// use dormouse::{Effects, rooms::{Chat, Echo}};
    /// let effects = Effects::<Echo>::new().ask::<Chat>("lounge", "how busy");
    /// ```
    pub fn ask<S: Room>(self, id: &str, reply: impl Into<String>) -> Self {
        let errand =
            ObjectName::new(S::NAME, id).map(|room| Errand::State { room: room.to_string() });
        self.with(Effect::Post { errand, reply: Some(reply.into()) })
    }

    /// Calls a function of the Worker. Its answer, or its error, comes to [`Room::handle_reply`]
    /// under a name.
    ///
    /// ```
    /// use dormouse::{Effects, rooms::Echo};
    /// let effects = Effects::<Echo>::new().call("translate", &("hello", "fr"), "translation");
    /// ```
    pub fn call<T: Serialize>(
        self,
        function: impl Into<String>,
        argument: &T,
        reply: impl Into<String>,
    ) -> Self {
        let errand = to_json("an argument", argument)
            .map(|argument| Errand::Call { function: function.into(), argument });
        self.with(Effect::Post { errand, reply: Some(reply.into()) })
    }

    /// Forgets everything that is stored. What is saved or scheduled later in the list stays.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, chat::Broadcast, chat::State};
    /// # use dormouse::{Audience, CloseCode, Effect, Effects, Error, History, Keep, Keyed, Tag, Timestamp, When};
    /// # use std::time::Duration;
    /// # let room = dormouse::testing::TestRoom::<Chat>::new("lounge");
    /// # let client = room.connect("ada");
    /// # let typing = Broadcast::Typing { user_id: "ada".into() };
    /// assert_eq!(Effects::<Chat>::new().purge(), [Effect::Purge]);
    /// ```
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

impl<R: Room> fmt::Debug for Effects<R>
where
    Effect<R>: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
