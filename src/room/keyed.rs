//! Values by key, for a room whose data outgrows one state.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::engine::sorted::SortedMap;
use crate::host::host::Host;
use crate::room::error::excerpt;
use crate::room::error::{Error, Result};
use crate::room::limits;

/// A room's values of one kind, each under a key of its own.
///
/// To change one costs that one alone, however many there are.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::{Context, Effects, Keyed, Never, Result, Room, Text};
///
/// const SCORES: Keyed<u32> = Keyed::new("scores");
///
/// struct Game;
///
/// impl Room for Game {
///     # const NAME: &'static str = "game";
///     # type State = ();
///     # type Connection = ();
///     # type Message = Text;
///     # type Broadcast = Text;
///     # type Alarm = Never;
///     // …
///     fn handle_message(cx: &Context<Self>, Text(player): Text) -> Result<Effects<Self>> {
///         let score = cx.keyed(&SCORES).get(&player)?.unwrap_or(0) + 1;
///         Ok(Effects::new().put(&SCORES, player, &score))
///     }
/// }
///
/// let room = TestRoom::<Game>::new("table");
/// let ada = room.connect("ada");
/// for player in ["bob", "ada", "bob"] {
///     ada.send_text(player);
/// }
/// room.read(|cx| {
///     let scores = cx.keyed(&SCORES);
///     assert_eq!(scores.get("bob"), Ok(Some(2)));
///     assert_eq!(scores.first("", 10), Ok(vec![("ada".into(), 1), ("bob".into(), 2)]));
/// });
/// ```
#[derive(Debug)]
pub struct Keyed<T> {
    name: &'static str,
    values: PhantomData<fn() -> T>,
}

impl<T> Keyed<T> {
    /// The values of a kind; a room may have several kinds. A name has no `/`.
    ///
    /// ```
    /// const SCORES: dormouse::Keyed<u32> = dormouse::Keyed::new("scores");
    /// assert_eq!(SCORES.name(), "scores");
    /// ```
    pub const fn new(name: &'static str) -> Self {
        Self { name, values: PhantomData }
    }

    /// The kind's name.
    ///
    /// ```
    /// # use dormouse::{Keyed, rooms::Chat, testing::TestRoom};
    /// # const SCORES: Keyed<u32> = Keyed::new("scores");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// assert_eq!(SCORES.name(), "scores");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The key as it is stored: kinds share one table.
    pub(crate) fn stored_key(&self, key: &str) -> String {
        format!("{}/{key}", self.name)
    }
}

/// Checks a key.
pub(crate) fn check_key(key: &str) -> Result<()> {
    let (limit, size) = (limits::KEY_BYTES, key.len());
    if size > limit {
        return Err(Error::KeyTooLong { limit, size });
    }
    if key.contains(char::MAX) {
        return Err(Error::InvalidKey { key: excerpt(key) });
    }
    Ok(())
}

/// Keyed values between two commits: the batch's changes over what is stored.
#[derive(Debug, Default)]
pub(crate) struct Values {
    changes: SortedMap<String, Option<String>>,
    purged: bool,
}

impl Values {
    pub(crate) fn get(&self, host: &dyn Host, key: &str) -> Option<String> {
        match self.changes.get(key) {
            Some(change) => change.clone(),
            None if self.purged => None,
            None => host.value(key),
        }
    }

    pub(crate) fn put(&mut self, key: String, value: String) {
        self.changes.insert(key, Some(value));
    }

    pub(crate) fn delete(&mut self, host: &dyn Host, key: String) {
        if self.get(host, &key).is_some() {
            self.changes.insert(key, None);
        }
    }

    pub(crate) fn purge(&mut self) {
        self.changes.clear();
        self.purged = true;
    }

    /// Values whose keys begin with a prefix: the first in the order of keys, or the last, backwards.
    pub(crate) fn list(
        &self,
        host: &dyn Host,
        prefix: &str,
        limit: usize,
        order: Order,
    ) -> Vec<(String, String)> {
        let changed = self
            .changes
            .from(prefix)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        let mut changed: Vec<_> = changed.collect();
        let mut stored = Vec::new();
        if !self.purged {
            self.stored(host, prefix, limit, order, &mut stored);
        }
        // What comes first is taken from the ends.
        stored.reverse();
        if order == Order::Forwards {
            changed.reverse();
        }
        let mut found = Vec::new();
        while found.len() < limit {
            let takes_changed = match (changed.last(), stored.last()) {
                (Some((changed, _)), Some((stored, _))) => {
                    (changed < stored) == (order == Order::Forwards)
                }
                (changed, _) => changed.is_some(),
            };
            let from = if takes_changed { &mut changed } else { &mut stored };
            let Some(first) = from.pop() else { break };
            found.push(first);
        }
        found
    }

