//! Letters to other rooms and to the Worker's functions: stored, delivered, answered.

use std::time::Duration;

use serde_json::Value;

use super::{About, Engine};
use crate::engine::handlers::{Call, Decoded};
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::host::input::Fault;
use crate::registry::ObjectName;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::keyed::Order;
use crate::room::letter::{Delivered, Errand, Letter, Reply};
use crate::room::letter::{Posted, Received};
use crate::room::limits;
use crate::room::room::During;
use crate::room::schedule::POST;
use crate::room::schedule::ScheduledAlarm;

// Control characters in front keep these keys apart from those of keyed values.
const LETTERS: &str = "\u{1}letter/";
const LAST: &str = "\u{1}last-letter";
const FROM: &str = "\u{1}from/";

fn key(seq: u64) -> String {
    format!("{LETTERS}{seq:020}")
}

/// A stored letter; none if it cannot be read, or has the number of another.
fn read(stored_key: &str, json: &str) -> Option<Posted> {
    let posted: Posted = serde_json::from_str(json).ok()?;
    (key(posted.seq) == stored_key).then_some(posted)
}

impl Engine {
    /// Sends a letter for the first time.
    pub(super) fn post(&mut self, host: &dyn Host, errand: Errand, reply: Option<String>) {
        let last = self.values.get(host, LAST).and_then(|last| last.parse::<u64>().ok());
        let next = last.and_then(|last| last.checked_add(1)).unwrap_or_default();
        // By the clock, so that a purged room does not count from 1 again: its receivers remember.
        let seq = (host.now().as_millis() << 10).max(next);
        self.values.put(LAST.to_owned(), seq.to_string());
        let (hops, tries, at) = (self.batch.hops, 0, host.now());
        self.dispatch(host, Posted { seq, hops, errand, reply, tries, at });
    }

    /// Hands a letter to the host, and sees to it that it is tried again.
    fn dispatch(&mut self, host: &dyn Host, mut posted: Posted) {
        posted.tries += 1;
        posted.at = host.now() + Duration::from_secs(1 << posted.tries);
        self.store(&posted);
        let floor = self.letters(host, 1).first().map_or(posted.seq, |first| first.seq);
        let (seq, hops, errand) = (posted.seq, posted.hops, posted.errand);
        self.batch.outputs.push(Output::Deliver(Letter { seq, floor, hops, errand }));
        if self.schedule.get(host, POST).is_none_or(|event| event.at > posted.at) {
            self.schedule.put(ScheduledAlarm::once(POST, posted.at, "null"));
        }
    }

    fn store(&mut self, posted: &Posted) {
        if let Ok(json) = serde_json::to_string(posted) {
            self.values.put(key(posted.seq), json);
        }
    }

    /// The oldest letters. One that cannot be read, of a later version, stands in nobody's place.
    fn letters(&self, host: &dyn Host, limit: usize) -> Vec<Posted> {
        let mut unreadable = 0;
        loop {
            let stored = self.values.list(host, LETTERS, limit + unreadable, Order::Forwards);
            let letters: Vec<_> = stored.iter().filter_map(|(key, json)| read(key, json)).collect();
            let skipped = stored.len() - letters.len();
            if skipped == unreadable {
                return letters;
            }
            unreadable = skipped;
        }
    }

    /// Nothing was heard of some letters for too long.
    pub(super) fn post_again(&mut self, host: &dyn Host) {
        let now = host.now();
        for letter in self.letters(host, limits::LETTERS_A_COMMIT) {
            if letter.at > now {
                continue;
            }
            if letter.tries >= limits::LETTER_TRIES {
                let error = undelivered(&letter, "there was no answer");
                self.settle(host, &letter, Err(error), &Fault::None);
            } else {
                self.dispatch(host, letter);
            }
        }
        let letters = self.letters(host, limits::LETTERS_A_COMMIT);
        match letters.iter().map(|letter| letter.at).min() {
            Some(at) => self.schedule.put(ScheduledAlarm::once(POST, at, "null")),
            None => self.schedule.cancel(host, POST),
        }
    }

    /// The host tells how a delivery went.
    pub(super) fn delivered(
        &mut self,
        host: &dyn Host,
        seq: u64,
        delivered: &Delivered,
        fault: &Fault,
    ) {
        let key = key(seq);
        let stored = self.values.get(host, &key);
        let Some(letter) = stored.and_then(|json| read(&key, &json)) else { return };
        match delivered {
            Delivered::Ok(value) => self.settle(host, &letter, Ok(value.clone()), fault),
            Delivered::Error { message, is_final } => {
                if *is_final || letter.tries >= limits::LETTER_TRIES {
                    let error = undelivered(&letter, message);
                    self.settle(host, &letter, Err(error), fault);
                }
                // Else it is tried again when its time comes.
            }
        }
    }

    /// The end of a letter: it is removed in the commit of what its reply's handler did.
    fn settle(&mut self, host: &dyn Host, letter: &Posted, result: Result<Value>, fault: &Fault) {
        let steps = match (letter.reply.clone(), result) {
            (Some(name), result) => self.ready(host, fault).and_then(|()| {
                self.call(host, About::default(), Call::Reply(&Reply { name, result }))
            }),
            (None, result) => result.map(|_| Vec::new()),
        };
        let lasts = letter.reply.is_some() && letter.tries < limits::LETTER_TRIES;
        match steps {
            Ok(steps) => {
                self.values.delete(host, key(letter.seq));
                self.perform(host, steps);
            }
            Err(error) => {
                // A reply whose handler failed is asked for again.
                if !lasts {
                    self.values.delete(host, key(letter.seq));
                }
                self.fail(host, During::Reply, None, &error, fault);
            }
        }
        if self.letters(host, 1).is_empty() {
            self.schedule.cancel(host, POST);
        }
    }

    /// A letter from another room, or from this one.
    pub(super) fn receive(
        &mut self,
        host: &dyn Host,
        from: &ObjectName,
        letter: &Letter,
        fault: &Fault,
    ) -> Result<Value> {
        self.ready(host, fault)?;
        let key = format!("{FROM}{from}");
        let mut received = match self.values.get(host, &key) {
            // To begin anew would be to handle letters twice.
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| Error::ValueUnreadable { reason: error.to_string() })?,
            None => Received::default(),
        };
        if received.has(letter.seq) {
            return Ok(Value::Null);
        }
        self.batch.hops = letter.hops.saturating_add(1);
        let steps = match &letter.errand {
            Errand::Message { json, .. } => {
                let Decoded { event, .. } = self.room.decode_json(json)?;
                let about = About { sibling: Some(from), ..About::default() };
                self.call(host, about, Call::Message(event))?
            }
            Errand::Text { frame, .. } => {
                self.send(
                    host,
                    crate::room::audience::Audience::everyone(),
                    Frame::Text(frame.clone()),
                );
                Vec::new()
            }
            Errand::Binary { frame, .. } => {
                self.send(
                    host,
                    crate::room::audience::Audience::everyone(),
                    Frame::Binary(frame.clone()),
                );
                Vec::new()
            }
            Errand::State { .. } => return self.read_state(host),
            Errand::Call { .. } => return Err(Error::execution("a call is not for a room")),
        };
        received.remember(letter);
        self.values.put(key, crate::room::frame::to_json("what was received", &received)?);
        self.perform(host, steps);
        Ok(Value::Null)
    }
}

fn undelivered(letter: &Posted, reason: &str) -> Error {
    Error::Undelivered { to: letter.errand.to().to_owned(), reason: reason.to_owned() }
}
