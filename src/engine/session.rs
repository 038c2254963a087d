//! Sessions: what outlives a socket of a client that speaks the protocol.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::sorted::SortedMap;
use crate::host::host::Host;
use crate::room::frame::Frame;
use crate::room::keyed::{Order, Values};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

/// What a socket wears whose client speaks the protocol. No [`Tag`] has a control character.
pub(crate) const ENVELOPED: &str = "\u{2}";

/// The history in which messages are logged.
pub(crate) const LOG: &str = "\u{1}log";

const EPOCH: &str = "\u{1}epoch";
const SESSION: &str = "\u{1}session/";
const AWAY: &str = "\u{1}session-of/";
const DUE: &str = "\u{1}session-due/";

/// How many refusals are remembered of a session: as many sends may be unsettled.
pub(crate) const UNSETTLED: u64 = 64;

/// Where a session's connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It has a socket.
    Here,
    /// Its line is lost, and it may come back.
    Away,
    /// It is over.
    Over,
}

impl Whereabouts {
    const ALL: [Self; 3] = [Self::Here, Self::Away, Self::Over];

    fn key(self, session: &str) -> String {
        format!("{}{session}", self.prefix())
    }

    fn prefix(self) -> String {
        let name = match self {
            Self::Here => "here/",
            Self::Away => "away/",
            Self::Over => "over/",
        };
        format!("{SESSION}{name}")
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The connection's id.
    pub(crate) id: String,
    /// The number of the last that its client sent and that was handled.
    pub(crate) handled: u64,
    /// Of those the last that were refused, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused: Vec<(u64, Value)>,
    /// The connection, as its socket has it too.
    pub(crate) attachment: String,
    /// When it is over, or forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
}

impl Session {
    /// When it is over, or forgotten.
    pub(crate) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Why what was sent with a number was refused, if it was.
    pub(crate) fn refusal(&self, number: u64) -> Option<Value> {
        let refused = self.refused.iter().find(|(refused, _)| *refused == number);
        refused.map(|(_, error)| error.clone())
    }

    /// What its client sent with a number has been handled, or refused.
    pub(crate) fn settle(&mut self, number: u64, refused: Option<Value>) {
        self.handled = number;
        if let Some(error) = refused {
            self.refused.push((number, error));
        }
        self.refused.retain(|(refused, _)| refused + UNSETTLED > number);
    }
}

/// The sessions of a room: a cache over its values.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// Whether there are any, once that is known.
    any: Option<bool>,
    known: SortedMap<String, (Whereabouts, Session)>,
    changed: SortedMap<String, ()>,
}

impl Sessions {
    /// Whether there are any: if not, nobody can come back for what is said now.
    pub(crate) fn any(&mut self, host: &dyn Host, values: &Values) -> bool {
        let find = || !values.list(host, SESSION, 1, Order::Forwards).is_empty();
        *self.any.get_or_insert_with(find)
    }

    pub(crate) fn get(
        &mut self,
        host: &dyn Host,
        values: &Values,
        session: &str,
    ) -> Option<&(Whereabouts, Session)> {
        if !self.known.contains_key(session) {
            let stored = Whereabouts::ALL.into_iter().find_map(|whereabouts| {
                let json = values.get(host, &whereabouts.key(session))?;
                Some((whereabouts, serde_json::from_str(&json).ok()?))
            })?;
            self.known.insert(session.to_owned(), stored);
        }
        self.known.get(session)
    }

    /// Changes a session; one that nobody knows any more begins anew.
    pub(crate) fn update(
        &mut self,
        host: &dyn Host,
        values: &Values,
        session: &str,
        change: impl FnOnce(&mut Session),
    ) {
        self.get(host, values, session);
        let unknown = || (Whereabouts::Here, Session::default());
        let (_, known) = self.known.get_or_insert_with(session.to_owned(), unknown);
        change(known);
        self.changed.insert(session.to_owned(), ());
    }

    /// Says where a session is from now on, and when that ends, if it does.
    pub(crate) fn put(
        &mut self,
        host: &dyn Host,
        values: &mut Values,
        session: &str,
        whereabouts: Whereabouts,
        mut record: Session,
        until: Option<Timestamp>,
    ) {
        self.remove(host, values, session);
        self.any = Some(true);
        record.due = until;
        if let Some(at) = until {
            values.put(due_key(at, session), String::new());
        }
        if whereabouts == Whereabouts::Away {
            values.put(away_key(&record.id, session), String::new());
        }
        values.put(whereabouts.key(session), to_json(&record));
        self.known.insert(session.to_owned(), (whereabouts, record));
    }

