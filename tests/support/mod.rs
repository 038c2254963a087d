//! A room for tests that does what it is told, and what it is told reads like what it does.

#![allow(dead_code, reason = "no test file needs all of it")]

use std::time::Duration;

use dormouse::testing::{TestClient, TestRoom};
use dormouse::{
    Admission, Close, CloseCode, ConnectionId, Context, Effects, Error, Handler, Host as _, Never,
    Newcomer, Result, Room, Timestamp, Upgrade, When, limits,
};
use serde::{Deserialize, Serialize};

/// Does what messages, alarms, upgrades (in `meta`) and closing connections tell it, says who comes
/// and goes, and tells everyone what failed.
#[derive(Debug)]
pub(crate) struct Puppet;

/// One thing that the room is told to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Do {
    Save(String),
    /// Adds to the state, if there is one.
    Append(String),
    /// The same with a third of what a state may have.
    Grow,
    /// The state of the sender.
    Note(String),
    /// What the sender's `handle_close` shall do.
    LastWords(Vec<Do>),
    Say(String),
    Tell(String, String),
    Close {
        id: String,
        code: u16,
        reason: String,
    },
    Schedule {
        name: String,
        at: At,
        every: Option<Duration>,
        alarm: Vec<Do>,
    },
    Cancel(String),
    Purge,
    /// Says what a handler can see: the state, who is here, what comes next, what failed.
    Look,
    /// Fails, as long as there were fewer tries than this.
    FailUntil(u32),
    /// Breaks a limit.
    Break(Breach),
    /// Fails, and so that `handle_error` breaks a limit too.
    FailClumsily(Breach),
}

/// A way to break a limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Breach {
    AttachmentOfLatin1,
    AttachmentOfWideText,
    CloseCode,
    CloseReason,
    AlarmWithoutName,
    AlarmName,
    AlarmNameOfTheEngine,
    AlarmTimeZero,
    AlarmTimeBeyondDates,
    AlarmDelay,
    PeriodOfNothing,
    PeriodUnderAMillisecond,
    Payload,
    State,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum At {
    Time(Timestamp),
    After(Duration),
}

/// What a connection of the room remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seat {
    pub(crate) note: String,
    pub(crate) last_words: Vec<Do>,
}

/// What a connection begins with.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Instructions {
    note: String,
    orders: Vec<Do>,
}

impl Room for Puppet {
    const NAME: &'static str = "puppet";
    const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;
    type State = String;
    type Connection = Seat;
    type Upgrade = Option<Instructions>;
    type Message = Vec<Do>;
    type Broadcast = String;
    type Alarm = Vec<Do>;
    type Reply = Never;

    fn admit(
        _: &Context<Self>,
        newcomer: Newcomer<Option<Instructions>>,
    ) -> Result<Admission<Seat>> {
        let id = newcomer.id.map_or_else(|| ConnectionId::new("anon"), Ok)?;
        let note = newcomer.data.unwrap_or_default().note;
        Ok(Admission { id, tags: newcomer.tags, state: Seat { note, last_words: Vec::new() } })
    }

    fn handle_connect(cx: &Context<Self>, upgrade: &Option<Instructions>) -> Result<Effects<Self>> {
        let orders = upgrade.clone().unwrap_or_default().orders;
        Ok(announce(cx, "joined").and(obey(cx, orders)?))
    }

    fn handle_message(cx: &Context<Self>, orders: Vec<Do>) -> Result<Effects<Self>> {
        obey(cx, orders)
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let last_words = cx.sender().map(|sender| sender.state().last_words.clone());
        let left = announce(cx, &format!("left with {}", close.code));
        Ok(left.and(obey(cx, last_words.unwrap_or_default())?))
    }

    fn handle_alarm(cx: &Context<Self>, orders: Vec<Do>) -> Result<Effects<Self>> {
        obey(cx, orders)
    }

    fn handle_error(cx: &Context<Self>, during: Handler, error: &Error) -> Effects<Self> {
        let effects = Effects::new().broadcast(failed(during, error));
        match error {
            Error::Refused { code, message, .. } if code == "clumsy" => {
                let breach = serde_json::from_str(message).expect("a breach as JSON");
                break_limit(cx, effects.save("clumsy".into()), breach).expect("a list of effects")
            }
            _ => effects,
        }
    }
}

