//! Many named events over the one alarm an object has.
//!
//! Events are rows of their own. What a batch of inputs changes is kept here until the commit, over
//! what the host has stored; the cost follows the change, not the number of events.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::sorted::SortedMap;
use crate::host::host::Host;
use crate::room::error::{Error, Result};
use crate::room::limits;
use crate::room::time::Timestamp;
use crate::room::time::millis;

/// When an event comes: at a time or after one, once or with a period.
///
/// A period counts from the time an event was due, not from the time it was handled; periods that
/// were slept through make one event.
///
/// ```
/// use dormouse::{Timestamp, When};
/// use std::time::Duration;
///
/// let tick = When::after(Duration::from_secs(1)).every(Duration::from_secs(60));
/// let once = When::at(Timestamp::from_millis(1_700_000_000_000));
/// assert_ne!(tick, once);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    first: First,
    period: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    At(Timestamp),
    After(Duration),
}

impl When {
    /// At a time; one that is past comes at once.
    ///
    /// ```
    /// use dormouse::{Timestamp, When};
    /// let when = When::at(Timestamp::from_millis(5_000));
    /// ```
    pub const fn at(time: Timestamp) -> Self {
        Self { first: First::At(time), period: None }
    }

    /// After a duration, counted from the handler's [`now`](crate::Context::now).
    ///
    /// ```
    /// use dormouse::When;
    /// let at_once = When::after(std::time::Duration::ZERO);
    /// ```
    pub const fn after(delay: Duration) -> Self {
        Self { first: First::After(delay), period: None }
    }

    /// And then again after every period, until cancelled.
    ///
    /// ```
    /// use dormouse::When;
    /// use std::time::Duration;
    /// let hourly = When::after(Duration::ZERO).every(Duration::from_secs(3600));
    /// ```
    pub const fn every(self, period: Duration) -> Self {
        Self { first: self.first, period: Some(period) }
    }

    /// The time and the period in milliseconds, checked.
    pub(crate) fn resolve(self, now: Timestamp) -> Result<(Timestamp, Option<u64>)> {
        let at = match self.first {
            First::At(time) => time,
            First::After(delay) => now + delay,
        };
        if at.as_millis() == 0 || at > Timestamp::MAX {
            return Err(Error::InvalidAlarmTime {
                limit: Timestamp::MAX.as_millis(),
                at: at.as_millis(),
            });
        }
        match self.period {
            Some(period) if millis(period) == 0 => {
                let (limit, nanos) = (1_000_000, period.subsec_nanos());
                Err(Error::InvalidPeriod { limit, nanos })
            }
            period => Ok((at, period.map(millis))),
        }
    }
}

/// An event of the schedule, as it is stored.
///
/// ```
/// use dormouse::{ScheduledAlarm, Timestamp};
/// let event = ScheduledAlarm::once("remind", Timestamp::from_millis(5_000), "null");
/// assert!(!event.failed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledAlarm {
    /// Its name, unique in the room.
    pub name: String,
    /// When it comes next: the time it is due, or after a failed try the time of the next.
    pub at: Timestamp,
    /// The time it was due, from which a period counts.
    pub due: Timestamp,
    /// Its period in milliseconds.
    pub period: Option<u64>,
    /// How many tries of its handler have failed since it was due.
    pub failures: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Whether it was set aside after its last try: kept to be seen, no longer tried.
    pub failed: bool,
    /// What its handler gets, as JSON.
    pub payload: String,
}