    pub(crate) fn remove(&mut self, host: &dyn Host, values: &mut Values, session: &str) {
        let known = self.get(host, values, session);
        if let Some((whereabouts, Session { id, due, .. })) = known {
            let (key, due) = (whereabouts.key(session), *due);
            let away = (*whereabouts == Whereabouts::Away).then(|| away_key(id, session));
            values.delete(host, key);
            if let Some(away) = away {
                values.delete(host, away);
            }
            if let Some(at) = due {
                values.delete(host, due_key(at, session));
            }
        }
        self.any = None;
        self.known.remove(session);
        self.changed.remove(session);
    }

    /// Those that are somewhere.
    pub(crate) fn all(
        host: &dyn Host,
        values: &Values,
        whereabouts: Whereabouts,
        limit: usize,
    ) -> Vec<(String, Session)> {
        let prefix = whereabouts.prefix();
        let stored = values.list(host, &prefix, limit, Order::Forwards);
        let read = stored.into_iter().filter_map(|(key, json)| {
            Some((key.strip_prefix(&prefix)?.to_owned(), serde_json::from_str(&json).ok()?))
        });
        read.collect()
    }

    /// Whether a connection with this id may come back.
    pub(crate) fn is_away(host: &dyn Host, values: &Values, id: &str) -> bool {
        !values.list(host, &away_key(id, ""), 1, Order::Forwards).is_empty()
    }

    /// How many are somewhere, by what is stored.
    pub(crate) fn stored(host: &dyn Host, whereabouts: Whereabouts) -> usize {
        Self::all(host, &Values::default(), whereabouts, usize::MAX).len()
    }

    /// The first whose time ends, and when.
    pub(crate) fn first_due(
        host: &dyn Host,
        values: &Values,
        limit: usize,
    ) -> Vec<(Timestamp, String)> {
        let due = values.list(host, DUE, limit, Order::Forwards);
        let read = due.iter().filter_map(|(key, _)| {
            let (at, session) = key.strip_prefix(DUE)?.split_once('/')?;
            Some((Timestamp::from_millis(at.parse().ok()?), session.to_owned()))
        });
        read.collect()
    }

    /// Writes what has changed, for the commit.
    pub(crate) fn store(&mut self, values: &mut Values) {
        for (session, ()) in std::mem::take(&mut self.changed) {
            if let Some((whereabouts, record)) = self.known.get(&session) {
                values.put(whereabouts.key(&session), to_json(record));
            }
        }
    }

    pub(crate) fn purge(&mut self) {
        *self = Self::default();
    }
}

/// The name of the log that there is now; another one if it was lost.
pub(crate) fn epoch(host: &dyn Host, values: &mut Values) -> String {
    values.get(host, EPOCH).unwrap_or_else(|| {
        let epoch = format!("{:016x}", host.random());
        values.put(EPOCH.to_owned(), epoch.clone());
        epoch
    })
}

/// The name of the log that is stored.
pub(crate) fn stored_epoch(host: &dyn Host) -> Option<String> {
    host.value(EPOCH)
}

/// Those who may come back, by the ids of their connections, which have no control character.
fn away_key(id: &str, session: &str) -> String {
    format!("{AWAY}{id}\u{1}{session}")
}

fn due_key(at: Timestamp, session: &str) -> String {
    format!("{DUE}{:020}/{session}", at.as_millis())
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A message in the log: whom it is for, and what it says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Logged {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<Tag>,
    /// Sessions; all if there is no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<Vec<String>>,
    /// Sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Logged {
    pub(crate) fn into_frame(self) -> Frame {
        match (self.text, self.bytes) {
            (Some(text), _) => Frame::Text(text),
            (None, bytes) => Frame::Binary(bytes.unwrap_or_default()),
        }
    }

    /// Whether a session's connection was to have it.
    pub(crate) fn is_for(&self, session: &str, tags: &[Tag]) -> bool {
        let is = |other: &String| other == session;
        self.tag.as_ref().is_none_or(|tag| tags.contains(tag))
            && self.only.as_ref().is_none_or(|only| only.iter().any(is))
            && !self.except.iter().any(is)
    }
}
