//! The trait that a room is, and what its handlers are given beside the context.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::close::Close;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::{Decode, Encode, Frame};
use crate::room::handler::Handler;
use crate::room::letter::Answer;
use crate::room::limits;
use crate::room::liveness::AutoResponse;
use crate::room::rate::RateLimit;
use crate::room::resume::Resume;
use crate::room::time::millis;
use crate::room::upgrade::{Admission, Newcomer};

/// A room: handlers that read what they are given and return what they want done.
///
/// Handlers are plain functions. They borrow everything and change nothing, know no clock and no
/// chance but their [`Context`]'s, and what they return is checked as a whole before any of it is
/// done. A handler that fails has therefore changed nothing.
///
/// # Time and memory
///
/// **Nothing interrupts a handler: it runs until it returns, and nobody else in its object, nor in
/// the others of its isolate, has a turn until then.** WebAssembly cannot be stopped from within, so
/// there is no time limit of Dormouse's own. Split long work over alarms.
///
/// - A handler that returns late, but within the platform's limit of CPU time (by default 30 s a
///   turn, see Cloudflare's "Limits"), delays others and does no other harm.
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
///     type Upgrade = ();
///     type Message = Text;
///     type Broadcast = Text;
///     type Alarm = Never;
///     type Reply = Never;
///
///     fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
///         let count = cx.state().unwrap_or(&0) + 1;
///         Ok(cx.effects().save(count).broadcast(Text(format!("{count}: {text}"))))
///     }
/// }
///
/// let room = TestRoom::<Shout>::new("hall");
/// let ada = room.connect("ada");
/// ada.send_text("hello");
/// assert_eq!(ada.receive_text(), "1: hello");
/// ```
pub trait Room: Sized + 'static {
    /// The type's name in routes and object names: 1 to 64 letters, digits, `-` and `_`. What is wrong
    /// with it or with one of the other constants does not compile:
    ///
    /// ```compile_fail,E0080
    /// use dormouse::{Context, Effects, Never, Result, Room, RoomType, Text};
    ///
    /// struct Huge;
    ///
    /// impl Room for Huge {
    ///     const NAME: &'static str = "huge";
    ///     const MAX_FRAME_BYTES: usize = 64 * 1024 * 1024;
    ///     type State = ();
    ///     type Connection = ();
    ///     type Upgrade = ();
    ///     type Message = Text;
    ///     type Broadcast = Text;
    ///     type Alarm = Never;
    ///     type Reply = Never;
    ///
    ///     fn handle_message(cx: &Context<Self>, text: Text) -> Result<Effects<Self>> {
    ///         Ok(cx.effects().broadcast(text))
    ///     }
    /// }
    ///
    /// const HUGE: RoomType = RoomType::of::<Huge>();
    /// HUGE.name();
    /// ```
    const NAME: &'static str;

    /// Bytes of the largest frame a client may send, 1 to [`limits::MAX_FRAME_BYTES`]; a larger frame
    /// closes its socket with 1009.
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
    /// peer is taken for gone and it is closed, as by a cut line: from a second to a day. None: for ever.
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

    /// What the Worker gives with a new connection; `()` if nothing. Data that does not decode is
    /// [`Error::InvalidUpgrade`], before any handler.
    type Upgrade: DeserializeOwned;

    /// What comes in: from clients, from the Worker and from other rooms. [`Apart`](crate::Apart) sets
    /// them apart.
    type Message: Decode;

    /// What goes out.
    type Broadcast: Encode;

    /// What an alarm carries; [`Never`] for a room that plans none.
    type Alarm: Serialize + DeserializeOwned;

    /// What the answer to a [call](Effects::call) or a [question](Effects::ask) is about: it is stored
    /// until the answer comes. [`Never`] for a room that asks nothing.
    type Reply: Serialize + DeserializeOwned;

    /// Decides who a new connection is: its id, its tags and its first state.
    ///
    /// Unless a room says otherwise that is what the Worker gave: its id, or a UUID; its tags; and its
    /// data, decoded as a [`Connection`](Room::Connection). Data that is none leaves a connection whose
    /// state can be nothing, like `()`, without one.
    ///
    /// # Errors
    /// An error refuses the connection; the Worker answers with [`Error::status`].
    fn admit(
        cx: &Context<Self>,
        newcomer: Newcomer<Self::Upgrade>,
    ) -> Result<Admission<Self::Connection>> {
        let (id, state) = (newcomer.id_or_uuid(cx), newcomer.state()?);
        Ok(Admission { id, tags: newcomer.tags, state })
    }

    /// A connection is made: [`cx.sender()`](Context::sender). It is among the room's connections
    /// already.
    ///
    /// # Errors
    /// An error refuses the connection; the Worker answers with [`Error::status`].
    fn handle_connect(cx: &Context<Self>, upgrade: &Self::Upgrade) -> Result<Effects<Self>> {
        let _ = (cx, upgrade);
        Ok(Effects::new())
    }

    /// A message comes from a connection, or from the Worker or another room, which has no
    /// [`sender`](Context::sender).
    ///
    /// # Errors
    /// Of an error [`handle_error`](Room::handle_error) makes what the sender hears. An API call
    /// gets it as its result.
    fn handle_message(cx: &Context<Self>, message: Self::Message) -> Result<Effects<Self>>;

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
    /// use dormouse::{Context, Effects, Never, Result, Room, Text};
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
    /// #   type Upgrade = ();
    /// #   type Message = Text;
    /// #   type Broadcast = Text;
    /// #   type Alarm = ();
    /// #   type Reply = Never;
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
    /// alarm fails with [`Error::PayloadUnreadable`], comes again, and is set aside after its tries.
    fn migrate_alarm(stored: Value) -> Option<Self::Alarm> {
        let _ = stored;
        None
    }

    /// An alarm is due. It leaves the schedule in the same commit as what this returns.
    ///
    /// # Errors
    /// The alarm stays, and comes again with [`cx.retry()`](Context::retry), after 2 s, 4 s and so
    /// on; after [`limits::ALARM_TRIES`] tries it is set aside.
    fn handle_alarm(cx: &Context<Self>, alarm: Self::Alarm) -> Result<Effects<Self>> {
        let _ = (cx, alarm);
        Ok(Effects::new())
    }

    /// The same for what a [reply](Room::Reply) that is still to come is about. With `None` the answer is
    /// given up, with [`Error::PayloadUnreadable`], after its tries.
    fn migrate_reply(stored: Value) -> Option<Self::Reply> {
        let _ = stored;
        None
    }

    /// An answer has come: a room's state that was [asked for](Effects::ask), what came of a
    /// [call](Effects::call), or of a message that was [told](Effects::tell_and_hear). `about` is what
    /// the effect said of it.
    ///
    /// # Errors
    /// The answer is asked for again, after 2 s, 4 s and so on, [`limits::LETTER_TRIES`] times.
    fn handle_reply(
        cx: &Context<Self>,
        about: Self::Reply,
        answer: Answer,
    ) -> Result<Effects<Self>> {
        let _ = (cx, about, answer);
        Ok(Effects::new())
    }

    /// How the room words an error for its client. `None`, unless a room says otherwise: an error frame,
    /// `{"_tag":"Error","code":…,"message":…}`, with [`Error::code`] and [`Error::public_message`].
    ///
    /// [`handle_invalid`](Room::handle_invalid), [`handle_limited`](Room::handle_limited) and
    /// [`handle_error`](Room::handle_error) say it to the sender.
    fn error_message(cx: &Context<Self>, error: &Error) -> Option<Self::Broadcast> {
        let _ = (cx, error);
        None
    }

    /// A frame did not decode as a [`Message`](Room::Message). Unless a room says otherwise its sender
    /// hears the [error](Room::error_message), `invalid_event`, and the socket stays open.
    fn handle_invalid(cx: &Context<Self>, frame: &Frame, error: &Error) -> Effects<Self> {
        let _ = frame;
        say(cx, error)
    }

    /// Whether a message counts against [`RATE_LIMIT`](Room::RATE_LIMIT). One that takes no token passes
    /// always.
    fn takes_token(message: &Self::Message) -> bool {
        let _ = message;
        true
    }

    /// A frame was over [`RATE_LIMIT`](Room::RATE_LIMIT) and was dropped; another passes after
    /// `wait`. Unless a room says otherwise its sender hears the [error](Room::error_message).
    fn handle_limited(cx: &Context<Self>, wait: Duration) -> Effects<Self> {
        say(cx, &Error::RateLimited { wait_millis: millis(wait) })
    }

    /// A handler failed, and what it wanted was dropped. Unless a room says otherwise the
    /// connection concerned, if there is one, hears the [error](Room::error_message). What no client may
    /// hear is in the log already: see [`HandlerError`](crate::HandlerError).
    fn handle_error(cx: &Context<Self>, handler: Handler, error: &Error) -> Effects<Self> {
        let _ = handler;
        say(cx, error)
    }
}

