//! Letters to other rooms and to the Worker's functions: stored, delivered, answered.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::Turn;
use crate::engine::alarms::{FORGET, POST};
use crate::engine::handlers::Call;
use crate::engine::overlay::each_key;
use crate::engine::sight::About;
use crate::engine::table::Table;
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::host::letter::{Delivered, Letter};
use crate::room::alarm::ScheduledAlarm;
use crate::room::error::{Error, Result};
use crate::room::handler::Handler;
use crate::room::letter::{Answer, Errand};
use crate::room::limits;
use crate::room::time::Timestamp;

// Control characters in front keep these keys apart from those of a room's keyed values.

/// Keys of letters: when each is due again, its number, its size, and its receiver.
const LETTERS: &str = "\u{1}letter/";
/// The number of the last letter.
const LAST: &str = "\u{1}last-letter";

/// The largest number that JavaScript counts to.
const LARGEST: u64 = 1 << 53;

/// How long a letter is left alone that this version cannot read.
const UNREADABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a letter that is still on its way is left alone.
const IN_FLIGHT: Duration = Duration::from_secs(30);

/// A letter as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Posted {
    hops: u32,
    errand: Errand,
    about: Option<String>,
    /// How many tries were begun.
    tries: u32,
    /// When it was posted.
    since: Timestamp,
}

/// Where a letter is stored.
#[derive(Clone, Debug)]
struct Place {
    at: Timestamp,
    size: usize,
    to: String,
}

impl Place {
    fn key(&self, seq: u64) -> String {
        let Self { at, size, to } = self;
        format!("{LETTERS}{:020}/{seq:020}/{size}/{to}", at.as_millis())
    }

    fn parse(key: &str) -> Option<(u64, Self)> {
        let mut parts = key.strip_prefix(LETTERS)?.splitn(4, '/');
        let at = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let seq = parts.next()?.parse().ok()?;
        let size = parts.next()?.parse().ok()?;
        Some((seq, Self { at, size, to: parts.next()?.to_owned() }))
    }
}

/// A number as a text that stands where the number does.
fn numbered(seq: u64) -> String {
    format!("{seq:020}")
}

/// Letters that are not settled, by their numbers, once somebody asked.
#[derive(Default)]
pub(crate) struct Outbox {
    places: Option<Table<Place>>,
    last: Option<u64>,
    /// Whether it changed in this batch.
    is_touched: bool,
}

