//! What a room plans: any number of named alarms over the one that an object has.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::room::error::{Error, Result};
use crate::room::limits;
use crate::room::time::Timestamp;
use crate::room::time::millis;

/// When an alarm comes: at a time or after one, once or with a period.
///
/// A period counts from the time an alarm was due, not from the time it was handled; periods that
/// were slept through make one alarm.
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
    pub const fn at(time: Timestamp) -> Self {
        Self { first: First::At(time), period: None }
    }

    /// After a duration, counted from the handler's [`now`](crate::Context::now).
    pub const fn after(delay: Duration) -> Self {
        Self { first: First::After(delay), period: None }
    }

    /// And then again after every period, until cancelled.
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
            Some(period) if millis(period) == 0 || period > limits::PERIOD => {
                Err(Error::InvalidPeriod { limit: millis(limits::PERIOD), period: millis(period) })
            }
            period => Ok((at, period.map(millis))),
        }
    }
}

/// An alarm of the schedule, as it is stored.
///
/// ```
/// use dormouse::{ScheduledAlarm, Timestamp};
/// let alarm = ScheduledAlarm::once("remind", Timestamp::from_millis(5_000), "null");
/// assert!(!alarm.failed);
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
    #[serde(deserialize_with = "whole")]
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
    /// One that comes once.
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

    /// What is left of it when its handler has succeeded.
    pub(crate) fn handled(self, now: Timestamp) -> Option<Self> {
        // A row that was written by hand may have a period of 0.
        let period = self.period.filter(|period| *period > 0)?;
        let missed = millis(now - self.due) / period;
        let at = self.due + Duration::from_millis(period.saturating_mul(missed + 1));
        let next = Self { at, due: at, failures: 0, error: None, ..self };
        (at <= Timestamp::MAX).then_some(next)
    }

    /// The same when its handler has failed: later again (2 s, doubling), or set aside.
    pub(crate) fn tried(self, now: Timestamp, error: String) -> Self {
        let failures = self.failures.saturating_add(1);
        let failed = failures >= limits::ALARM_TRIES;
        let at = if failed { self.at } else { now + Duration::from_secs(1 << failures) };
        Self { at, failures, error: Some(error), failed, ..self }
    }

    pub(crate) fn position(&self) -> (Timestamp, &str) {
        (self.at, &self.name)
    }
}

/// What the handler of an alarm is told when an earlier try has failed.
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

/// Checks an alarm's name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let (limit, size) = (limits::ALARM_NAME_BYTES, name.len());
    if size == 0 || size > limit || name.starts_with(char::is_control) {
        return Err(Error::InvalidAlarmName { limit, size });
    }
    Ok(())
}

/// A number that JavaScript has held: what is too large for it comes back as a fraction.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<u64>, D::Error> {
    let number = Option::<serde_json::Number>::deserialize(deserializer)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    Ok(number.and_then(|it| it.as_u64().or_else(|| it.as_f64().map(|it| it as u64))))
}
