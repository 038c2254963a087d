//! Every effect against the platform's limits, before anything is done.

use std::any::Any;

use serde::Serialize;

use crate::engine::sight::Sight;
use crate::room::alarm::{ScheduledAlarm, When, check_name};
use crate::room::audience::Audience;
use crate::room::close::{CloseCode, check_reason};
use crate::room::connection::{Connection, Handle};
use crate::room::effect::{Effect, Update};
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::{Encode, Frame, to_json};
use crate::room::history::Keep;
use crate::room::keyed::check_key;
use crate::room::letter::Errand;
use crate::room::limits;
use crate::room::room::Room;
use crate::room::tag::Tag;
use crate::room::view::View;

/// An effect that was found good: encoded, resolved, and sure to succeed.
pub(crate) enum Step {
    Send {
        to: Audience,
        frame: Frame,
        row: Option<String>,
    },
    /// A connection with another state or other tags, what its socket is to carry, and the tags that it
    /// was given or lost.
    Connection {
        connection: Handle,
        text: String,
        retagged: Vec<Tag>,
    },
    Close {
        connections: Vec<Handle>,
        code: CloseCode,
        reason: String,
    },
    Schedule(ScheduledAlarm),
    Cancel(String),
    Append {
        history: &'static str,
        row: String,
    },
    Trim {
        history: &'static str,
        keep: Keep,
    },
    Put {
        key: String,
        value: String,
    },
    Delete(String),
    Post {
        errand: Errand,
        about: Option<String>,
    },
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

fn check_errand(errand: &Errand, about: Option<&str>, sight: &Sight<'_>) -> Result<()> {
    let (limit, size) = (limits::LETTER_BYTES, errand.size() + about.map_or(0, str::len));
    if size > limit {
        return Err(Error::ValueTooLarge { limit, size });
    }
    if sight.hops() >= limits::HOPS {
        return Err(Error::TooManyHops { limit: limits::HOPS });
    }
    match errand {
        Errand::Call { .. } => Ok(()),
        errand => sight.check_sibling(errand.to()),
    }
}

/// Checks a list; the first breach is the error of all of it. Here is what depends on the room's types;
/// the rest is compiled once for all rooms.
pub(crate) fn check<R: Room>(effects: Effects<R>, sight: &Sight<'_>) -> Result<Checked<R>> {
    let mut changes = Vec::new();
    let mut good = Good { sight, steps: Vec::new() };
    for effect in effects.into_list()? {
        match effect {
            Effect::Save(state) => changes.push(Change::Save(state)),
            Effect::Update(update) => changes.push(Change::Update(update)),
            Effect::Send { to, message } => good.send(to, message.encode()?),
            Effect::SendError { to, code, message } => good.send(to, error_frame(&code, &message)),
            Effect::SetConnection { connection, state } => {
                good.state(&connection.cast(), Box::new(state))?;
            }
            Effect::SetTags { connection, tags } => good.tags(&connection.cast(), tags)?,
            Effect::Close { connections, code, reason } => {
                let connections = connections.into_iter().map(Connection::cast).collect();
                good.close(connections, code, reason)?;
            }
            Effect::Schedule { name, when, alarm } => {
                good.schedule(name, when, to_json("an alarm", &alarm))?;
            }
            Effect::Cancel { name } => good.cancel(name),
            Effect::Append { history, row } => good.append(history, row)?,
            Effect::Trim { history, keep } => good.steps.push(Step::Trim { history, keep }),
            Effect::Put { key, value } => good.put(key, value)?,
            Effect::Delete { key } => good.steps.push(Step::Delete(key)),
            Effect::Post { errand, about } => good.post(errand, about)?,
            Effect::Purge => {
                changes.push(Change::Purge);
                good.steps.push(Step::Purge);
            }
        }
    }
    Ok(Checked { changes, steps: good.steps })
}

/// What was found good of a list.
struct Good<'a> {
    sight: &'a Sight<'a>,
    steps: Vec<Step>,
}

impl Good<'_> {
    fn send(&mut self, to: Audience, frame: Frame) {
        self.steps.push(Step::Send { to, frame, row: None });
    }

    fn state(&mut self, connection: &Handle, state: Box<dyn Any>) -> Result<()> {
        self.connection(self.latest(connection).with_state(state), Vec::new())
    }

    fn tags(&mut self, connection: &Handle, tags: Vec<Tag>) -> Result<()> {
        let before = self.latest(connection);
        let tags = check_tags(tags, before.speaks())?;
        let either = before.tags().iter().chain(&tags);
        let differs = |tag: &&Tag| before.has_tag(tag) != tags.contains(tag);
        let retagged = either.filter(differs).cloned().collect();
        self.connection(before.with_tags(tags), retagged)
    }

    fn connection(&mut self, connection: Handle, retagged: Vec<Tag>) -> Result<()> {
        let text = self.sight.attachment(&connection)?;
        self.steps.push(Step::Connection { connection, text, retagged });
        Ok(())
    }

    /// A connection as the list has left it so far.
    fn latest(&self, connection: &Handle) -> Handle {
        let changed = self.steps.iter().rev().find_map(|step| match step {
            Step::Connection { connection: changed, .. } if changed == connection => Some(changed),
            _ => None,
        });
        changed.unwrap_or(connection).clone()
    }

    fn close(&mut self, connections: Vec<Handle>, code: CloseCode, reason: String) -> Result<()> {
        check_reason(&reason)?;
        self.steps.push(Step::Close { connections, code, reason });
        Ok(())
    }

    fn schedule(&mut self, name: String, when: When, payload: Result<String>) -> Result<()> {
        check_name(&name)?;
        let (at, period) = when.resolve(self.sight.now())?;
        let payload = payload?;
        let (limit, size) = (limits::VALUE_BYTES, payload.len());
        if size > limit {
            return Err(Error::PayloadTooLarge { limit, size });
        }
        let alarm = ScheduledAlarm { period, ..ScheduledAlarm::once(name, at, payload) };
        self.steps.push(Step::Schedule(alarm));
        Ok(())
    }

    fn cancel(&mut self, name: String) {
        // A room can schedule no name of the engine's, so there is none of its own to cancel.
        if !name.starts_with(char::is_control) {
            self.steps.push(Step::Cancel(name));
        }
    }

    fn append(&mut self, history: &'static str, row: String) -> Result<()> {
        self.steps.push(Step::Append { history, row: check_value(row)? });
        Ok(())
    }

    fn put(&mut self, key: String, value: String) -> Result<()> {
        check_key(&key)?;
        self.steps.push(Step::Put { key, value: check_value(value)? });
        Ok(())
    }

    fn post(&mut self, errand: Errand, about: Option<String>) -> Result<()> {
        check_errand(&errand, about.as_deref(), self.sight)?;
        self.steps.push(Step::Post { errand, about });
        Ok(())
    }
}

/// A value or a row, if it is not too large.
pub(super) fn check_value(json: String) -> Result<String> {
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

/// A connection's tags: each once, and no more than the platform takes.
pub(crate) fn check_tags(tags: Vec<Tag>, speaks: bool) -> Result<Vec<Tag>> {
    let mut distinct = Vec::with_capacity(tags.len());
    for tag in tags {
        if let Err(at) = distinct.binary_search(&tag) {
            distinct.insert(at, tag);
        }
    }
    // One more of the platform's marks those who speak the protocol.
    let (limit, count) = (limits::TAGS - usize::from(speaks), distinct.len());
    if count > limit { Err(Error::TooManyTags { limit, count }) } else { Ok(distinct) }
}
