//! A typed chat: who joins, who leaves, what is said, who is typing.

use serde::{Deserialize, Serialize};

use crate::room::close::Close;
use crate::room::connection_id::ConnectionId;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::Result;
use crate::room::history::Keep;
use crate::room::resume::Resume;
use crate::room::room::{Admission, Never, Room, Upgrade};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

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
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = Never;

    fn admit(cx: &Context<Self>, upgrade: &Upgrade) -> Result<Admission<Member>> {
        let user_id = upgrade.id.clone().unwrap_or_else(|| "anon".to_owned());
        let id = ConnectionId::new(&user_id)?;
        let tag = Tag::new(format!("user:{user_id}"))?;
        Ok(Admission::new(id, Member { user_id, joined_at: cx.now() }).tag(tag))
    }

    fn handle_connect(cx: &Context<Self>, _: &Upgrade) -> Result<Effects<Self>> {
        let effects = match cx.state() {
            Some(_) => Effects::new(),
            None => Effects::new().save(State { created_at: cx.now(), message_count: 0 }),
        };
        Ok(effects.broadcast_except(cx.sender(), Broadcast::UserJoined { user_id: user_id(cx) }))
    }

    fn handle_message(cx: &Context<Self>, event: Message) -> Result<Effects<Self>> {
        let user_id = user_id(cx);
        Ok(match event {
            Message::Say { text } => Effects::<Self>::new()
                .update(|state| state.message_count += 1)
                .broadcast(Broadcast::Message { text, user_id, ts: cx.now() }),
            Message::Typing {} if cx.sender().is_none() => Effects::new(),
            Message::Typing {} => {
                Effects::new().broadcast_except(cx.sender(), Broadcast::Typing { user_id })
            }
        })
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(Broadcast::UserLeft { user_id: user_id(cx) }))
    }
}

fn user_id(cx: &Context<Chat>) -> String {
    cx.sender().map_or_else(|| "system".to_owned(), |sender| sender.state().user_id.clone())
}
