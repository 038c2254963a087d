//! The trait that a room is, and what its handlers are given beside the context.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::close::Close;
use crate::room::connection_id::ConnectionId;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::{Decode, Encode, Frame};
use crate::room::letter::Reply;
use crate::room::limits;
use crate::room::liveness::AutoResponse;
use crate::room::rate::RateLimit;
use crate::room::resume::Resume;
use crate::room::tag::Tag;
use crate::room::time::millis;

/// A room: four handlers that read what they are given and return what they want done.
///
/// Handlers are plain functions. They borrow everything and change nothing, know no clock and no
/// chance but their [`Context`]'s, and what they return is checked as a whole before any of it is
/// done. A handler that fails has therefore changed nothing.
///
/// # Time and memory
///
/// **Nothing interrupts a handler: it runs until it returns, and nobody else in its object, nor in
/// the others of its isolate, has a turn until then.** WebAssembly cannot be stopped from within, so
/// there is no time limit of Dormouse's own. Split long work over scheduled events.
///
/// - A handler that returns late, but within the platform's limit of CPU time (by default 30 s for an
///   event, see Cloudflare's "Limits"), delays others and does no other harm.
/// - One over that limit is ended by the platform, by force, and its object is reset. Nothing of its
///   batch is stored or sent. Every socket of the object drops as by a cut line, without a
///   [`handle_close`](Room::handle_close), and the room wakes with what its last commit stored and no
///   connections. A crash ends an object the same way. So do not keep in the state who is here:
///   [`cx.connections()`](Context::connections) knows.
/// - A handler that makes the instance, which the rooms of an isolate share, grow over 64 MiB traps:
///   a failure like any other. The memory of an instance that trapped is free only when JavaScript's
///   collector comes around.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::{Context, Effects, Never, Result, Room, Text};
///
/// /// Says everything to everyone, and counts.
/// struct Shout;
///
/// impl Room for Shout {
///     const NAME: &'static str = "shout";
///     type State = u64;
///     type Connection = ();
///     type Message = Text;
///     type Broadcast = Text;
///     type Alarm = Never;
///
///     fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
///         let count = cx.state().unwrap_or(&0) + 1;
///         Ok(Effects::new().save(count).broadcast(Text(format!("{count}: {text}"))))
///     }
/// }
///
/// let room = TestRoom::<Shout>::new("hall");
/// let ada = room.connect("ada");
/// ada.send_text("hello");
/// assert_eq!(ada.receive_text(), "1: hello");
/// ```
pub trait Room: Sized + 'static {
    /// The type's name in routes and object names: letters, digits, `-` and `_`.
    const NAME: &'static str;

    /// Bytes of the largest frame a client may send; a larger one closes its socket with 1009.
    const MAX_FRAME_BYTES: usize = limits::FRAME_BYTES;

    /// A frame that the platform answers by itself, without waking the room. A room with a
    /// [`RESUME`](Room::RESUME) has one if it says nothing: its clients ask whether their line is alive.
    const AUTO_RESPONSE: Option<AutoResponse> = match Self::RESUME {
        Some(_) => Some(AutoResponse::new("dormouse.ping", "dormouse.pong")),
        None => None,
    };

    /// What is kept for clients that lose their line: with it, they come back as if they had not. None:
    /// the room takes plain clients alone, and a lost line is a close.
    const RESUME: Option<Resume> = None;

    /// How long a connection may leave [`AUTO_RESPONSE`](Room::AUTO_RESPONSE) unasked before its
    /// peer is taken for gone and it is closed, as by a cut line. None: for ever.
    ///
    /// Clients of such a room send the frame at least that often. The platform itself may list a
    /// socket whose peer vanished for a long time.
    const PRESUMED_GONE_AFTER: Option<Duration> = None;

    /// How fast each connection may send; what is over it goes to
    /// [`handle_limited`](Room::handle_limited). API calls are not limited.
    const RATE_LIMIT: Option<RateLimit> = None;

    /// What the room remembers: stored when saved, absent until first saved.
    type State: Serialize + DeserializeOwned;

    /// What a connection remembers, as long as it is open. With its id and time it must fit
    /// [`limits::ATTACHMENT_BYTES`].
    type Connection: Serialize + DeserializeOwned;

    /// What comes in, by socket or by API.
    type Message: Decode;

    /// What goes out.
    type Broadcast: Encode;

    /// What a scheduled event carries; [`Never`] for a room that schedules none.
    type Alarm: Serialize + DeserializeOwned;

    /// Decides who a new connection is: its id, its tags and its first state.
    ///
    /// Unless a room says otherwise that is what the Worker gave for the upgrade, with a UUID for
    /// an id that is missing.
    ///
    /// # Errors
    /// An error refuses the connection; the Worker answers with [`Error::status`].
    fn admit(cx: &Context<Self>, upgrade: &Upgrade) -> Result<Admission<Self::Connection>> {
        let id = upgrade.connection_id(cx)?;
        let tags = upgrade.tags.iter().map(Tag::new).collect::<Result<_>>()?;
        Ok(Admission { id, tags, state: upgrade.state()? })
    }

    /// A connection is made: [`cx.sender()`](Context::sender). It is among the room's connections
    /// already.
    ///
    /// # Errors
    /// An error refuses the connection; the Worker answers with [`Error::status`].
    fn handle_connect(cx: &Context<Self>, upgrade: &Upgrade) -> Result<Effects<Self>> {
        let _ = (cx, upgrade);
        Ok(Effects::new())
    }

    /// An event comes from a connection, or from an API call, which has no
    /// [`sender`](Context::sender).
    ///
    /// # Errors
    /// Of an error [`handle_error`](Room::handle_error) makes what the sender hears. An API call
    /// gets it as its result.
    fn handle_message(cx: &Context<Self>, event: Self::Message) -> Result<Effects<Self>>;

    /// A connection is over: [`cx.sender()`](Context::sender). It is no longer among the room's
    /// connections. Called once for each connection whose `handle_connect` succeeded, however it
    /// ended.
    ///
    /// # Errors
    /// An error goes to [`handle_error`](Room::handle_error); the connection is over all the same.
    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let _ = (cx, close);
        Ok(Effects::new())
    }

    /// Reads a [`State`](Room::State) that an earlier version of the room stored. Called with what
    /// does not decode as this version's; `None` if it is of no version that is known.
    ///
    /// Without this, or with `None`, whatever needs the state fails with [`Error::StateUnreadable`],
    /// and what is stored is left as it is. What was migrated is stored when it is next saved.
    ///
    /// ```
    /// use dormouse::{Context, Effects, Result, Room, Text};
    /// use dormouse::testing::TestRoom;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Score { home: u32, away: u32 }
    ///
    /// struct Match;
    ///
    /// impl Room for Match {
    ///     const NAME: &'static str = "match";
    ///     type State = Score;
    /// #   type Connection = ();
    /// #   type Message = Text;
    /// #   type Broadcast = Text;
    /// #   type Alarm = ();
    ///
    ///     // The first version stored a pair.
    ///     fn migrate_state(stored: serde_json::Value) -> Option<Score> {
    ///         let (home, away) = serde_json::from_value(stored).ok()?;
    ///         Some(Score { home, away })
    ///     }
    /// #   fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
    /// #       Ok(Effects::new())
    /// #   }
    /// }
    ///
    /// let room = TestRoom::<Match>::new("final");
    /// room.with_host(|host| host.set_state("[2, 1]"));
    /// assert_eq!(room.read(|cx| cx.state().unwrap().home), 2);
    /// ```
    fn migrate_state(stored: Value) -> Option<Self::State> {
        let _ = stored;
        None
    }

    /// The same for the state of a [`Connection`](Room::Connection) whose socket slept through the
    /// deploy. With `None` that one socket is closed, with 1011 and a reason.
    fn migrate_connection(stored: Value) -> Option<Self::Connection> {
        let _ = stored;
        None
    }

    /// The same for an [`Alarm`](Room::Alarm) that was scheduled before the deploy. With `None` the
    /// event fails with [`Error::PayloadUnreadable`], comes again, and is set aside after its tries.
    fn migrate_alarm(stored: Value) -> Option<Self::Alarm> {
        let _ = stored;
        None
    }

    /// A scheduled event is due. It leaves the schedule in the same commit as what this returns.
    ///
    /// # Errors
    /// The event stays, and comes again with [`cx.retry()`](Context::retry), after 2 s, 4 s and so
    /// on; after [`limits::ALARM_TRIES`] tries it is set aside.
    fn handle_alarm(cx: &Context<Self>, alarm: Self::Alarm) -> Result<Effects<Self>> {
        let _ = (cx, alarm);
        Ok(Effects::new())
    }

    /// An answer has come: a room's state that was [asked for](Effects::ask), or what came of a
    /// [call](Effects::call).
    ///
    /// # Errors
    /// The answer is asked for again, after 2 s, 4 s and so on, [`limits::LETTER_TRIES`] times.
    fn handle_reply(cx: &Context<Self>, reply: &Reply) -> Result<Effects<Self>> {
        let _ = (cx, reply);
        Ok(Effects::new())
    }

    /// A frame did not decode as an [`Message`](Room::Message). Unless a room says otherwise its sender
    /// gets `{"_tag":"Error","code":"invalid_event","message":…}`, and the socket stays open.
    fn handle_invalid(cx: &Context<Self>, frame: &Frame, error: &Error) -> Effects<Self> {
        let _ = frame;
        Effects::new().send_error(cx.sender(), error)
    }

    /// Whether an event passes whatever [`RATE_LIMIT`](Room::RATE_LIMIT) says, and takes no token.
    fn is_exempt(event: &Self::Message) -> bool {
        let _ = event;
        false
    }

    /// A frame was over [`RATE_LIMIT`](Room::RATE_LIMIT) and was dropped; another passes after
    /// `wait`. Unless a room says otherwise its sender gets an error frame.
    fn handle_limited(cx: &Context<Self>, wait: Duration) -> Effects<Self> {
        Effects::new().send_error(cx.sender(), &Error::RateLimited { wait_millis: millis(wait) })
    }

    /// A handler failed, and what it wanted was dropped. Unless a room says otherwise the
    /// connection concerned, if there is one, gets an error frame. What no client may hear is in the
    /// log already: see [`HandlerError`](crate::HandlerError).
    fn handle_error(cx: &Context<Self>, during: During, error: &Error) -> Effects<Self> {
        let _ = during;
        Effects::new().send_error(cx.sender(), error)
    }
}

