//! A typed chat: who joins, who leaves, what is said, who is typing.

use serde::{Deserialize, Serialize};

use crate::room::close::Close;
use crate::room::connection_id::ConnectionId;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::history::Keep;
use crate::room::resume::Resume;
use crate::room::room::{Never, Room};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;
use crate::room::upgrade::{Admission, Newcomer};

/// The room. Its clients speak [`Message`] and hear [`Broadcast`].
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::{Broadcast, Message};
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// let (ada, bob) = (room.connect("ada"), room.connect("bob"));
/// ada.send(&Message::Typing {});
/// assert_eq!(bob.receive(), Broadcast::Typing { user_id: "ada".into() });
/// ```
#[derive(Debug)]
pub struct Chat;

/// What the room remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// When the first connection was made.
    pub created_at: Timestamp,
    /// How often something was said.
    pub message_count: u64,
}

/// What a connection remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Whose connection it is.
    pub user_id: String,
    /// When it was made.
    pub joined_at: Timestamp,
}

/// What clients and API calls may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "_tag", deny_unknown_fields)]
pub enum Message {
    /// Something is said.
    Say {
        /// The words.
        text: String,
    },
    /// The sender is writing. With braces: a variant without would take any fields.
    Typing {},
}

/// What clients hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "_tag", rename_all_fields = "camelCase")]
pub enum Broadcast {
    /// Someone came.
    UserJoined {
        /// Who.
        user_id: String,
    },
    /// Someone went.
    UserLeft {
        /// Who.
        user_id: String,
    },
    /// Something was said.
    Message {
        /// The words.
        text: String,
        /// Whose; `system` for what came from an API call.
        user_id: String,
        /// When.
        ts: Timestamp,
    },
    /// Someone is writing.
    Typing {
        /// Who.
        user_id: String,
    },
}

impl Room for Chat {
    const NAME: &'static str = "chat";
    const RESUME: Option<Resume> = Some(Resume::keeping(Keep::newest(1_000)));
    type State = State;
    type Connection = Member;
    type Upgrade = ();
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = Never;
    type Reply = Never;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<()>) -> Result<Admission<Member>> {
        let id = newcomer.id.map_or_else(|| ConnectionId::new("anon"), Ok)?;
        let user_id = id.to_string();
        // In capitals, without the tables of all letters: these are the others that have an S or a T.
        let plain = user_id.replace('\u{17f}', "s").replace(['\u{fb05}', '\u{fb06}'], "st");
        if plain.eq_ignore_ascii_case("system") {
            return Err(Error::refuse("reserved_id", "system is the server's own name"));
        }
        let tag = Tag::new(format!("user:{user_id}"))?;
        Ok(Admission::new(id, Member { user_id, joined_at: cx.now() }).tag(tag))
    }

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        let effects = match cx.state() {
            Some(_) => cx.effects(),
            None => cx.effects().save(State { created_at: cx.now(), message_count: 0 }),
        };
        Ok(match connections_of_user(cx) {
            1 => effects
                .broadcast_except(cx.sender(), Broadcast::UserJoined { user_id: user_id(cx) }),
            _ => effects,
        })
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let user_id = user_id(cx);
        Ok(match message {
            Message::Say { text } => {
                let effects = match cx.state() {
                    Some(_) => cx.effects().update(|state| state.message_count += 1),
                    None => cx.effects(),
                };
                effects.broadcast(Broadcast::Message { text, user_id, ts: cx.now() })
            }
            Message::Typing {} if cx.sender().is_none() => cx.effects(),
            Message::Typing {} => {
                cx.effects().broadcast_except(cx.sender(), Broadcast::Typing { user_id })
            }
        })
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(match connections_of_user(cx) {
            0 => cx.effects().broadcast(Broadcast::UserLeft { user_id: user_id(cx) }),
            _ => cx.effects(),
        })
    }
}

fn user_id(cx: &Context<Chat>) -> String {
    cx.sender().map_or_else(|| "system".to_owned(), |sender| sender.state().user_id.clone())
}

/// How many connections the user has of whom this is about.
fn connections_of_user(cx: &Context<Chat>) -> usize {
    cx.sender_id().map_or(0, |id| cx.connections_with_id(id).len())
}
