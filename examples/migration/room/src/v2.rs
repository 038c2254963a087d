//! The second version: it knows who wants something done, and no errand is without a text.

use std::time::Duration;

use dormouse::{Context, Effects, Error, Never, Result, Room, When};
use serde::{Deserialize, Serialize};
use serde_json::{Value, from_value};

use crate::v1;

/// A list of errands.
pub struct Errands;

/// What the room remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What there is to do.
    pub items: Vec<Item>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What. Not empty.
    pub text: String,
    /// Who wants it; nobody knows it of what the first version has stored.
    pub by: Option<String>,
}

/// What a connection remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Who it is.
    pub name: String,
    /// How much she has put on the list.
    pub added: u32,
}

/// What the schedule carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "_tag")]
pub enum Alarm {
    /// Something to be said again.
    Remind {
        /// What, and who wants it.
        item: Item,
    },
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "_tag")]
pub enum Broadcast {
    /// What there is to do.
    List {
        /// Everything.
        items: Vec<Item>,
    },
    /// It is time.
    Reminder {
        /// For what.
        item: Item,
    },
}

impl Room for Errands {
    const NAME: &'static str = "errands";
    type State = State;
    type Connection = Member;
    type Upgrade = Member;
    type Message = v1::Message;
    type Broadcast = Broadcast;
    type Alarm = Alarm;
    type Reply = Never;

    // The types of the first version are only used to read with. When no room can hold its forms any
    // more, these three functions go, and v1.rs with them.

    fn migrate_state(stored: Value) -> Option<State> {
        let texts: Vec<String> = from_value(stored).ok()?;
        let items = texts.into_iter().map(of_nobody).collect::<Option<_>>()?;
        Some(State { items })
    }

    fn migrate_connection(stored: Value) -> Option<Member> {
        Some(Member { name: from_value(stored).ok()?, added: 0 })
    }

    fn migrate_alarm(stored: Value) -> Option<Alarm> {
        Some(Alarm::Remind { item: of_nobody(from_value(stored).ok()?)? })
    }

    fn handle_connect(cx: &Context<Self>, _: &Member) -> Result<Effects<Self>> {
        let items = cx.state().map(|state| state.items.clone()).unwrap_or_default();
        Ok(cx.effects().send(cx.sender(), Broadcast::List { items }))
    }

    fn handle_message(cx: &Context<Self>, message: v1::Message) -> Result<Effects<Self>> {
        let member = cx.sender().map(|sender| sender.state().clone());
        let by = member.as_ref().map(|member| member.name.clone());
        match message {
            v1::Message::Add { text } => {
                let mut state = cx.state().cloned().unwrap_or_default();
                state.items.push(item(text, by)?);
                let items = state.items.clone();
                let effects = cx.effects().save(state).broadcast(Broadcast::List { items });
                Ok(match (cx.sender(), member) {
                    (Some(sender), Some(Member { name, added })) => {
                        effects.set_connection(sender, Member { name, added: added + 1 })
                    }
                    _ => effects,
                })
            }
            v1::Message::Remind { text, seconds } => {
                let when = When::after(Duration::from_secs(seconds));
                let item = item(text.clone(), by)?;
                Ok(cx.effects().schedule(text, when, Alarm::Remind { item }))
            }
        }
    }

    fn handle_alarm(cx: &Context<Self>, Alarm::Remind { item }: Alarm) -> Result<Effects<Self>> {
        Ok(cx.effects().broadcast(Broadcast::Reminder { item }))
    }
}

fn item(text: String, by: Option<String>) -> Result<Item> {
    if text.is_empty() {
        return Err(Error::refuse("no_text", "An errand has a text"));
    }
    Ok(Item { text, by })
}

/// An errand of the first version, which took one without a text too. What that meant nobody knows:
/// better to refuse, and keep it, than to guess.
fn of_nobody(text: String) -> Option<Item> {
    item(text, None).ok()
}
