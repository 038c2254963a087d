//! Values by key, for a room whose data outgrows one state.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::room::error::excerpt;
use crate::room::error::{Error, Result};
use crate::room::limits;
use crate::room::page::Order;
use crate::room::view::View;

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
///     # type Upgrade = ();
///     # type Message = Text;
///     # type Broadcast = Text;
///     # type Alarm = Never;
///     # type Reply = Never;
///     // …
///     fn handle_message(cx: &Context<Self>, Text(player): Text) -> Result<Effects<Self>> {
///         let score = cx.keyed(&SCORES).get(&player)?.unwrap_or(0) + 1;
///         Ok(cx.effects().put(&SCORES, player, &score))
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
    /// The values of a kind: a name of 1 to 64 of the letters A to Z and a to z, digits, `-`, `.` and
    /// `_`. Two kinds never share a row.
    ///
    /// # Panics
    /// With another name; as a constant it does not compile.
    ///
    /// ```compile_fail
    /// const SCORES: dormouse::Keyed<u32> = dormouse::Keyed::new("scores/today");
    /// SCORES.name();
    /// ```
    pub const fn new(name: &'static str) -> Self {
        crate::room::name::check(name);
        Self { name, values: PhantomData }
    }

    /// The kind's name.
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
    pub(crate) view: &'a dyn View,
    pub(crate) kind: &'a Keyed<T>,
}

impl<T: DeserializeOwned> KeyedReader<'_, T> {
    /// The value of a key.
    ///
    /// # Errors
    /// [`Error::ValueUnreadable`] if it does not decode as `T`.
    pub fn get(&self, key: &str) -> Result<Option<T>> {
        let value = self.view.value(&self.kind.stored_key(key));
        value.as_deref().map(decode).transpose()
    }

    /// The first `limit` values whose keys begin with a prefix, by key.
    ///
    /// # Errors
    /// [`Error::ValueUnreadable`] if one does not decode as `T`.
    pub fn first(&self, prefix: &str, limit: usize) -> Result<Vec<(String, T)>> {
        self.list(prefix, limit, Order::Forwards)
    }

    /// The last `limit` values whose keys begin with a prefix, the last first.
    ///
    /// # Errors
    /// [`Error::ValueUnreadable`] if one does not decode as `T`.
    pub fn last(&self, prefix: &str, limit: usize) -> Result<Vec<(String, T)>> {
        self.list(prefix, limit, Order::Backwards)
    }

    /// Page after page, up to the limit, or to more than a handler may read at once.
    fn list(&self, prefix: &str, limit: usize, order: Order) -> Result<Vec<(String, T)>> {
        let (kind, prefix) = (self.kind.stored_key(""), self.kind.stored_key(prefix));
        let (mut found, mut size) = (Vec::new(), 0);
        let mut after: Option<String> = None;
        loop {
            let page = self.view.values(&prefix, after.as_deref(), limit - found.len(), order);
            after = page.rows.last().map(|(key, _)| key.clone());
            for (key, value) in page.rows {
                size += value.len();
                found.push((key[kind.len()..].to_owned(), decode(&value)?));
            }
            let limit_bytes = limits::READ_BYTES;
            if size > limit_bytes {
                return Err(Error::TooMuchRead { limit: limit_bytes, size });
            }
            if !page.more || found.len() >= limit || after.is_none() {
                return Ok(found);
            }
        }
    }
}

fn decode<T: DeserializeOwned>(value: &str) -> Result<T> {
    serde_json::from_str(value)
        .map_err(|error| Error::ValueUnreadable { reason: error.to_string() })
}
