//! A room that passes on what it hears, asks siblings and calls functions of the Worker.

use std::time::Duration;

use dormouse::{
    Context, Effects, Error, Keyed, Never, ObjectName, Order, Reply, Result, Room, Timestamp,
};
use serde::{Deserialize, Serialize};

pub(crate) struct Relay;

const NOTES: Keyed<String> = Keyed::new("notes");

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    heard: Vec<String>,
    deaf_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "_tag")]
pub(crate) enum Message {
    Hear { text: String, route: Vec<String> },
    Deaf { millis: u64 },
    Ask { room: String },
    Call { function: String, argument: String },
    Announce { room: String, text: String },
    Greet,
    Note { key: String, text: String },
    Forget { key: String },
    Notes { prefix: String, limit: usize, backwards: bool },
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "GREETING")]
    greeting: String,
}

impl Room for Relay {
    const NAME: &'static str = "relay";
    type State = State;
    type Connection = ();
    type Upgrade = ();
    type Message = Message;
    type Broadcast = String;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, event: Message) -> Result<Effects<Self>> {
        let mut state = cx.state().cloned().unwrap_or_default();
        let effects = Effects::new();
        match event {
            Message::Hear { text, mut route } => {
                if cx.now() < state.deaf_until {
                    return Err(Error::refuse("deaf", "say again later"));
                }
                let from = cx.sibling().map_or_else(|| "outside".to_owned(), ObjectName::to_string);
                let heard = format!("{text} from {from}");
                state.heard.push(heard.clone());
                let effects = effects.save(state).broadcast(heard);
                Ok(if route.is_empty() {
                    effects
                } else {
                    let next = route.remove(0);
                    effects.tell::<Relay>(&next, &Message::Hear { text, route })
                })
            }
            Message::Deaf { millis } => {
                state.deaf_until = cx.now() + Duration::from_millis(millis);
                Ok(effects.save(state))
            }
            Message::Ask { room } => Ok(effects.ask::<Relay>(&room, "state")),
            Message::Call { function, argument } => Ok(effects.call(function, &argument, "call")),
            Message::Announce { room, text } => Ok(effects.announce::<Relay>(&room, &text)),
            Message::Greet => Ok(effects.broadcast(cx.config::<Config>()?.greeting)),
            Message::Note { key, text } => Ok(effects.put(&NOTES, key, &text)),
            Message::Forget { key } => Ok(effects.delete(&NOTES, key)),
            Message::Notes { prefix, limit, backwards } => {
                let order = if backwards { Order::Backwards } else { Order::Forwards };
                let notes = match order {
                    Order::Forwards => cx.keyed(&NOTES).first(&prefix, limit)?,
                    Order::Backwards => cx.keyed(&NOTES).last(&prefix, limit)?,
                };
                let list: Vec<_> =
                    notes.into_iter().map(|(key, text)| format!("{key}={text}")).collect();
                Ok(effects.send(cx.sender(), list.join(" ")))
            }
        }
    }

    fn handle_reply(cx: &Context<Self>, reply: &Reply) -> Result<Effects<Self>> {
        let told = match &reply.result {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        let heard = format!("{}: {told}", reply.name);
        let mut state = cx.state().cloned().unwrap_or_default();
        state.heard.push(heard.clone());
        Ok(Effects::new().save(state).broadcast(heard))
    }
}
