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
pub(crate) enum Event {
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
    type Event = Event;
    type Broadcast = String;
    type Alarm = Never;

    fn handle_message(cx: &Context<Self>, event: Event) -> Result<Effects<Self>> {
        let mut state = cx.state().cloned().unwrap_or_default();
        let effects = Effects::new();
        match event {
            Event::Hear { text, mut route } => {
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
                    effects.tell::<Relay>(&next, &Event::Hear { text, route })
                })
            }
            Event::Deaf { millis } => {
                state.deaf_until = cx.now() + Duration::from_millis(millis);
                Ok(effects.save(state))
            }
            Event::Ask { room } => Ok(effects.ask::<Relay>(&room, "state")),
            Event::Call { function, argument } => Ok(effects.call(function, &argument, "call")),
            Event::Announce { room, text } => Ok(effects.announce::<Relay>(&room, &text)),
            Event::Greet => Ok(effects.broadcast(cx.config::<Config>()?.greeting)),
            Event::Note { key, text } => Ok(effects.put(&NOTES, key, &text)),
            Event::Forget { key } => Ok(effects.delete(&NOTES, key)),
            Event::Notes { prefix, limit, backwards } => {
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