impl Turn<'_> {
    fn places(&mut self) -> &mut Table<Place> {
        let world = self.engine.changes.over(self.host);
        self.engine.outbox.places.get_or_insert_with(|| {
            let mut places = Table::new();
            each_key(&world, LETTERS, |key| {
                if let Some((seq, place)) = Place::parse(key) {
                    places.insert(numbered(seq), place);
                }
            });
            places
        })
    }

    /// Stores a letter, to be sent when that is done.
    pub(super) fn post(&mut self, errand: Errand, about: Option<String>) {
        let now = self.host.now();
        let last = self.engine.outbox.last.or_else(|| self.world().value(LAST)?.parse().ok());
        let last = last.filter(|last| *last < LARGEST);
        // By the clock at first, so that a room whose data were lost does not count from 1 again: its
        // receivers remember.
        let seq = last.map_or(now.as_millis() << 10, |last| last.saturating_add(1));
        self.engine.outbox.last = Some(seq);
        self.engine.changes.put_value(LAST.to_owned(), seq.to_string());
        let hops = self.engine.batch.hops;
        self.dispatch(seq, Posted { hops, errand, about, tries: 0, since: now });
    }

    /// Begins another try.
    fn dispatch(&mut self, seq: u64, mut posted: Posted) {
        posted.tries += 1;
        self.store_letter(seq, &posted, backoff(posted.tries));
        let Posted { hops, errand, .. } = posted;
        // Its floor is known when the batch is over.
        self.engine.batch.outputs.push(Output::Deliver(Letter { seq, floor: seq, hops, errand }));
    }

    fn store_letter(&mut self, seq: u64, posted: &Posted, wait: Duration) {
        let json = serde_json::to_string(posted).unwrap_or_default();
        let (at, size, to) = (self.host.now() + wait, json.len(), posted.errand.to().to_owned());
        self.remove_letter(seq);
        let place = Place { at, size, to };
        self.engine.changes.put_value(place.key(seq), json);
        self.places().insert(numbered(seq), place);
    }

    fn remove_letter(&mut self, seq: u64) {
        self.engine.outbox.is_touched = true;
        if let Some(place) = self.places().remove(&numbered(seq)) {
            self.engine.changes.drop_value(place.key(seq));
        }
    }

    fn letter(&mut self, seq: u64) -> Option<(Timestamp, Posted)> {
        let place = self.places().get(&numbered(seq))?.clone();
        let json = self.world().value(&place.key(seq))?;
        Some((place.at, serde_json::from_str(&json).ok()?))
    }

    /// The names under which letters are tried again, as many as one commit should send.
    pub(super) fn unanswered(&self) -> Vec<String> {
        let (mut due, mut bytes) = (Vec::new(), 0);
        let keys = self.world().keys(LETTERS, None, limits::LETTERS_A_COMMIT).rows;
        for (seq, Place { at, size, .. }) in keys.iter().filter_map(|key| Place::parse(key)) {
            bytes += size;
            if at > self.host.now() || (bytes > limits::MISSED_BYTES && !due.is_empty()) {
                break;
            }
            due.push(format!("{POST}/{seq}"));
        }
        // Should none of them be read, the alarm is planned anew all the same.
        due.push(format!("{POST}/"));
        due
    }

    /// A letter that another version stored, and may read again: it keeps no other from its way.
    fn put_off(&mut self, seq: u64) {
        let Some(place) = self.places().get(&numbered(seq)).cloned() else { return };
        let Some(json) = self.world().value(&place.key(seq)) else { return };
        self.remove_letter(seq);
        let place = Place { at: self.host.now() + UNREADABLE, ..place };
        self.engine.changes.put_value(place.key(seq), json);
        self.places().insert(numbered(seq), place);
    }

    /// Nothing was heard of a letter: if it is on its way no more, another try begins.
    pub(super) fn post_again(&mut self, seq: &str) {
        self.engine.outbox.is_touched = true;
        let Ok(seq) = seq.parse() else { return };
        let Some((at, posted)) = self.letter(seq) else { return self.put_off(seq) };
        let now = self.host.now();
        if at > now {
            return;
        }
        let is_too_old = now - posted.since > limits::LETTER_AGE;
        if self.host.in_flight(seq) {
            self.store_letter(seq, &posted, IN_FLIGHT);
        } else if posted.tries >= limits::LETTER_TRIES || is_too_old {
            let error = undelivered(&posted, "there was no answer");
            // Of telling the room: that ends as well.
            let posted = Posted { tries: posted.tries.saturating_add(1), ..posted };
            self.settle_letter(seq, &posted, Err(error));
        } else {
            self.dispatch(seq, posted);
        }
    }

    /// What the host says of a delivery.
    pub(super) fn delivered(&mut self, seq: u64, delivered: &Delivered) {
        // One that is settled is heard of no more.
        let Some((_, posted)) = self.letter(seq) else { return };
        match delivered {
            Delivered::Ok(value) => self.settle_letter(seq, &posted, Ok(value.clone())),
            Delivered::Error { message, is_final } => {
                if *is_final || posted.tries >= limits::LETTER_TRIES {
                    let error = undelivered(&posted, message);
                    self.settle_letter(seq, &posted, Err(error));
                } else {
                    self.store_letter(seq, &posted, backoff(posted.tries));
                }
            }
        }
    }

    /// A letter is over, and its reply, if it asked for one, is handled; if that fails, it is asked for
    /// again while there are tries.
    fn settle_letter(&mut self, seq: u64, posted: &Posted, result: Result<Value>) {
        let lasts = posted.about.is_some() && posted.tries < limits::LETTER_TRIES;
        let steps = match (posted.about.clone(), result) {
            (Some(about), result) => self.load().and_then(|()| {
                self.call(About::default(), Call::Reply(&about, Answer::from(result)))
            }),
            (None, result) => result.map(|_| Vec::new()),
        };
        match steps {
            Ok(steps) => {
                self.remove_letter(seq);
                self.perform(steps);
            }
            Err(error) => {
                if lasts {
                    self.store_letter(seq, posted, backoff(posted.tries));
                } else {
                    self.remove_letter(seq);
                }
                self.fail(Handler::Reply, None, &error);
            }
        }
    }

    /// What the commit stores and sends of letters, asked once: where the next try stands, and up to
    /// which number each receiver can forget.
    pub(super) fn send_letters(&mut self) {
        if !std::mem::take(&mut self.engine.outbox.is_touched) {
            return;
        }
        let first = self.world().keys(LETTERS, None, 1).rows.pop();
        self.plan(POST, first.and_then(|key| Place::parse(&key)).map(|(_, place)| place.at));
        let is_letter = |output: &Output| matches!(output, Output::Deliver(_));
        if !self.engine.batch.outputs.iter().any(is_letter) {
            return;
        }
        let mut floors: Table<u64> = Table::new();
        for (seq, place) in self.places().iter() {
            if !floors.contains_key(&place.to) {
                floors.insert(place.to.clone(), seq.parse().unwrap_or_default());
            }
        }
        for output in &mut self.engine.batch.outputs {
            if let Output::Deliver(letter) = output
                && let Some(floor) = floors.get(letter.errand.to())
            {
                letter.floor = *floor;
            }
        }
    }

    /// What a purge does not take: the number of the last letter, what was received, and when that is
    /// forgotten.
    pub(super) fn mail(&mut self) -> (Vec<(String, String)>, Option<ScheduledAlarm>) {
        let last = self.engine.outbox.last.map(|last| last.to_string());
        let last = last.or_else(|| self.world().value(LAST));
        let received = self.received();
        let kept = last.map(|last| (LAST.to_owned(), last)).into_iter().chain(received).collect();
        (kept, self.world().stored_alarm(FORGET))
    }

    pub(super) fn keep_mail(&mut self, mail: (Vec<(String, String)>, Option<ScheduledAlarm>)) {
        let (kept, forgetting) = mail;
        self.engine.outbox.places = Some(Table::new());
        for (key, value) in kept {
            self.engine.changes.put_value(key, value);
        }
        if let Some(alarm) = forgetting {
            self.engine.changes.put_alarm(alarm);
        }
    }
}

/// How long after a try the next one begins.
fn backoff(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.min(limits::LETTER_TRIES))
}

fn undelivered(posted: &Posted, reason: &str) -> Error {
    Error::Undelivered { to: posted.errand.to().to_owned(), reason: reason.to_owned() }
}
