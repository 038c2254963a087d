//! A room that writes letters, keeps keyed values and reads all that it has stored.

use std::time::Duration;

use dormouse::{
    Answer, Context, Effects, Error, Function, History, Keyed, ObjectName, Result, Room, Tag, When,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) struct Ledger;

const SUM: Function<(), Value> = Function::new("sum");
const NONE: Function<(), Value> = Function::new("none");

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Who noted what, in order.
    pub(crate) notes: Vec<(String, u64)>,
    pub(crate) replies: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    Note { id: u64 },
    Tell { to: String, id: u64 },
    Announce { to: String, text: String },
    Ask { to: String },
    Call { function: String },
    Plan { name: String, after: u64, every: Option<u64> },
    Write { key: String, text: String },
    Look,
    Fail,
}

const PAGES: Keyed<String> = Keyed::new("page");
const LOG: History<String> = History::new("said");

impl Room for Ledger {
    const NAME: &'static str = "ledger";
    type State = State;
    type Connection = Value;
    type Upgrade = ();
    type Message = Message;
    type Broadcast = String;
    type Alarm = u64;
    type Reply = String;

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let effects = cx.effects();
        Ok(match message {
            Message::Note { id } => {
                let mut state = cx.state().cloned().unwrap_or_default();
                let from = cx.sibling().map_or_else(String::new, ObjectName::to_string);
                state.notes.push((from, id));
                effects.save(state).broadcast(format!("noted {id}"))
            }
            Message::Tell { to, id } => effects.tell::<Self>(&to, &Message::Note { id }),
            Message::Announce { to, text } => effects.announce::<Self>(&to, &text),
            Message::Ask { to } => effects.ask::<Self>(&to, "asked".into()),
            Message::Call { function } => {
                let function = if function == "sum" { &SUM } else { &NONE };
                effects.call(function, &(), "called".into())
            }
            Message::Plan { name, after, every } => {
                let when = When::after(Duration::from_millis(after));
                let when = match every {
                    Some(period) => when.every(Duration::from_millis(period)),
                    None => when,
                };
                effects.schedule(name, when, after)
            }
            Message::Write { key, text } => effects.put(&PAGES, key, &text).append(&LOG, &text),
            Message::Look => effects.broadcast(look(cx)?),
            Message::Fail => return Err(Error::execution("as told")),
        })
    }

    fn handle_alarm(cx: &Context<Self>, planned: u64) -> Result<Effects<Self>> {
        let tries = cx.retry().map_or(0, |retry| retry.attempt);
        Ok(cx.effects().append(&LOG, &format!("{planned} after {tries}")))
    }

    fn handle_reply(cx: &Context<Self>, about: String, _: Answer) -> Result<Effects<Self>> {
        let mut state = cx.state().cloned().unwrap_or_default();
        state.replies.push(about);
        Ok(cx.effects().save(state))
    }
}

/// Reads everything there is to read.
fn look(cx: &Context<Ledger>) -> Result<String> {
    let pages = cx.keyed(&PAGES);
    let (first, last) = (pages.first("", 4)?, pages.last("", 4)?);
    let log = cx.history(&LOG);
    let rows = (log.last(4)?.len(), log.before(4, 4)?.len(), log.after(4, 4)?.len());
    let sizes = (log.len(), log.next_seq(), log.is_empty());
    let alarms = (cx.next_alarm().is_some(), cx.failed_alarms().len());
    let tagged = cx.tagged(&Tag::new("blue")?).len();
    let config: Value = cx.config()?;
    Ok(format!("{} {} {rows:?} {sizes:?} {alarms:?} {tagged} {config}", first.len(), last.len()))
}