/// The handler that failed.
///
/// ```
/// assert_ne!(dormouse::During::Message, dormouse::During::Alarm);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum During {
    /// `admit` or `handle_connect`.
    Connect,
    /// `handle_message`.
    Message,
    /// `handle_close`.
    Close,
    /// `handle_alarm`.
    Alarm,
    /// `handle_reply`, or the delivery of a letter that was given up.
    Reply,
}

/// What the Worker gives when it makes a connection.
///
/// ```
/// use dormouse::Upgrade;
/// let upgrade: Upgrade = serde_json::from_str(r#"{"id":"ada","state":{"admin":true}}"#).unwrap();
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
    /// Its first state, as JSON.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub state: Value,
    /// Whatever else the room needs to know while it connects; not kept.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub meta: Value,
    /// What to do if a connection with the id is open.
    #[serde(skip_serializing_if = "OnDuplicate::is_default")]
    pub on_duplicate: OnDuplicate,
    /// The subprotocols that the client offers, as its `Sec-WebSocket-Protocol` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

impl Upgrade {
    /// The id that was given, or a UUID.
    ///
    /// # Errors
    /// [`Error::InvalidConnectionId`].
    ///
    /// ```
    /// use dormouse::Upgrade;
    /// use dormouse::rooms::Chat;
    /// use dormouse::testing::TestRoom;
    ///
    /// TestRoom::<Chat>::new("lounge").read(|cx| {
    ///     assert_eq!(Upgrade::default().connection_id(cx).unwrap().as_str().len(), 36);
    /// });
    /// ```
    pub fn connection_id<R: Room>(&self, cx: &Context<R>) -> Result<ConnectionId> {
        ConnectionId::new(self.id.clone().unwrap_or_else(|| cx.uuid()))
    }

