//! A room that passes on what it hears, asks siblings and calls functions of the Worker.

use std::time::Duration;

use dormouse::{
    Answer, Context, Effects, Error, Function, Keyed, Never, ObjectName, Order, Result, Room,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) struct Relay;

const ANY: Function<String, Value> = Function::new("any");
const TOGETHER: Function<u32, u32> = Function::new("together");
const NOTES: Keyed<String> = Keyed::new("notes");

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    heard: Vec<String>,
    #[serde(default)]
    answered: u32,
    deaf_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "_tag")]
pub(crate) enum Message {
    Hear { text: String, route: Vec<String> },
    Deaf { millis: u64 },
    Ask { room: String },
    Call { function: String, argument: String },
    CallMany { count: u32 },
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
    type Reply = String;

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let mut state = cx.state().cloned().unwrap_or_default();
        let effects = cx.effects();
        match message {
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
            Message::Ask { room } => Ok(effects.ask::<Relay>(&room, "state".into())),
            Message::Call { function, argument } => {
                // Named by the test; a room of one's own has constants.
                let function = Function::<String, Value>::new(function.leak());
                Ok(effects.call(&function, &argument, "call".into()))
            }
            Message::CallMany { count } => {
                Ok((0..count).fold(effects, |it, _| it.call(&TOGETHER, &count, "many".into())))
            }
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

    fn handle_reply(cx: &Context<Self>, about: String, answer: Answer) -> Result<Effects<Self>> {
        if about == "many" {
            return Ok(cx.effects().update_or_default(|state| state.answered += 1));
        }
        let told =
            answer.of(&ANY).map_or_else(|error| error.to_string(), |value| value.to_string());
        let heard = format!("{about}: {told}");
        let line = heard.clone();
        Ok(cx.effects().update_or_default(|state| state.heard.push(line)).broadcast(heard))
    }
}
