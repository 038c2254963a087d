//! The first version: texts, names and reminders are strings.

use std::time::Duration;

use dormouse::{Context, Effects, Never, Result, Room, When};
use serde::{Deserialize, Serialize};

/// A list of errands.
pub struct Errands;

/// What comes in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "_tag")]
pub enum Message {
    /// There is something to do.
    Add {
        /// What.
        text: String,
    },
    /// It is to be said again.
    Remind {
        /// What.
        text: String,
        /// In how many seconds.
        seconds: u64,
    },
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "_tag")]
pub enum Broadcast {
    /// What there is to do.
    List {
        /// Everything.
        items: Vec<String>,
    },
    /// It is time.
    Reminder {
        /// For what.
        text: String,
    },
}

impl Room for Errands {
    const NAME: &'static str = "errands";
    type State = Vec<String>;
    /// A name.
    type Connection = String;
    type Upgrade = String;
    type Message = Message;
    type Broadcast = Broadcast;
    /// What to say.
    type Alarm = String;
    type Reply = Never;

    fn handle_connect(cx: &Context<Self>, _: &String) -> Result<Effects<Self>> {
        let items = cx.state().cloned().unwrap_or_default();
        Ok(cx.effects().send(cx.sender(), Broadcast::List { items }))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        match message {
            Message::Add { text } => {
                let mut items = cx.state().cloned().unwrap_or_default();
                items.push(text);
                Ok(cx.effects().save(items.clone()).broadcast(Broadcast::List { items }))
            }
            Message::Remind { text, seconds } => {
                let when = When::after(Duration::from_secs(seconds));
                Ok(cx.effects().schedule(text.clone(), when, text))
            }
        }
    }

    fn handle_alarm(cx: &Context<Self>, text: String) -> Result<Effects<Self>> {
        Ok(cx.effects().broadcast(Broadcast::Reminder { text }))
    }
}