impl ScheduledAlarm {
    /// An event that comes once.
    ///
    /// ```
    /// use dormouse::{ScheduledAlarm, Timestamp};
    /// let at = Timestamp::from_millis(5_000);
    /// assert_eq!(ScheduledAlarm::once("remind", at, "null").due, at);
    /// ```
    pub fn once(name: impl Into<String>, at: Timestamp, payload: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            at,
            due: at,
            period: None,
            failures: 0,
            error: None,
            failed: false,
            payload: payload.into(),
        }
    }

    /// What is left of the event when its handler has succeeded.
    fn handled(self, now: Timestamp) -> Option<Self> {
        // A row that was written by hand may have a period of 0.
        let period = self.period.filter(|period| *period > 0)?;
        let missed = millis(now - self.due) / period;
        let at = self.due + Duration::from_millis(period.saturating_mul(missed + 1));
        let next = Self { at, due: at, failures: 0, error: None, ..self };
        (at <= Timestamp::MAX).then_some(next)
    }

    /// The event when its handler has failed: later again (2 s, doubling), or set aside.
    fn tried(self, now: Timestamp, error: String) -> Self {
        let failures = self.failures.saturating_add(1);
        let failed = failures >= limits::ALARM_TRIES;
        let at = if failed { self.at } else { now + Duration::from_secs(1 << failures) };
        Self { at, failures, error: Some(error), failed, ..self }
    }

    fn position(&self) -> (Timestamp, &str) {
        (self.at, &self.name)
    }
}

/// What the handler of an event is told when an earlier try has failed.
///
/// ```
/// let retry = dormouse::Retry { attempt: 2, reason: "no peer".into() };
/// assert_eq!(retry.attempt, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Which try this is: 2 at the first retry.
    pub attempt: u32,
    /// Why the try before failed.
    pub reason: String,
}

/// The engine's own event that looks for sockets whose peer is gone. A room's names have no control
/// character in front.
pub(crate) const SWEEP: &str = "\u{1}sweep";

/// The engine's own event that tries letters again.
pub(crate) const POST: &str = "\u{1}post";

/// The engine's own event that looks after connections that wait for a socket.
pub(crate) const LEAVE: &str = "\u{1}leave";

/// Checks an event's name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let (limit, size) = (limits::ALARM_NAME_BYTES, name.len());
    if size == 0 || size > limit || name.starts_with(char::is_control) {
        return Err(Error::InvalidAlarmName { limit, size });
    }
    Ok(())
}

/// What the commit does to the alarm.
///
/// ```
/// use dormouse::{Alarm, Timestamp};
/// assert_ne!(Alarm::Set(Timestamp::from_millis(1)), Alarm::Delete);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// It stands at this time.
    Set(Timestamp),
    /// There is none.
    Delete,
}

/// What is known of where the alarm stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stands {
    /// Nothing, as after waking.
    #[default]
    Unknown,
    At(Timestamp),
    Nowhere,
}

impl From<Option<Timestamp>> for Stands {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Nowhere, Self::At)
    }
}

/// The schedule between two commits: the batch's changes over the stored events.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    changes: SortedMap<String, Option<ScheduledAlarm>>,
    purged: bool,
    stands: Stands,
    /// Whether the alarm must be held against the events at the commit.
    unsure: bool,
}

impl Schedule {
    /// An event by name, pending or failed.
    pub(crate) fn get(&self, host: &dyn Host, name: &str) -> Option<ScheduledAlarm> {
        match self.changes.get(name) {
            Some(change) => change.clone(),
            None if self.purged => None,
            None => host.stored_alarm(name),
        }
    }

    /// Adds an event or replaces the one of its name, time, period, payload and failures.
    pub(crate) fn put(&mut self, event: ScheduledAlarm) {
        self.changes.insert(event.name.clone(), Some(event));
    }

    /// Removes an event; one that is not there is no error.
    pub(crate) fn cancel(&mut self, host: &dyn Host, name: &str) {
        if self.get(host, name).is_some() {
            self.changes.insert(name.to_owned(), None);
        }
    }

    pub(crate) fn purge(&mut self) {
        self.changes.clear();
        self.purged = true;
    }

    /// An event whose turn it is: there, pending and due.
    pub(crate) fn due_event(&self, host: &dyn Host, name: &str) -> Option<ScheduledAlarm> {
        self.get(host, name).filter(|event| !event.failed && event.at <= host.now())
    }

    /// The handler of an event succeeded.
    pub(crate) fn succeeded(&mut self, now: Timestamp, event: ScheduledAlarm) {
        self.changes.insert(event.name.clone(), event.handled(now));
    }

    /// The handler of an event failed.
    pub(crate) fn failed(&mut self, now: Timestamp, event: ScheduledAlarm, error: &Error) {
        self.put(event.tried(now, error.to_string()));
    }

