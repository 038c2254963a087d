//! A room that does, on request, what a room should not.

use std::hint::black_box;
use std::time::Duration;

use dormouse::{
    Close, CloseCode, Context, Effects, Error, Handler, History, Never, Result, Room, When,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) struct Faulty;

const LOG: History<u64> = History::new("log");

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// How often `Count` was said.
    count: u64,
    /// How often `handle_close` ran.
    closes: u64,
    /// Events whose handler has succeeded, in order.
    handled: Vec<String>,
    /// To make it large.
    pad: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Connection {
    panic_on_close: bool,
    pad: String,
    /// What it does when it comes: it is refused, or panics.
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "_tag", rename_all_fields = "camelCase")]
pub(crate) enum Message {
    Count,
    /// Wants everything there is, and then panics.
    Panic,
    /// Allocates until there is no memory.
    Exhaust,
    /// Asks for so much in one piece, and does not touch it.
    Allocate {
        mib: usize,
    },
    /// Asks whether it could have so much in one piece, and lives with the answer.
    TryAllocate {
        mib: usize,
    },
    /// Asks for pieces of a size until there is no memory, and does not touch them.
    Hoard {
        mib: usize,
    },
    /// Never returns.
    Spin,
    /// Leaves a row of every kind: a state, an alarm and a row of a history.
    Everything,
    /// Recurses until there is no stack.
    Recurse,
    Refuse,
    /// Panics, and `handle_error` will too.
    PanicTwice,
    PadConnection {
        text: String,
        times: usize,
    },
    PadState {
        text: String,
        times: usize,
    },
    Close {
        code: u16,
        reason: String,
    },
    CloseEveryone,
    Schedule {
        name: String,
        millis: u64,
        alarm: Alarm,
    },
    Every {
        name: String,
        millis: u64,
        alarm: Alarm,
    },
    Cancel {
        name: String,
    },
    Purge,
    Next,
    Failed,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Alarm {
    Well(String),
    Fail,
    Panic,
}

#[derive(Serialize)]
#[serde(tag = "_tag", rename_all_fields = "camelCase")]
pub(crate) enum Broadcast {
    Counted { count: u64 },
    Closed { id: String, code: u16, was_clean: bool },
    Alarm { name: String, attempt: u32 },
    Next { name: Option<String>, at: Option<u64> },
    Failed { names: Vec<String> },
    Never,
}

impl Room for Faulty {
    const NAME: &'static str = "faulty";
    type State = State;
    type Connection = Connection;
    type Upgrade = Connection;
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = Alarm;
    type Reply = Never;

    /// The first version stored the count alone.
    fn migrate_state(stored: Value) -> Option<State> {
        Some(State { count: stored.as_u64()?, ..State::default() })
    }

    /// It had no state of a connection but a remark.
    fn migrate_connection(stored: Value) -> Option<Connection> {
        Some(Connection { pad: stored.as_str()?.to_owned(), ..Connection::default() })
    }

