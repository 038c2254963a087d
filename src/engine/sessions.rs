//! Sessions: what outlives a socket of a client that speaks the protocol.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::connections::{Connections, away_key};
use crate::engine::overlay::{Changes, each_value, first_timed, timed_key};
use crate::engine::table::Table;
use crate::host::host::Host;
use crate::room::connection::{Handle, SocketId};
use crate::room::page::Order;
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

// Control characters in front keep these keys apart from those of a room's keyed values.
const EPOCH: &str = "\u{1}epoch";
const SESSION: &str = "\u{1}session/";
/// Keys of sessions that are over: until when they are remembered, and their names.
const OVER: &str = "\u{1}over/";
/// Says that sessions may be here: after a crash they have to be looked for.
const HERE: &str = "\u{1}here";

/// How many sends of a client may be unsettled, and so how many refusals are remembered.
pub(crate) const UNSETTLED: u64 = 64;

/// How many changes of tags are remembered for what a client missed.
const WORN: usize = 16;

/// Where the connection of a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// It has a socket.
    Here,
    /// Its line is lost, and it may come back.
    Away,
    /// It has ended. What its client sent is still known.
    #[default]
    Over,
}

/// What is known of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) place: Place,
    /// When its grace ends, or it is forgotten.
    #[serde(default)]
    pub(crate) until: Timestamp,
    /// Up to which number its sends are handled.
    pub(crate) handled: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused: Vec<(u64, Value)>,
    /// What its socket carries, should the object crash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    attachment: String,
    /// The last message before it began: what was said until then is not for it.
    #[serde(default)]
    pub(crate) since: u64,
    /// What it wore, each from a message on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    worn: Vec<(u64, Vec<Tag>)>,
    /// What the Worker and `admit` said of it at first.
    #[serde(default)]
    pub(crate) admitted: Admitted,
}

/// What the Worker gave with an upgrade, in short, and the tags that `admit` made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Admitted {
    pub(crate) upgrade: u64,
    pub(crate) tags: Vec<Tag>,
}

impl Session {
    /// One that begins after a message.
    pub(crate) fn begin(id: String, last: u64, tags: &[Tag]) -> Self {
        let mut session = Self { id, since: last, ..Self::default() };
        session.wear(last, tags);
        session
    }

    /// What its socket carries, while it has one.
    pub(crate) fn attachment(&self) -> &str {
        &self.attachment
    }

    pub(crate) fn refusal(&self, number: u64) -> Option<Value> {
        let refused = self.refused.iter().find(|(refused, _)| *refused == number);
        refused.map(|(_, error)| error.clone())
    }

    pub(crate) fn settle(&mut self, number: u64, refused: Option<Value>) {
        self.handled = number;
        self.refused.extend(refused.map(|error| (number, error)));
        self.refused.retain(|(refused, _)| refused + UNSETTLED > number);
    }

    /// It wears these from the message after `last` on.
    pub(crate) fn wear(&mut self, last: u64, tags: &[Tag]) {
        if self.worn.last().is_some_and(|(_, worn)| worn == tags) {
            return;
        }
        self.worn.retain(|(from, _)| *from <= last);
        self.worn.push((last + 1, tags.to_vec()));
        if self.worn.len() > WORN {
            self.worn.remove(0);
            self.since = self.since.max(self.worn[0].0 - 1);
        }
    }

    /// What it wore when a message was said.
    pub(crate) fn worn_at(&self, number: u64) -> &[Tag] {
        let worn = self.worn.iter().rev().find(|(from, _)| *from <= number);
        worn.map_or(&[], |(_, tags)| tags)
    }

    /// Another log begins: what it counts of the old one means nothing.
    fn begin_anew(&mut self) {
        self.since = 0;
        let worn = self.worn.pop().map(|(_, tags)| (0, tags));
        self.worn = worn.into_iter().collect();
    }
}

/// The sessions that were looked at, and what the batch has changed.
#[derive(Default)]
pub(crate) struct Sessions {
    any: Option<bool>,
    known: Table<Session>,
    /// What the commit is to store.
    changed: Table<()>,
    epoch: Option<String>,
    here_is_marked: bool,
    /// Whether one went or came back: the end of the next grace may be another.
    pub(super) moved: bool,
    /// How many ended in this batch.
    pub(super) ended: usize,
}

fn key(session: &str) -> String {
    format!("{SESSION}{session}")
}