    /// The state that was given, as the room's type.
    ///
    /// # Errors
    /// [`Error::InvalidUpgrade`] if it does not decode.
    ///
    /// ```
    /// use dormouse::Upgrade;
    /// let upgrade = Upgrade { state: 7.into(), ..Upgrade::default() };
    /// assert_eq!(upgrade.state::<u8>(), Ok(7));
    /// ```
    pub fn state<T: DeserializeOwned>(&self) -> Result<T> {
        read("state", &self.state)
    }

    /// The meta that was given, as a type.
    ///
    /// # Errors
    /// [`Error::InvalidUpgrade`] if it does not decode.
    ///
    /// ```
    /// use dormouse::Upgrade;
    /// assert_eq!(Upgrade::default().meta::<Option<u8>>(), Ok(None));
    /// ```
    pub fn meta<T: DeserializeOwned>(&self) -> Result<T> {
        read("meta", &self.meta)
    }
}

fn read<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T> {
    T::deserialize(value)
        .map_err(|error| Error::InvalidUpgrade { reason: format!("{what}: {error}") })
}

/// What to do when a connection's id is that of one that is open.
///
/// ```
/// assert_eq!(dormouse::OnDuplicate::default(), dormouse::OnDuplicate::Allow);
/// ```
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
/// use dormouse::{Admission, ConnectionId};
/// let admission = Admission::new(ConnectionId::new("ada").unwrap(), ());
/// assert!(admission.tags.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission<C> {
    /// Its id.
    pub id: ConnectionId,
    /// Its tags, [`limits::TAGS`] at most.
    pub tags: Vec<Tag>,
    /// Its first state.
    pub state: C,
}

impl<C> Admission<C> {
    /// A connection with an id and a state.
    ///
    /// ```
    /// use dormouse::{Admission, ConnectionId};
    /// let admission = Admission::new(ConnectionId::new("ada").unwrap(), 7);
    /// assert_eq!(admission.state, 7);
    /// ```
    pub fn new(id: ConnectionId, state: C) -> Self {
        Self { id, tags: Vec::new(), state }
    }

    /// The same with one more tag.
    ///
    /// ```
    /// use dormouse::{Admission, ConnectionId, Tag};
    /// let admission = Admission::new(ConnectionId::new("ada").unwrap(), ()).tag(Tag::new("red").unwrap());
    /// assert_eq!(admission.tags.len(), 1);
    /// ```
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }
}

/// A type without a value: the `Alarm` of a room that schedules nothing.
///
/// ```
/// assert!(serde_json::from_str::<dormouse::Never>("null").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}