    fn handle_connect(cx: &Context<Self>, upgrade: &Connection) -> Result<Effects<Self>> {
        match upgrade.how.as_deref() {
            Some("refuse") => return Err(Error::refuse("not_today", "come back tomorrow")),
            Some("panic") => panic!("in handle_connect"),
            _ => {}
        }
        Ok(cx.effects().update_or_default(|_| {}))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let effects = cx.effects();
        Ok(match message {
            Message::Count => {
                let count = cx.state().map_or(0, |state| state.count) + 1;
                effects.update(|state| state.count += 1).broadcast(Broadcast::Counted { count })
            }
            Message::Panic => {
                let wanted =
                    effects.update(|state| state.count += 1_000).broadcast(Broadcast::Never);
                black_box(&wanted);
                panic!("in handle_message")
            }
            Message::Exhaust => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(black_box(vec![1_u8; 16 * 1024 * 1024]));
                }
            }
            Message::Allocate { mib } => {
                black_box(piece(mib));
                effects.broadcast(Broadcast::Never)
            }
            Message::TryAllocate { mib } => {
                let mut wanted = Vec::<u8>::new();
                wanted
                    .try_reserve(mib * 1024 * 1024)
                    .map_err(|_| Error::refuse("too_much", "there is not so much"))?;
                black_box(wanted);
                effects.broadcast(Broadcast::Never)
            }
            Message::Hoard { mib } => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(black_box(piece(mib)));
                }
            }
            Message::Everything => {
                let count = cx.state().map_or(0, |state| state.count) + 1;
                let at = When::after(Duration::from_secs(60));
                effects
                    .update(|state| state.count += 1)
                    .schedule("later", at, Alarm::Well(count.to_string()))
                    .append(&LOG, &count)
                    .broadcast(Broadcast::Counted { count })
            }
            Message::Spin => loop {
                black_box(0);
            },
            Message::Recurse => {
                black_box(recurse(0));
                effects
            }
            Message::Refuse => return Err(Error::refuse("no", "not that")),
            Message::PanicTwice => panic!("twice"),
            Message::PadConnection { text, times } => {
                let sender =
                    cx.sender().ok_or_else(|| Error::refuse("no_sender", "by socket only"))?;
                let pad = text.repeat(times);
                let state = Connection { pad, ..Connection::default() };
                effects.set_connection(sender, state).broadcast(Broadcast::Never)
            }
            Message::PadState { text, times } => effects
                .update(move |state| state.pad = text.repeat(times))
                .broadcast(Broadcast::Counted { count: 0 }),
            Message::Close { code, reason } => {
                effects.close(cx.sender(), CloseCode::new(code)?, reason)
            }
            Message::CloseEveryone => {
                let everyone: Vec<_> = cx.connections().collect();
                effects.close(everyone, CloseCode::AWAY, "the end")
            }
            Message::Schedule { name, millis, alarm } => {
                effects.schedule(name, When::after(Duration::from_millis(millis)), alarm)
            }
            Message::Every { name, millis, alarm } => {
                let period = Duration::from_millis(millis);
                effects.schedule(name, When::after(period).every(period), alarm)
            }
            Message::Cancel { name } => effects.cancel(name),
            Message::Purge => effects.purge(),
            Message::Next => {
                let next = cx.next_alarm();
                let at = next.as_ref().map(|alarm| alarm.at.as_millis());
                effects
                    .send(cx.sender(), Broadcast::Next { name: next.map(|alarm| alarm.name), at })
            }
            Message::Failed => {
                let names = cx.failed_alarms().into_iter().map(|alarm| alarm.name).collect();
                effects.send(cx.sender(), Broadcast::Failed { names })
            }
        })
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let Some(sender) = cx.sender() else {
            return Ok(cx.effects());
        };
        assert!(!sender.state().panic_on_close, "in handle_close");
        let (id, code, was_clean) = (sender.id().to_string(), close.code, close.was_clean);
        Ok(cx.effects().update(|state| state.closes += 1).broadcast(Broadcast::Closed {
            id,
            code,
            was_clean,
        }))
    }

    fn handle_alarm(cx: &Context<Self>, alarm: Alarm) -> Result<Effects<Self>> {
        let attempt = cx.retry().map_or(1, |retry| retry.attempt);
        match alarm {
            Alarm::Fail => Err(Error::execution("on purpose")),
            Alarm::Panic => panic!("in handle_alarm"),
            Alarm::Well(name) => {
                let handled = name.clone();
                Ok(cx
                    .effects()
                    .update(|state| state.handled.push(handled))
                    .broadcast(Broadcast::Alarm { name, attempt }))
            }
        }
    }

    fn handle_error(cx: &Context<Self>, during: Handler, error: &Error) -> Effects<Self> {
        assert!(
            !(*error == Error::Panicked
                && during == Handler::Message
                && cx.id().starts_with("hopeless")),
            "in handle_error"
        );
        cx.effects().send_error(cx.sender(), error)
    }
}

fn piece(mib: usize) -> Vec<u8> {
    Vec::with_capacity(mib * 1024 * 1024)
}

#[allow(unconditional_recursion, reason = "on purpose")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 512]);
    recurse(depth + 1) + frame[0]
}