pub(super) fn over_key(until: Timestamp, session: &str) -> String {
    timed_key(OVER, until, session)
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Sessions {
    /// Whether any session is known: if not, nobody can come back for what is said.
    pub(super) fn any(&mut self, world: &dyn Host) -> bool {
        *self.any.get_or_insert_with(|| !world.keys(SESSION, None, 1).rows.is_empty())
    }

    pub(super) fn get(&mut self, world: &dyn Host, session: &str) -> Option<&Session> {
        if !self.known.contains_key(session) {
            let stored = serde_json::from_str(&world.value(&key(session))?).ok()?;
            self.known.insert(session.to_owned(), stored);
        }
        self.known.get(session)
    }

    /// Changes what is known of a session that is known.
    pub(super) fn update(
        &mut self,
        world: &dyn Host,
        session: &str,
        change: impl FnOnce(&mut Session),
    ) {
        self.get(world, session);
        if let Some(known) = self.known.get_mut(session) {
            change(known);
            self.changed.insert(session.to_owned(), ());
        }
    }

    /// Puts a session where its connection is.
    pub(super) fn put(
        &mut self,
        changes: &mut Changes,
        host: &dyn Host,
        connections: &mut Connections,
        name: &str,
        mut session: Session,
        at: At<'_>,
    ) {
        self.leave_place(changes, host, connections, name);
        session.attachment.clear();
        (session.place, session.until) = match at {
            At::Here(attachment) => {
                attachment.clone_into(&mut session.attachment);
                (Place::Here, Timestamp::default())
            }
            At::Away { connection, attachment, until } => {
                let until = until.min(Timestamp::MAX);
                changes.put_value(away_key(until, name), attachment.to_owned());
                connections.went_away(connection.on(SocketId::NONE));
                (Place::Away, until)
            }
            At::Over { until } => {
                let until = until.min(Timestamp::MAX);
                changes.put_value(over_key(until, name), String::new());
                self.ended += 1;
                (Place::Over, until)
            }
        };
        self.moved = true;
        self.any = Some(true);
        self.known.insert(name.to_owned(), session);
        self.changed.insert(name.to_owned(), ());
    }

    /// Takes away what says where it was.
    fn leave_place(
        &mut self,
        changes: &mut Changes,
        host: &dyn Host,
        connections: &mut Connections,
        name: &str,
    ) {
        let Some(session) = self.get(&changes.over(host), name) else { return };
        match session.place {
            Place::Here => {}
            Place::Away => {
                connections.no_longer_away(&session.id, name);
                changes.drop_value(away_key(session.until, name));
            }
            Place::Over => changes.drop_value(over_key(session.until, name)),
        }
    }

    fn mark_here(&mut self, changes: &mut Changes, host: &dyn Host) {
        if !self.here_is_marked && changes.over(host).value(HERE).is_none() {
            changes.put_value(HERE.to_owned(), String::new());
        }
        self.here_is_marked = true;
    }

    /// Nobody has a socket, so nobody is here: there is none to be looked for after a crash.
    pub(super) fn unmark_here(&mut self, changes: &mut Changes, host: &dyn Host) {
        changes.remove_value(host, HERE);
        self.here_is_marked = false;
    }

    /// One that began in this input did not begin after all.
    pub(super) fn unbegin(&mut self, name: &str) {
        self.known.remove(name);
        self.changed.remove(name);
        self.any = None;
    }

    /// Forgets a session.
    pub(super) fn remove(
        &mut self,
        changes: &mut Changes,
        host: &dyn Host,
        connections: &mut Connections,
        name: &str,
    ) {
        self.leave_place(changes, host, connections, name);
        changes.drop_value(key(name));
        self.known.remove(name);
        self.changed.remove(name);
        self.moved = true;
        self.any = None;
    }

    /// The sessions of connections that have a socket, as far as the room knows, with what their
    /// sockets carry; and from now on nobody is here.
    pub(super) fn take_here(
        &mut self,
        changes: &mut Changes,
        host: &dyn Host,
    ) -> Vec<(String, String)> {
        let mut here = Vec::new();
        if changes.over(host).value(HERE).is_none() {
            return here;
        }
        each_value(&changes.over(host), SESSION, |key, json| {
            let session = serde_json::from_str::<Session>(&json).ok();
            let session = session.filter(|session| session.place == Place::Here);
            if let (Some(name), Some(session)) = (key.strip_prefix(SESSION), session) {
                here.push((name.to_owned(), session.attachment));
            }
        });
        self.unmark_here(changes, host);
        here
    }

    /// The names of the sessions that are forgotten first, with their times.
    pub(super) fn first_over(world: &dyn Host, limit: usize) -> Vec<(Timestamp, String)> {
        first_timed(world, OVER, limit)
    }

    /// What sockets carry is kept with their sessions.
    pub(super) fn carry(&mut self, world: &dyn Host, session: &str, attachment: &str) {
        self.update(world, session, |session| attachment.clone_into(&mut session.attachment));
    }

    /// Hands what was changed over to the commit. Of sessions that are over nothing stays in memory.
    pub(super) fn store(&mut self, changes: &mut Changes, host: &dyn Host) {
        for (name, ()) in std::mem::take(&mut self.changed).into_entries() {
            let Some(session) = self.known.get(&name) else { continue };
            changes.put_value(key(&name), to_json(session));
            match session.place {
                Place::Here => self.mark_here(changes, host),
                Place::Away => {}
                Place::Over => drop(self.known.remove(&name)),
            }
        }
        (self.moved, self.ended) = (false, 0);
    }

    /// The log's name, made when it is first asked for.
    pub(super) fn epoch(&mut self, changes: &mut Changes, host: &dyn Host) -> &str {
        if self.epoch.is_none() {
            let stored = changes.over(host).value(EPOCH);
            self.epoch = Some(stored.unwrap_or_else(|| {
                let epoch = format!("{:016x}", host.random());
                changes.put_value(EPOCH.to_owned(), epoch.clone());
                epoch
            }));
        }
        self.epoch.as_deref().unwrap_or_default()
    }

    /// Everything stored is gone; these sessions go on, in a log that begins anew.
    pub(super) fn purge(&mut self) {
        *self = Self::default();
    }
}

impl Session {
    /// The same in a log that begins anew.
    pub(super) fn anew(mut self) -> Self {
        self.begin_anew();
        self
    }
}

/// Where the connection of a session is from now on.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Here(&'a str),
    Away { connection: &'a Handle, attachment: &'a str, until: Timestamp },
    Over { until: Timestamp },
}

/// All stored sessions by name, for those who judge.
pub(crate) fn all_stored(host: &dyn Host) -> std::collections::BTreeMap<String, Session> {
    let rows = host.values(SESSION, None, usize::MAX, Order::Forwards).rows;
    let read = rows.iter().filter_map(|(key, json)| {
        Some((key.strip_prefix(SESSION)?.to_owned(), serde_json::from_str(json).ok()?))
    });
    read.collect()
}

/// The stored name of the log.
pub(crate) fn stored_epoch(host: &dyn Host) -> Option<String> {
    host.value(EPOCH)
}