/// What everyone is told when a handler fails.
pub(crate) fn failed(during: Handler, error: &Error) -> String {
    format!("{during:?} failed: {error:?}")
}

fn announce(cx: &Context<Puppet>, what: &str) -> Effects<Puppet> {
    let id = cx.sender_id().map(ToString::to_string).unwrap_or_default();
    Effects::new().broadcast_except(cx.sender(), format!("{id} {what}"))
}

fn obey(cx: &Context<Puppet>, orders: Vec<Do>) -> Result<Effects<Puppet>> {
    orders.into_iter().try_fold(Effects::new(), |effects, order| add(cx, effects, order))
}

fn add(cx: &Context<Puppet>, effects: Effects<Puppet>, order: Do) -> Result<Effects<Puppet>> {
    let seat = cx.sender().map(|sender| sender.state().clone()).unwrap_or_default();
    Ok(match order {
        Do::Save(text) => effects.save(text),
        Do::Append(text) => effects.update(move |state| state.push_str(&text)),
        Do::Grow => effects.update(|state| state.push_str(&"x".repeat(limits::VALUE_BYTES / 3))),
        Do::Note(note) => set_seat(cx, effects, Seat { note, ..seat }),
        Do::LastWords(last_words) => set_seat(cx, effects, Seat { last_words, ..seat }),
        Do::Say(text) => effects.broadcast(text),
        Do::Tell(id, text) => effects.send(cx.connections_with_id(&id.parse()?), text),
        Do::Close { id, code, reason } => {
            effects.close(cx.connections_with_id(&id.parse()?), CloseCode::new(code)?, reason)
        }
        Do::Schedule { name, at, every, alarm } => {
            let when = match at {
                At::Time(time) => When::at(time),
                At::After(delay) => When::after(delay),
            };
            let when = every.map_or(when, |period| when.every(period));
            effects.schedule(name, when, alarm)
        }
        Do::Cancel(name) => effects.cancel(name),
        Do::Purge => effects.purge(),
        Do::Look => effects.broadcast(look(cx)),
        Do::FailUntil(attempt) => {
            if cx.retry().map_or(1, |retry| retry.attempt) < attempt {
                return Err(Error::execution("as told"));
            }
            effects
        }
        Do::Break(breach) => break_limit(cx, effects, breach)?,
        Do::FailClumsily(breach) => {
            let breach = serde_json::to_string(&breach).map_err(Error::execution)?;
            return Err(Error::refuse("clumsy", breach));
        }
    })
}

fn break_limit(
    cx: &Context<Puppet>,
    effects: Effects<Puppet>,
    breach: Breach,
) -> Result<Effects<Puppet>> {
    let note = |text: &str| Seat { note: text.repeat(8_200), ..Seat::default() };
    let at = |millis| When::at(Timestamp::from_millis(millis));
    let (soon, long) = (When::after(Duration::from_secs(1)), "x".repeat(257));
    Ok(match breach {
        Breach::AttachmentOfLatin1 => set_seat(cx, effects, note("éé")),
        Breach::AttachmentOfWideText => set_seat(cx, effects, note("€")),
        Breach::CloseCode => effects.close(cx.sender(), CloseCode::new(1005)?, ""),
        Breach::CloseReason => effects.close(cx.sender(), CloseCode::NORMAL, "€".repeat(42)),
        Breach::AlarmWithoutName => effects.schedule("", soon, vec![]),
        Breach::AlarmName => effects.schedule(long, soon, vec![]),
        Breach::AlarmNameOfTheEngine => effects.schedule("\u{1}sweep", soon, vec![]),
        Breach::AlarmTimeZero => effects.schedule("e", at(0), vec![]),
        Breach::AlarmTimeBeyondDates => effects.schedule("e", at(6_911_049_600_001), vec![]),
        Breach::AlarmDelay => effects.schedule("e", When::after(Duration::MAX), vec![]),
        Breach::PeriodOfNothing => effects.schedule("e", soon.every(Duration::ZERO), vec![]),
        Breach::PeriodUnderAMillisecond => {
            effects.schedule("e", soon.every(Duration::from_micros(999)), vec![])
        }
        Breach::Payload => effects.schedule("e", soon, vec![say(&"x".repeat(2_000_000))]),
        Breach::State => effects.save("x".repeat(2_000_000)),
    })
}

