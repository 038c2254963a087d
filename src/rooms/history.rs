//! A chat that remembers: who joins gets what was said last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::room::alarm::When;
use crate::room::audience::Audience;
use crate::room::close::{Close, CloseCode};
use crate::room::connection::Connection;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::history::{History, Keep};
use crate::room::rate::RateLimit;
use crate::room::resume::Resume;
use crate::room::room::{Never, Room};
use crate::room::time::Timestamp;
use crate::room::upgrade::{Admission, Newcomer};

/// The room. Its clients speak [`Message`] and hear [`Broadcast`].
///
/// ```
/// use dormouse::rooms::HistoryRoom;
/// use dormouse::rooms::history::{Broadcast, Message};
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<HistoryRoom>::new("library");
/// let ada = room.connect("ada");
/// ada.send(&Message::Join { name: "Ada".into() });
/// ada.send(&Message::Chat { message: "first".into() });
///
/// let bob = room.connect("bob");
/// bob.send(&Message::Join { name: "Bob".into() });
/// assert!(matches!(bob.receive(), Broadcast::Chat { message, .. } if message == "first"));
/// ```
#[derive(Debug)]
pub struct HistoryRoom;

/// What was said.
const SAID: History<Said> = History::new("said");

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who said it.
    pub from: String,
    /// The words.
    pub message: String,
}

/// What a connection remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Guest {
    /// The name it has joined with; none before.
    pub name: Option<String>,
    /// The first row that was said while it was connected.
    pub since: u64,
}

/// What an upgrade may bring: with a name its connection has joined at once, and also when it comes
/// back too late to be the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Invited {
    /// 1 to 64 characters.
    pub name: String,
}

/// What clients may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Message {
    /// Takes part, with a name.
    Join {
        /// 1 to 64 characters.
        name: String,
    },
    /// Says something. A `timestamp` may come with it; the server's counts.
    Chat {
        /// 1 to 4,096 characters.
        message: String,
    },
    /// Takes another name.
    UpdateName {
        /// 1 to 64 characters.
        name: String,
    },
}

/// What clients hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Broadcast {
    /// Something was said.
    Chat {
        /// By whom.
        from: String,
        /// The words.
        message: String,
        /// When.
        timestamp: Timestamp,
    },
    /// Something happened.
    System {
        /// What.
        message: String,
        /// When.
        timestamp: Timestamp,
    },
    /// Who is here, in the order they connected.
    Users {
        /// Their names.
        users: Vec<String>,
    },
    /// A frame was dropped, because too many came.
    RateLimit {
        /// Seconds until another passes.
        retry_after: u64,
    },
    /// A frame was not understood, or not allowed.
    Error {
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
}

/// How many rows one who joins is told at least.
const BACKLOG: u64 = 100;

/// And at most, however long ago it came: what is more would not fit one commit.
const MOST: u64 = 1_000;

/// What a clean-up leaves.
const KEPT: Keep = Keep::newest(10_000).younger_than(Duration::from_secs(30 * DAY));
const DAY: u64 = 24 * 60 * 60;
const CLEAN_UP: &str = "clean-up";

const NAME_CHARS: usize = 64;
const MESSAGE_CHARS: usize = 4_096;

impl Room for HistoryRoom {
    const NAME: &'static str = "history";
    const RESUME: Option<Resume> = Some(Resume::keeping(Keep::newest(10_000)));
    const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(10, Duration::from_millis(500)));
    type State = ();
    type Connection = Guest;
    type Upgrade = Option<Invited>;
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = ();
    type Reply = Never;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<Option<Invited>>) -> Result<Admission<Guest>> {
        let since = cx.history(&SAID).next_seq();
        Ok(Admission::new(newcomer.id_or_uuid(cx), Guest { name: None, since }))
    }

    fn handle_connect(cx: &Context<Self>, invited: &Option<Invited>) -> Result<Effects<Self>> {
        match (cx.sender(), invited) {
            (Some(sender), Some(Invited { name })) => {
                join(cx, sender, check("a name", name, NAME_CHARS)?)
            }
            _ => Ok(cx.effects()),
        }
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let Some(sender) = cx.sender() else {
            return Err(Error::refuse("no_sender", "only connections take part"));
        };
        match message {
            Message::Join { name } => join(cx, sender, check("a name", &name, NAME_CHARS)?),
            Message::UpdateName { name } => {
                let name = check("a name", &name, NAME_CHARS)?;
                Ok(match sender.state().name {
                    Some(_) => rename(cx, sender, name),
                    None => without_name(sender),
                })
            }
            Message::Chat { message } => {
                let Some(from) = sender.state().name.clone() else {
                    return Ok(without_name(sender));
                };
                check("a message", &message, MESSAGE_CHARS)?;
                let said = Said { from, message };
                Ok(plan_clean_up(cx)
                    .append(&SAID, &said)
                    .broadcast_to(joined(cx), chat(said, cx.now())))
            }
        }
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast_to(joined(cx), users(cx, None)))
    }

    fn handle_alarm(cx: &Context<Self>, (): ()) -> Result<Effects<Self>> {
        let effects = Effects::new().trim(&SAID, KEPT);
        Ok(if cx.history(&SAID).is_empty() { effects.cancel(CLEAN_UP) } else { effects })
    }

    fn takes_token(message: &Message) -> bool {
        !matches!(message, Message::Join { .. })
    }

    fn error_message(_: &Context<Self>, error: &Error) -> Option<Broadcast> {
        Some(match error {
            Error::RateLimited { wait_millis } => {
                Broadcast::RateLimit { retry_after: wait_millis.div_ceil(1_000) }
            }
            _ => {
                Broadcast::Error { code: error.code().to_owned(), message: error.public_message() }
            }
        })
    }
}

