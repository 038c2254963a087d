//! Every effect against the platform's limits, before anything is done.

use std::any::Any;

use serde::Serialize;

use crate::engine::attachment::state_json;
use crate::room::audience::Audience;
use crate::room::close::CloseCode;
use crate::room::close::check_reason;
use crate::room::connection::Handle;
use crate::room::connection::SocketId;
use crate::room::context::View;
use crate::room::effect::Effect;
use crate::room::effect::Update;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::to_json;
use crate::room::frame::{Encode, Frame};
use crate::room::history::Keep;
use crate::room::keyed::check_key;
use crate::room::letter::Errand;
use crate::room::limits;
use crate::room::room::Room;
use crate::room::schedule::ScheduledAlarm;
use crate::room::schedule::check_name;

/// An effect that was found good: encoded, resolved, and sure to succeed.
pub(crate) enum Step {
    Send { to: Audience, frame: Frame },
    SetConnection { connection: Handle, state: Box<dyn Any>, text: String },
    Close { sockets: Vec<SocketId>, code: CloseCode, reason: String },
    Schedule(ScheduledAlarm),
    Cancel(String),
    Append { history: &'static str, row: String },
    Trim { history: &'static str, keep: Keep },
    Put { key: String, value: String },
    Delete(String),
    Post { errand: Errand, reply: Option<String> },
    Purge,
}

/// What an effect does to the state.
pub(crate) enum Change<S> {
    Save(S),
    Update(Update<S>),
    Purge,
}

/// A list of effects that was found good: what it does to the state, and the rest.
pub(crate) struct Checked<R: Room> {
    pub(crate) changes: Vec<Change<R::State>>,
    pub(crate) steps: Vec<Step>,
}

fn check_errand(errand: &Errand, view: &View<'_>) -> Result<()> {
    let (limit, size) = (limits::LETTER_BYTES, errand.size());
    if size > limit {
        return Err(Error::ValueTooLarge { limit, size });
    }
    if view.hops >= limits::HOPS {
        return Err(Error::TooManyHops { limit: limits::HOPS });
    }
    match (errand, view.siblings) {
        (Errand::Call { .. }, _) | (_, None) => Ok(()),
        (errand, Some(rooms)) => rooms.check(errand.to()),
    }
}

/// Checks a list; the first breach is the error of all of it.
pub(crate) fn check<R: Room>(effects: Effects<R>, view: &View<'_>) -> Result<Checked<R>> {
    let mut changes = Vec::new();
    let mut steps = Vec::new();
    for effect in effects {
        match effect {
            Effect::Save(state) => changes.push(Change::Save(state)),
            Effect::Update(update) => changes.push(Change::Update(update)),
            Effect::Send { to, message } => {
                steps.push(Step::Send { to, frame: message.encode()? });
            }
            Effect::SendError { to, code, message } => {
                steps.push(Step::Send { to, frame: error_frame(&code, &message) });
            }
            Effect::SetConnection { connection, state } => {
                let connection = connection.cast();
                let text = connection.attachment(&state_json(&state)?, R::RATE_LIMIT)?;
                steps.push(Step::SetConnection { connection, state: Box::new(state), text });
            }
            Effect::Close { sockets, code, reason } => {
                check_reason(&reason)?;
                steps.push(Step::Close { sockets, code, reason });
            }
            Effect::Schedule { name, when, alarm } => {
                check_name(&name)?;
                let (at, period) = when.resolve(view.host.now())?;
                let payload = to_json("an alarm", &alarm)?;
                let (limit, size) = (limits::VALUE_BYTES, payload.len());
                if size > limit {
                    return Err(Error::PayloadTooLarge { limit, size });
                }
                let event = ScheduledAlarm { period, ..ScheduledAlarm::once(name, at, payload) };
                steps.push(Step::Schedule(event));
            }
            // A room can schedule no such name, so there is none of its own to cancel.
            Effect::Cancel { name } if name.starts_with(char::is_control) => {}
            Effect::Cancel { name } => steps.push(Step::Cancel(name)),
            Effect::Append { history, row } => {
                steps.push(Step::Append { history, row: check_value(row?)? });
            }
            Effect::Trim { history, keep } => steps.push(Step::Trim { history, keep }),
            Effect::Put { key, value } => {
                check_key(&key)?;
                steps.push(Step::Put { key, value: check_value(value?)? });
            }
            Effect::Delete { key } => steps.push(Step::Delete(key)),
            Effect::Post { errand, reply } => {
                let errand = errand?;
                check_errand(&errand, view)?;
                reply.as_deref().map_or(Ok(()), check_name)?;
                steps.push(Step::Post { errand, reply });
            }
            Effect::Purge => {
                changes.push(Change::Purge);
                steps.push(Step::Purge);
            }
        }
    }
    Ok(Checked { changes, steps })
}

fn check_value(json: String) -> Result<String> {
    let (limit, size) = (limits::VALUE_BYTES, json.len());
    if size > limit { Err(Error::ValueTooLarge { limit, size }) } else { Ok(json) }
}

/// The frame that tells a client of an error.
pub(crate) fn error_frame(code: &str, message: &str) -> Frame {
    #[derive(Serialize)]
    #[serde(tag = "_tag", rename = "Error")]
    struct Told<'a> {
        code: &'a str,
        message: &'a str,
    }
    Frame::Text(serde_json::to_string(&Told { code, message }).unwrap_or_default())
}