fn set_seat(cx: &Context<Puppet>, effects: Effects<Puppet>, seat: Seat) -> Effects<Puppet> {
    match cx.sender() {
        Some(sender) => effects.set_connection(sender, seat),
        None => effects,
    }
}

fn look(cx: &Context<Puppet>) -> String {
    let mut here: Vec<_> = cx.connections().map(|one| one.id().to_string()).collect();
    here.sort();
    let failed: Vec<_> = cx.failed_alarms().into_iter().map(|alarm| alarm.name).collect();
    let note = cx.sender().map(|sender| &sender.state().note).filter(|note| !note.is_empty());
    let seen = [
        Some(format!("{} here: {}", cx.count(), here.join(" "))),
        cx.state().map(|state| format!("state {state}")),
        note.map(|note| format!("note {note}")),
        cx.next_alarm().map(|alarm| format!("next {}", alarm.name)),
        (!failed.is_empty()).then(|| format!("failed {}", failed.join(" "))),
        cx.retry().map(|retry| format!("try {} after {}", retry.attempt, retry.reason)),
    ];
    seen.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

// The orders, short.

pub(crate) fn save(text: &str) -> Do {
    Do::Save(text.to_owned())
}

pub(crate) fn append(text: &str) -> Do {
    Do::Append(text.to_owned())
}

pub(crate) fn note(text: &str) -> Do {
    Do::Note(text.to_owned())
}

pub(crate) fn say(text: &str) -> Do {
    Do::Say(text.to_owned())
}

pub(crate) fn tell(id: &str, text: &str) -> Do {
    Do::Tell(id.to_owned(), text.to_owned())
}

pub(crate) fn close(id: &str) -> Do {
    Do::Close { id: id.to_owned(), code: 4000, reason: "as told".to_owned() }
}

/// Schedules an alarm; its name is what it will say.
pub(crate) fn alarm_at(name: &str, at: At) -> Do {
    alarm_that(name, at, [say(name)])
}

pub(crate) fn alarm_that(name: &str, at: At, alarm: impl Into<Vec<Do>>) -> Do {
    Do::Schedule { name: name.to_owned(), at, every: None, alarm: alarm.into() }
}

pub(crate) fn every(seconds: u64, alarm: Do) -> Do {
    match alarm {
        Do::Schedule { name, at, alarm, .. } => {
            Do::Schedule { name, at, every: Some(Duration::from_secs(seconds)), alarm }
        }
        other => other,
    }
}

pub(crate) fn cancel(name: &str) -> Do {
    Do::Cancel(name.to_owned())
}

pub(crate) fn in_seconds(seconds: u64) -> At {
    At::After(Duration::from_secs(seconds))
}

pub(crate) const FAIL: Do = Do::FailUntil(u32::MAX);

/// Tells the room to do these things.
pub(crate) fn order(client: &TestClient<Puppet>, orders: impl Into<Vec<Do>>) {
    client.send(&orders.into());
}

/// What a client has heard since it was last asked.
pub(crate) fn heard<R: Room>(client: &TestClient<R>) -> Vec<String> {
    client
        .received()
        .iter()
        .map(|frame| serde_json::from_slice(frame.as_bytes()).expect("a string as JSON"))
        .collect()
}

/// An upgrade of a client that has the room do these things when it connects.
pub(crate) fn upgrade(id: &str, orders: impl Into<Vec<Do>>) -> Upgrade {
    let orders = serde_json::to_value(orders.into()).expect("orders as JSON");
    let data = serde_json::json!({ "orders": orders });
    Upgrade { id: Some(id.to_owned()), data, ..Upgrade::default() }
}

/// All that the room has stored, and where the alarm stands.
pub(crate) fn stored(room: &TestRoom<Puppet>) -> String {
    room.with_host(|host| {
        let (alarms, failed) = (host.alarms(None, usize::MAX), host.failed_alarms());
        format!("{:?} {alarms:?} {failed:?} {:?}", host.state(), host.alarm())
    })
}

/// All that the open sockets have.
pub(crate) fn attached(room: &TestRoom<Puppet>) -> String {
    room.with_host(|host| {
        let sockets = host.sockets(None).into_iter();
        let each = sockets.map(|socket| (host.attachment(socket), host.tags(socket).to_vec()));
        format!("{:?}", each.collect::<Vec<_>>())
    })
}