    /// The names of the events that are due, in order of time, then name.
    pub(crate) fn due(&self, host: &dyn Host) -> Vec<String> {
        self.pending(host, limits::ALARMS_A_COMMIT, &|event| event.at <= host.now())
            .into_iter()
            .map(|event| event.name)
            .collect()
    }

    /// The event that comes first.
    pub(crate) fn next(&self, host: &dyn Host) -> Option<ScheduledAlarm> {
        self.pending(host, 1, &|_| true).pop()
    }

    /// The event of the room that comes first: not one of the engine's own.
    pub(crate) fn next_of_room(&self, host: &dyn Host) -> Option<ScheduledAlarm> {
        let of_room = |event: &ScheduledAlarm| !event.name.starts_with(char::is_control);
        self.pending(host, 3, &|_| true).into_iter().find(of_room)
    }

    /// The failed events, in order of name.
    pub(crate) fn failed_alarms(&self, host: &dyn Host) -> Vec<ScheduledAlarm> {
        let mut failed = if self.purged { Vec::new() } else { host.failed_alarms() };
        failed.retain(|event| !self.changes.contains_key(&event.name));
        for event in self.changes.values().flatten().filter(|event| event.failed) {
            let place = failed.partition_point(|other| other.name < event.name);
            failed.insert(place, event.clone());
        }
        failed
    }

    /// The first pending events, changes and stored ones together, as far as `wanted` goes.
    fn pending(
        &self,
        host: &dyn Host,
        limit: usize,
        wanted: &dyn Fn(&ScheduledAlarm) -> bool,
    ) -> Vec<ScheduledAlarm> {
        let mut found = if self.purged { Vec::new() } else { self.stored(host, limit, wanted) };
        let changed = self.changes.values().flatten();
        for event in changed.filter(|event| !event.failed && wanted(event)) {
            // Each in its place: sorting would be two kilobytes of the module, and few are wanted.
            let place = found.partition_point(|other| other.position() < event.position());
            if place < limit {
                found.insert(place, event.clone());
                found.truncate(limit);
            }
        }
        found
    }

    /// The first stored events that this batch has not changed.
    fn stored(
        &self,
        host: &dyn Host,
        limit: usize,
        wanted: &dyn Fn(&ScheduledAlarm) -> bool,
    ) -> Vec<ScheduledAlarm> {
        let mut found = Vec::new();
        let mut after: Option<(Timestamp, String)> = None;
        loop {
            let missing = limit - found.len();
            let position = after.as_ref().map(|(at, name)| (*at, name.as_str()));
            let page = host.alarms(position, missing);
            let full = page.len() == missing;
            after = page.last().map(|event| (event.at, event.name.clone()));
            for event in page {
                if !wanted(&event) {
                    return found;
                }
                if !self.changes.contains_key(&event.name) {
                    found.push(event);
                }
            }
            if !full || found.len() == limit {
                return found;
            }
        }
    }

    /// The alarm has gone off, so it stands nowhere now.
    pub(crate) fn alarm_fired(&mut self) {
        self.stands = Stands::Nowhere;
        self.unsure = true;
    }

    /// What the platform says of the alarm, after waking. Once the engine has set it, it knows
    /// better.
    pub(crate) fn alarm_stands(&mut self, at: Option<Timestamp>) {
        if self.stands == Stands::Unknown {
            self.stands = at.into();
            self.unsure = true;
        }
    }

    /// Ends the batch: what changed of the events, and what that means for the alarm.
    pub(crate) fn take(&mut self, host: &dyn Host) -> ScheduleChange {
        if !self.purged && !self.unsure && self.changes.is_empty() {
            return ScheduleChange::default();
        }
        let next = self.next(host).map(|event| event.at);
        let alarm = (self.stands != next.into()).then(|| next.map_or(Alarm::Delete, Alarm::Set));
        self.stands = next.into();
        self.unsure = false;
        self.purged = false;
        ScheduleChange { events: std::mem::take(&mut self.changes), alarm }
    }
}

/// What a batch did to the schedule.
#[derive(Debug, Default)]
pub(crate) struct ScheduleChange {
    /// By name: the event as it is now, or none if it is gone.
    pub(crate) events: SortedMap<String, Option<ScheduledAlarm>>,
    pub(crate) alarm: Option<Alarm>,
}
