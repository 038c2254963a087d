//! A part of a long list, and which part it is.

use serde::{Deserialize, Serialize};

use crate::room::time::Timestamp;

/// Some rows of a list, and whether more follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, at least one unless there is none.
    pub rows: Vec<T>,
    /// Whether more follow.
    pub more: bool,
}

impl<T> Page<T> {
    /// All there is.
    pub const fn all(rows: Vec<T>) -> Self {
        Self { rows, more: false }
    }
}

/// A row of a history.
///
/// ```
/// use dormouse::{Entry, Timestamp};
/// let entry = Entry { seq: 1, at: Timestamp::from_millis(5), row: "hello" };
/// assert_eq!(entry.seq, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<T> {
    /// Its place, from 1.
    pub seq: u64,
    /// When it was appended; never before the row before it.
    pub at: Timestamp,
    /// What was appended.
    pub row: T,
}

/// The ends of a history, as a host stores them.
///
/// ```
/// assert_eq!(dormouse::Ends::default().last, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ends {
    /// The sequence number of the row appended last; 0 if there was none. It outlives its row.
    pub last: u64,
    /// When that was.
    pub last_at: Timestamp,
    /// Rows up to this one have been trimmed.
    pub trimmed: u64,
}

/// Which rows of a history: those with `after < seq < before`, and of them the first or the last
/// `limit`.
///
/// ```
/// use dormouse::{Range, Side};
/// let newest = Range { after: 0, before: u64::MAX, limit: 100, side: Side::Last };
/// assert_eq!(newest.limit, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Rows after this one.
    pub after: u64,
    /// Rows before this one.
    pub before: u64,
    /// How many at most.
    pub limit: usize,
    /// Which, if there are more.
    pub side: Side,
}

/// Which end of a range.
///
/// ```
/// assert_ne!(dormouse::Side::First, dormouse::Side::Last);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The oldest rows.
    First,
    /// The newest rows.
    Last,
}

/// The order in which values are listed.
///
/// ```
/// assert_ne!(dormouse::Order::Forwards, dormouse::Order::Backwards);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the first key to the last, by the bytes of their UTF-8.
    Forwards,
    /// From the last key to the first.
    Backwards,
}