    /// Adds the first stored values that this batch has not changed.
    fn stored(
        &self,
        host: &dyn Host,
        prefix: &str,
        limit: usize,
        order: Order,
        found: &mut Vec<(String, String)>,
    ) {
        let mut missing = limit;
        let mut after: Option<String> = None;
        while missing > 0 {
            let page = host.values(prefix, after.as_deref(), missing, order);
            let full = page.len() == missing;
            after = page.last().map(|(key, _)| key.clone());
            for (key, value) in page {
                if !self.changes.contains_key(&key) {
                    found.push((key, value));
                    missing -= 1;
                }
            }
            if !full {
                return;
            }
        }
    }

    /// Ends the batch: by key, the value as it is now, or none if it is gone.
    pub(crate) fn take(&mut self) -> SortedMap<String, Option<String>> {
        self.purged = false;
        std::mem::take(&mut self.changes)
    }
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

/// Keyed values as a handler reads them, with what the batch has changed so far.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::TestRoom;
/// use dormouse::Keyed;
///
/// const SCORES: Keyed<u32> = Keyed::new("scores");
/// TestRoom::<Chat>::new("lounge").read(|cx| {
///     assert_eq!(cx.keyed(&SCORES).get("ada"), Ok(None));
///     assert_eq!(cx.keyed(&SCORES).last("", 10), Ok(vec![]));
/// });
/// ```
pub struct KeyedReader<'a, T> {
    pub(crate) host: &'a dyn Host,
    pub(crate) values: &'a Values,
    pub(crate) kind: &'a Keyed<T>,
}

impl<T: DeserializeOwned> KeyedReader<'_, T> {
    /// The value of a key.
    ///
    /// # Errors
    /// [`Error::ValueUnreadable`] if it does not decode as `T`.
    ///
    /// ```
    /// # use dormouse::{Keyed, rooms::Chat, testing::TestRoom};
    /// # const SCORES: Keyed<u32> = Keyed::new("scores");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.keyed(&SCORES).get("ada"), Ok(None)));
    /// ```
    pub fn get(&self, key: &str) -> Result<Option<T>> {
        let value = self.values.get(self.host, &self.kind.stored_key(key));
        value.as_deref().map(decode).transpose()
    }

    /// The first `limit` values whose keys begin with a prefix, by key.
    ///
    /// # Errors
    /// [`Error::ValueUnreadable`] if one does not decode as `T`.
    ///
    /// ```
    /// # use dormouse::{Keyed, rooms::Chat, testing::TestRoom};
    /// # const SCORES: Keyed<u32> = Keyed::new("scores");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.keyed(&SCORES).first("a", 10), Ok(vec![])));
    /// ```
    pub fn first(&self, prefix: &str, limit: usize) -> Result<Vec<(String, T)>> {
        self.list(prefix, limit, Order::Forwards)
    }

    /// The last `limit` values whose keys begin with a prefix, the last first.
    ///
    /// # Errors
    /// [`Error::ValueUnreadable`] if one does not decode as `T`.
    ///
    /// ```
    /// # use dormouse::{Keyed, rooms::Chat, testing::TestRoom};
    /// # const SCORES: Keyed<u32> = Keyed::new("scores");
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// room.read(|cx| assert_eq!(cx.keyed(&SCORES).last("a", 10), Ok(vec![])));
    /// ```
    pub fn last(&self, prefix: &str, limit: usize) -> Result<Vec<(String, T)>> {
        self.list(prefix, limit, Order::Backwards)
    }

    fn list(&self, prefix: &str, limit: usize, order: Order) -> Result<Vec<(String, T)>> {
        let kind = self.kind.stored_key("");
        let stored = self.values.list(self.host, &self.kind.stored_key(prefix), limit, order);
        stored
            .into_iter()
            .map(|(key, value)| Ok((key[kind.len()..].to_owned(), decode(&value)?)))
            .collect()
    }
}

fn decode<T: DeserializeOwned>(value: &str) -> Result<T> {
    serde_json::from_str(value)
        .map_err(|error| Error::ValueUnreadable { reason: error.to_string() })
}
