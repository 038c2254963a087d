//! Append-only histories: rows in the order and at the time of the server.

use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::room::error::{Error, Result};
use crate::room::limits;
use crate::room::page::{Ends, Entry, Range, Side};
use crate::room::view::View;

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
///     # type Upgrade = ();
///     # type Message = Text;
///     # type Broadcast = Text;
///     # type Alarm = Never;
///     # type Reply = Never;
///     // …
///     fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
///         let seq = cx.history(&SAID).next_seq();
///         Ok(cx.effects().append(&SAID, &text).broadcast(Text(format!("{seq}: {text}"))))
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
    /// The history of a name: 1 to 64 of the letters A to Z and a to z, digits, `-`, `.` and `_`.
    ///
    /// # Panics
    /// With another name; as a constant it does not compile.
    ///
    /// ```compile_fail
    /// const SAID: dormouse::History<String> = dormouse::History::new("what was said");
    /// SAID.name();
    /// ```
    pub const fn new(name: &'static str) -> Self {
        crate::room::name::check(name);
        Self { name, rows: PhantomData }
    }

    /// Its name.
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
    pub(crate) newest: Option<u64>,
    pub(crate) younger_than: Option<Duration>,
}

impl Keep {
    /// All of them.
    pub const ALL: Self = Self { newest: None, younger_than: None };

    /// Whether less than all is kept.
    pub(crate) const fn is_bounded(self) -> bool {
        self.newest.is_some() || self.younger_than.is_some()
    }

    /// At most so many rows.
    pub const fn newest(rows: u64) -> Self {
        Self { newest: Some(rows), younger_than: None }
    }

    /// And none that is this old or older.
    ///
    /// # Panics
    /// If the age is over [`limits::PERIOD`]; as a constant it does not compile.
    pub const fn younger_than(self, age: Duration) -> Self {
        assert!(
            age.as_secs() <= limits::PERIOD.as_secs(),
            "rows are kept for 100 years at most: leave the age out"
        );
        Self { younger_than: Some(age), ..self }
    }
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
    pub(crate) view: &'a dyn View,
    pub(crate) name: &'static str,
    pub(crate) rows: PhantomData<fn() -> T>,
}

impl<T> HistoryReader<'_, T> {
    fn ends(&self) -> Ends {
        self.view.history_ends(self.name)
    }

    /// The sequence number that the next row will have.
    pub fn next_seq(&self) -> u64 {
        self.ends().last + 1
    }

    /// How many rows there are.
    pub fn len(&self) -> u64 {
        self.ends().last.saturating_sub(self.ends().trimmed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: DeserializeOwned> HistoryReader<'_, T> {
    /// The last `limit` rows, the oldest first.
    ///
    /// # Errors
    /// [`Error::RowUnreadable`] if one does not decode as `T`.
    pub fn last(&self, limit: usize) -> Result<Vec<Entry<T>>> {
        self.before(u64::MAX, limit)
    }

    /// The first `limit` rows after the one of a sequence number, the oldest first.
    ///
    /// # Errors
    /// [`Error::RowUnreadable`] if one does not decode as `T`.
    pub fn after(&self, seq: u64, limit: usize) -> Result<Vec<Entry<T>>> {
        self.decode(Range { after: seq, before: u64::MAX, limit, side: Side::First })
    }

    /// The last `limit` rows before the one of a sequence number, the oldest first: a page back.
    ///
    /// # Errors
    /// [`Error::RowUnreadable`] if one does not decode as `T`.
    pub fn before(&self, seq: u64, limit: usize) -> Result<Vec<Entry<T>>> {
        self.decode(Range { after: 0, before: seq, limit, side: Side::Last })
    }

    /// Page after page, up to the limit, or to more than a handler may read of one history.
    fn decode(&self, mut range: Range) -> Result<Vec<Entry<T>>> {
        let (mut found, mut size) = (Vec::new(), 0);
        loop {
            let page = self.view.history(self.name, range);
            size += page.rows.iter().map(|entry| entry.row.len()).sum::<usize>();
            let limit = limits::READ_BYTES;
            if size > limit {
                return Err(Error::TooMuchRead { limit, size });
            }
            let is_last = !page.more || page.rows.len() >= range.limit;
            range.limit = range.limit.saturating_sub(page.rows.len());
            match range.side {
                Side::First => range.after = page.rows.last().map_or(range.after, |it| it.seq),
                Side::Last => range.before = page.rows.first().map_or(range.before, |it| it.seq),
            }
            let rows = page.rows.into_iter().map(|Entry { seq, at, row }| {
                let row = serde_json::from_str(&row)
                    .map_err(|error| Error::RowUnreadable { reason: error.to_string() })?;
                Ok(Entry { seq, at, row })
            });
            let rows = rows.collect::<Result<Vec<_>>>()?;
            match range.side {
                Side::First => found.extend(rows),
                Side::Last => drop(found.splice(0..0, rows)),
            }
            if is_last {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_engines_own;

    #[test]
    fn the_log_is_the_engines_own_and_a_rooms_history_is_not() {
        assert!(is_engines_own(crate::engine::log::LOG));
        for name in ["said", "", "log", " \u{1}log", "é\u{1}"] {
            assert!(!is_engines_own(name), "{name:?}");
        }
    }
}