/// An error for the sender, as the room words it.
fn say<R: Room>(cx: &Context<R>, error: &Error) -> Effects<R> {
    match R::error_message(cx, error) {
        Some(message) => cx.effects().send(cx.sender(), message),
        None => cx.effects().send_error(cx.sender(), error),
    }
}

/// What is wrong with a room's constants does not compile.
pub(crate) const fn check_constants<R: Room>() {
    let name = R::NAME.as_bytes();
    assert!(
        !name.is_empty() && name.len() <= 64,
        "Room::NAME has 1 to 64 characters: take a shorter one, or any"
    );
    let mut i = 0;
    while i < name.len() {
        let plain = name[i].is_ascii_alphanumeric() || matches!(name[i], b'-' | b'_');
        assert!(plain, "Room::NAME has letters A to Z and a to z, digits, - and _ alone");
        i += 1;
    }
    assert!(
        R::MAX_FRAME_BYTES >= 1 && R::MAX_FRAME_BYTES <= limits::MAX_FRAME_BYTES,
        "Room::MAX_FRAME_BYTES is from 1 to 32 MiB, which is the platform's limit"
    );
    if let Some(silence) = R::PRESUMED_GONE_AFTER {
        assert!(
            silence.as_secs() >= 1 && silence.as_secs() <= limits::DAY.as_secs(),
            "Room::PRESUMED_GONE_AFTER is from a second to a day"
        );
        assert!(
            R::AUTO_RESPONSE.is_some(),
            "a room with PRESUMED_GONE_AFTER has an AUTO_RESPONSE, by which its clients show that they are there"
        );
    }
}

/// A type without a value: the `Alarm` of a room that plans nothing, the `Reply` of one that asks nothing.
///
/// ```
/// assert!(serde_json::from_str::<dormouse::Never>("null").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}