fn join(
    cx: &Context<HistoryRoom>,
    sender: &Connection<Guest>,
    name: &str,
) -> Result<Effects<HistoryRoom>> {
    let mut effects = Effects::new();
    if sender.state().name.is_none() {
        let said = cx.history(&SAID);
        let next = said.next_seq();
        let from = next.saturating_sub(BACKLOG).min(sender.state().since);
        let from = from.max(next.saturating_sub(MOST));
        for entry in said.after(from.saturating_sub(1), usize::MAX)? {
            effects = effects.send(sender, chat(entry.row, entry.at));
        }
    }
    let message = format!("{name} joined the room");
    let system = Broadcast::System { message, timestamp: cx.now() };
    Ok(effects.broadcast_to(joined_with(cx, sender), system).and(rename(cx, sender, name)))
}

fn rename(
    cx: &Context<HistoryRoom>,
    sender: &Connection<Guest>,
    name: &str,
) -> Effects<HistoryRoom> {
    let guest = Guest { name: Some(name.to_owned()), ..sender.state().clone() };
    Effects::new()
        .set_connection(sender, guest)
        .broadcast_to(joined_with(cx, sender), users(cx, Some((sender, name))))
}

/// Those who have joined.
fn joined(cx: &Context<HistoryRoom>) -> Audience {
    Audience::only(cx.connections().filter(|guest| guest.state().name.is_some()))
}

/// Those who have joined, and one who is about to.
fn joined_with(cx: &Context<HistoryRoom>, joiner: &Connection<Guest>) -> Audience {
    let is_in = |guest: &Connection<Guest>| guest.state().name.is_some() || guest == joiner;
    Audience::only(cx.connections().filter(is_in))
}

/// The list of those who have joined, one of them perhaps with a new name.
fn users(cx: &Context<HistoryRoom>, renamed: Option<(&Connection<Guest>, &str)>) -> Broadcast {
    let name = |guest: Connection<Guest>| match renamed {
        Some((who, name)) if *who == guest => Some(name.to_owned()),
        _ => guest.state().name.clone(),
    };
    Broadcast::Users { users: cx.connections().filter_map(name).collect() }
}

fn chat(Said { from, message }: Said, timestamp: Timestamp) -> Broadcast {
    Broadcast::Chat { from, message, timestamp }
}

fn without_name(sender: &Connection<Guest>) -> Effects<HistoryRoom> {
    Effects::new().close(sender, CloseCode::UNEXPECTED, "Session without name")
}

fn check<'a>(what: &str, text: &'a str, limit: usize) -> Result<&'a str> {
    let count = text.chars().count();
    if (1..=limit).contains(&count) {
        return Ok(text);
    }
    let message = format!("{what} has 1 to {limit} characters, not {count}");
    Err(Error::refuse("invalid_length", message))
}

/// A clean-up every day, as long as there is anything to clean up.
fn plan_clean_up(cx: &Context<HistoryRoom>) -> Effects<HistoryRoom> {
    let day = Duration::from_secs(DAY);
    match cx.alarm(CLEAN_UP) {
        Some(_) => Effects::new(),
        None => Effects::new().schedule(CLEAN_UP, When::after(day).every(day), ()),
    }
}
