//! Append-only histories: rows in the order and at the time of the server.

use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::engine::sorted::SortedMap;
use crate::host::host::Host;
use crate::room::error::{Error, Result};
use crate::room::time::Timestamp;

/// A history of a room: an append-only log whose rows are `T`.
///
/// Sequence numbers begin at 1 and rise by 1. They, and the times, are the engine's: nothing that a
/// client sends decides them. To append a row, or to read the last hundred, costs the same with a
/// hundred rows as with a million.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::{Context, Effects, History, Never, Result, Room, Text};
///
/// const SAID: History<String> = History::new("said");
///
/// struct Scribe;
///
/// impl Room for Scribe {
///     # const NAME: &'static str = "scribe";
///     # type State = ();
///     # type Connection = ();
///     # type Message = Text;
///     # type Broadcast = Text;
///     # type Alarm = Never;
///     // …
///     fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
///         let seq = cx.history(&SAID).next_seq();
///         Ok(Effects::new().append(&SAID, &text).broadcast(Text(format!("{seq}: {text}"))))
///     }
/// }
///
/// let room = TestRoom::<Scribe>::new("desk");
/// let ada = room.connect("ada");
/// ada.send_text("one");
/// ada.send_text("two");
/// room.hibernate();
/// room.read(|cx| {
///     let last = cx.history(&SAID).last(1).unwrap();
///     assert_eq!((last[0].seq, last[0].row.as_str()), (2, "two"));
/// });
/// ```
#[derive(Debug)]
pub struct History<T> {
    name: &'static str,
    rows: PhantomData<fn() -> T>,
}

impl<T> History<T> {
    /// The history of a name; a room may have several.
    ///
    /// ```
    /// const SAID: dormouse::History<String> = dormouse::History::new("said");
    /// assert_eq!(SAID.name(), "said");
    /// ```
    pub const fn new(name: &'static str) -> Self {
        Self { name, rows: PhantomData }
    }

    /// Its name.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// assert_eq!(SAID.name(), "said");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// Whether a history of this name is the engine's own: those begin with a control character, and what
/// they keep (secrets of sessions, what was said to others) is not for who asks by name.
#[allow(dead_code, reason = "asked at the boundary, which is of one target")]
pub(crate) fn is_engines_own(name: &str) -> bool {
    name.starts_with(char::is_control)
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

/// What is kept when a history is trimmed: the newest rows, the youngest, or both.
///
/// ```
/// use dormouse::Keep;
/// use std::time::Duration;
/// let month = Keep::newest(10_000).younger_than(Duration::from_secs(30 * 86_400));
/// assert_ne!(month, Keep::newest(10_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    newest: Option<u64>,
    younger_than: Option<Duration>,
}

impl Keep {
    /// At most so many rows.
    ///
    /// ```
    /// let keep = dormouse::Keep::newest(100);
    /// ```
    pub const fn newest(rows: u64) -> Self {
        Self { newest: Some(rows), younger_than: None }
    }

    /// And none that is this old or older.
    ///
    /// ```
    /// use std::time::Duration;
    /// let keep = dormouse::Keep::default().younger_than(Duration::from_secs(3600));
    /// ```
    pub const fn younger_than(self, age: Duration) -> Self {
        Self { younger_than: Some(age), ..self }
    }
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

/// What a batch does to one history.
#[derive(Clone, Debug)]
pub(crate) struct HistoryChange {
    pub(crate) ends: Ends,
    pub(crate) appended: Vec<Entry<String>>,
    pub(crate) trimmed: bool,
}

/// Histories between two commits: what the batch has appended and trimmed, over what is stored.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    changes: SortedMap<&'static str, HistoryChange>,
    purged: bool,
}

impl Histories {
    pub(crate) fn ends(&self, host: &dyn Host, name: &str) -> Ends {
        match self.changes.get(name) {
            Some(change) => change.ends,
            None if self.purged => Ends::default(),
            None => host.history_ends(name),
        }
    }

    fn change(&mut self, host: &dyn Host, name: &'static str) -> &mut HistoryChange {
        let ends = self.ends(host, name);
        self.changes.get_or_insert_with(name, || HistoryChange {
            ends,
            appended: Vec::new(),
            trimmed: false,
        })
    }

    pub(crate) fn append(&mut self, host: &dyn Host, name: &'static str, row: String) {
        let now = host.now();
        let change = self.change(host, name);
        change.ends.last += 1;
        // The clock may have been set back; order is what a reader relies on.
        change.ends.last_at = change.ends.last_at.max(now);
        change.appended.push(Entry { seq: change.ends.last, at: change.ends.last_at, row });
    }

    pub(crate) fn trim(&mut self, host: &dyn Host, name: &'static str, keep: Keep) {
        let ends = self.ends(host, name);
        let by_count = keep.newest.map_or(0, |rows| ends.last.saturating_sub(rows));
        let by_age = keep.younger_than.map_or(0, |age| {
            let since = Timestamp::from_millis(
                host.now().as_millis().saturating_sub(crate::room::time::millis(age)) + 1,
            );
            self.first_since(host, name, since).map_or(ends.last, |seq| seq - 1)
        });
        let through = by_count.max(by_age);
        if through > ends.trimmed {
            let change = self.change(host, name);
            change.ends.trimmed = through;
            change.trimmed = true;
            change.appended.retain(|entry| entry.seq > through);
        }
    }

