//! What a handler may read.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::room::alarm::{Retry, ScheduledAlarm};
use crate::room::connection::Connection;
use crate::room::connection::Handle;
use crate::room::connection_id::ConnectionId;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::history::{History, HistoryReader};
use crate::room::keyed::{Keyed, KeyedReader};
use crate::room::object_name::ObjectName;
use crate::room::room::Room;
use crate::room::tag::Tag;
use crate::room::time::Timestamp;
use crate::room::view::View;

/// Everything a handler may read: the room, who speaks, the state, the connections, the alarms, what is
/// stored, the time and chance. And where its list of [`effects`](Context::effects) begins.
///
/// A context only reads. Connections are read from their sockets when they are asked for, so a
/// handler that asks for none of them costs the same in a room of ten and of ten thousand.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// let (ada, bob) = (room.connect("ada"), room.connect("bob"));
/// let second = room.connect("ada");
/// ada.read(|cx| {
///     assert_eq!((cx.room(), cx.id()), ("chat", "lounge"));
///     let sender = cx.sender().unwrap();
///     assert_eq!(sender.state().user_id, "ada");
///     assert_eq!(cx.connections_with_id(sender.id()).len(), 2);
///     assert_eq!((cx.count(), cx.present().len()), (3, 2));
///     assert_eq!(cx.state().unwrap().message_count, 0);
///     assert!(cx.alarm("clean-up").is_none());
///     let effects = cx.effects().update(|state| state.message_count += 1);
///     assert!(!effects.is_empty());
/// });
/// ```
pub struct Context<'a, R: Room> {
    pub(crate) view: &'a dyn View,
    pub(crate) state: Option<&'a R::State>,
    sender: Option<Connection<R::Connection>>,
}

fn typed<C>(connections: Vec<Handle>) -> Vec<Connection<C>> {
    connections.into_iter().map(Connection::cast).collect()
}

impl<'a, R: Room> Context<'a, R> {
    pub(crate) fn new(view: &'a dyn View, state: Option<&'a R::State>) -> Self {
        Self { view, state, sender: view.sender().cloned().map(Connection::cast) }
    }

    /// No effects yet: where a handler's list begins.
    #[allow(clippy::unused_self, reason = "it says which room's effects they are")]
    pub const fn effects(&self) -> Effects<R> {
        Effects::new()
    }

    /// The room type's name.
    pub fn room(&self) -> &str {
        self.view.object().room()
    }

    /// Which room of its type this is.
    pub fn id(&self) -> &str {
        self.view.object().id()
    }

    /// The connection that this is about: that connects, spoke, or is over. None for API calls and
    /// alarms.
    pub fn sender(&self) -> Option<&Connection<R::Connection>> {
        self.sender.as_ref()
    }

    /// The sender's id.
    pub fn sender_id(&self) -> Option<&ConnectionId> {
        self.sender().map(Connection::id)
    }

    /// The room that sent this message, if it came in a letter from one.
    pub fn sibling(&self) -> Option<&ObjectName> {
        self.view.sibling()
    }

    /// The Worker's configuration, its variables that are plain data, as a type.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if they do not decode as `T`.
    ///
    /// ```
    /// use dormouse::rooms::Chat;
    /// use dormouse::testing::{MemoryHost, TestRoom};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Config {
    ///     #[serde(rename = "GREETING")]
    ///     greeting: String,
    /// }
    ///
    /// let host = MemoryHost::new().with_config(r#"{"GREETING":"hello"}"#);
    /// TestRoom::<Chat>::on(host, "lounge").read(|cx| {
    ///     assert_eq!(cx.config::<Config>().unwrap().greeting, "hello");
    /// });
    /// ```
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.view.config())
            .map_err(|error| Error::InvalidConfig { reason: error.to_string() })
    }

    /// The room's state; none until it is first saved.
    pub fn state(&self) -> Option<&R::State> {
        self.state
    }

    /// Every connection, those that are away among them, in the order in which they came. Reads each
    /// one's state; a broadcast does not need it.
    pub fn connections(&self) -> impl Iterator<Item = Connection<R::Connection>> {
        self.view.connections().into_iter().map(Connection::cast)
    }

    /// The connections with a tag, the oldest first.
    pub fn tagged(&self, tag: &Tag) -> Vec<Connection<R::Connection>> {
        typed(self.view.tagged(tag))
    }

    /// The connection with an id; the newest, where several have it.
    pub fn connection(&self, id: &ConnectionId) -> Option<Connection<R::Connection>> {
        self.view.with_id(id.as_str()).pop().map(Connection::cast)
    }

    /// All connections with an id, the oldest first.
    pub fn connections_with_id(&self, id: &ConnectionId) -> Vec<Connection<R::Connection>> {
        typed(self.view.with_id(id.as_str()))
    }

    /// The ids of all who are here or away, each once however many connections it has.
    pub fn present(&self) -> BTreeSet<ConnectionId> {
        // One by one: to collect them would compile a sort of its own.
        let mut present = BTreeSet::new();
        for connection in self.view.connections() {
            present.insert(connection.id().clone());
        }
        present
    }

    /// How many connections there are, those that are away among them. Reads no state.
    pub fn count(&self) -> usize {
        self.view.count()
    }

    /// The alarm that comes first.
    pub fn next_alarm(&self) -> Option<ScheduledAlarm> {
        self.view.next_alarm()
    }

    /// The alarm of a name, pending or failed.
    pub fn alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        self.view.alarm(name)
    }

    /// The alarms that were set aside after their last try.
    pub fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        self.view.failed_alarms()
    }

    /// A history of the room.
    pub fn history<T>(&self, history: &History<T>) -> HistoryReader<'_, T> {
        HistoryReader { view: self.view, name: history.name(), rows: PhantomData }
    }

    /// The keyed values of a kind.
    pub fn keyed<'b, T>(&'b self, kind: &'b Keyed<T>) -> KeyedReader<'b, T> {
        KeyedReader { view: self.view, kind }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.view.now()
    }

    /// 64 random bits, good for secrets in the real runtime; a seed decides them in tests.
    pub fn random(&self) -> u64 {
        self.view.random()
    }

    /// A random UUID (RFC 9562, version 4).
    pub fn uuid(&self) -> String {
        uuid(self.view)
    }

    /// What failed before, if this is not the first try of an alarm.
    pub fn retry(&self) -> Option<&Retry> {
        self.view.retry()
    }
}

fn uuid(view: &dyn View) -> String {
    let (high, low) = (view.random(), view.random());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