    /// The first row that was appended at a time or later. Times rise with numbers, so if what is
    /// stored begins among rows that this batch has trimmed, it is the first that is left.
    fn first_since(&self, host: &dyn Host, name: &str, at: Timestamp) -> Option<u64> {
        let stored = if self.purged { None } else { host.history_since(name, at) };
        if let Some(seq) = stored {
            return Some(seq.max(self.ends(host, name).trimmed + 1));
        }
        let appended = self.changes.get(name)?.appended.iter();
        appended.filter(|entry| entry.at >= at).map(|entry| entry.seq).next()
    }

    /// Rows with `after < seq < before`, in order: the first of them, or the last.
    pub(crate) fn rows(&self, host: &dyn Host, name: &str, range: Range) -> Vec<Entry<String>> {
        let trimmed = self.ends(host, name).trimmed;
        let range = Range { after: range.after.max(trimmed), ..range };
        let appended = self.changes.get(name).map_or(&[][..], |change| &change.appended);
        let inside = |entry: &&Entry<String>| entry.seq > range.after && entry.seq < range.before;
        let mut rows = if self.purged { Vec::new() } else { host.history(name, range) };
        match range.side {
            Side::First => {
                rows.extend(appended.iter().filter(inside).cloned());
                rows.truncate(range.limit);
            }
            Side::Last => {
                rows.extend(appended.iter().filter(inside).cloned());
                rows.drain(..rows.len().saturating_sub(range.limit));
            }
        }
        rows
    }

    pub(crate) fn purge(&mut self) {
        self.changes.clear();
        self.purged = true;
    }

    /// Ends the batch.
    pub(crate) fn take(&mut self) -> SortedMap<&'static str, HistoryChange> {
        self.purged = false;
        std::mem::take(&mut self.changes)
    }
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

/// A history as a handler reads it, with what the batch has appended so far.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::TestRoom;
/// use dormouse::History;
///
/// const SAID: History<String> = History::new("said");
/// TestRoom::<Chat>::new("lounge").read(|cx| {
///     let said = cx.history(&SAID);
///     assert!(said.is_empty());
///     assert_eq!(said.next_seq(), 1);
///     assert!(said.after(0, 10).unwrap().is_empty());
/// });
/// ```
pub struct HistoryReader<'a, T> {
    pub(crate) host: &'a dyn Host,
    pub(crate) histories: &'a Histories,
    pub(crate) name: &'static str,
    pub(crate) rows: PhantomData<fn() -> T>,
}

impl<T> HistoryReader<'_, T> {
    fn ends(&self) -> Ends {
        self.histories.ends(self.host, self.name)
    }

    /// The sequence number that the next row will have.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.history(&SAID).next_seq(), 1));
    /// ```
    pub fn next_seq(&self) -> u64 {
        self.ends().last + 1
    }

    /// How many rows there are.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.history(&SAID).len(), 0));
    /// ```
    pub fn len(&self) -> u64 {
        self.ends().last.saturating_sub(self.ends().trimmed)
    }

    /// Whether there is none.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert!(cx.history(&SAID).is_empty()));
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: DeserializeOwned> HistoryReader<'_, T> {
    /// The last `limit` rows, the oldest first.
    ///
    /// # Errors
    /// [`Error::RowUnreadable`] if one does not decode as `T`.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.history(&SAID).last(100), Ok(vec![])));
    /// ```
    pub fn last(&self, limit: usize) -> Result<Vec<Entry<T>>> {
        self.before(u64::MAX, limit)
    }

    /// The first `limit` rows after the one of a sequence number, the oldest first.
    ///
    /// # Errors
    /// [`Error::RowUnreadable`] if one does not decode as `T`.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.history(&SAID).after(0, 100), Ok(vec![])));
    /// ```
    pub fn after(&self, seq: u64, limit: usize) -> Result<Vec<Entry<T>>> {
        self.decode(Range { after: seq, before: u64::MAX, limit, side: Side::First })
    }

    /// The last `limit` rows before the one of a sequence number, the oldest first: a page back.
    ///
    /// # Errors
    /// [`Error::RowUnreadable`] if one does not decode as `T`.
    ///
    /// ```
    /// # use dormouse::{History, rooms::Chat, testing::TestRoom};
    /// # const SAID: History<String> = History::new("said");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.history(&SAID).before(50, 100), Ok(vec![])));
    /// ```
    pub fn before(&self, seq: u64, limit: usize) -> Result<Vec<Entry<T>>> {
        self.decode(Range { after: 0, before: seq, limit, side: Side::Last })
    }

    fn decode(&self, range: Range) -> Result<Vec<Entry<T>>> {
        let rows = self.histories.rows(self.host, self.name, range);
        rows.into_iter()
            .map(|Entry { seq, at, row }| {
                let row = serde_json::from_str(&row)
                    .map_err(|error| Error::RowUnreadable { reason: error.to_string() })?;
                Ok(Entry { seq, at, row })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::is_engines_own;

    #[test]
    fn the_log_is_the_engines_own_and_a_rooms_history_is_not() {
        assert!(is_engines_own(crate::engine::session::LOG));
        for name in ["said", "", "log", " \u{1}log", "é\u{1}"] {
            assert!(!is_engines_own(name), "{name:?}");
        }
    }
}
