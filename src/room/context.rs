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

/// Everything a handler may read: the room, who speaks, the state, the connections, the schedule,
/// the time and chance.
///
/// A context only reads. Connections are read from their sockets when they are asked for, so a
/// handler that asks for none of them costs the same in a room of ten and of ten thousand.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// room.connect("ada");
/// room.read(|cx| {
///     assert_eq!((cx.room(), cx.id()), ("chat", "lounge"));
///     assert_eq!(cx.count(), 1);
///     assert_eq!(cx.state().unwrap().message_count, 0);
///     assert!(cx.sender().is_none());
///     assert!(cx.next_alarm().is_none());
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
    ///
    /// ```
    /// use dormouse::{rooms::Chat, testing::TestRoom};
    /// TestRoom::<Chat>::new("lounge").read(|cx| {
    ///     assert!(!cx.effects().update(|state| state.message_count += 1).is_empty());
    /// });
    /// ```
    #[allow(clippy::unused_self, reason = "it says which room's effects they are")]
    pub const fn effects(&self) -> Effects<R> {
        Effects::new()
    }

    /// The room type's name.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.room(), "chat"));
    /// ```
    pub fn room(&self) -> &str {
        self.view.object().room()
    }

    /// Which room of its type this is.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.id(), "lounge"));
    /// ```
    pub fn id(&self) -> &str {
        self.view.object().id()
    }

    /// The connection that this is about: that connects, spoke, or is over. None for API calls and
    /// scheduled events.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// ada.read(|cx| assert_eq!(cx.sender().unwrap().state().user_id, "ada"));
    /// room.read(|cx| assert!(cx.sender().is_none()));
    /// ```
    pub fn sender(&self) -> Option<&Connection<R::Connection>> {
        self.sender.as_ref()
    }

    /// The sender's id.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// ada.read(|cx| assert_eq!(cx.sender_id().unwrap().as_str(), "ada"));
    /// ```
    pub fn sender_id(&self) -> Option<&ConnectionId> {
        self.sender().map(Connection::id)
    }

    /// The room that sent this event, if it came in a letter from one.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// TestRoom::<Chat>::new("lounge").read(|cx| assert!(cx.sibling().is_none()));
    /// ```
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
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.state().unwrap().message_count, 0));
    /// ```
    pub fn state(&self) -> Option<&R::State> {
        self.state
    }

    /// Every open connection, in no particular order. Reads each one's state; a broadcast does not
    /// need it.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| {
    ///     let users = cx.connections().map(|one| one.state().user_id.clone());
    ///     assert_eq!(users.count(), 2);
    /// });
    /// ```
    pub fn connections(&self) -> impl Iterator<Item = Connection<R::Connection>> {
        self.view.connections().into_iter().map(Connection::cast)
    }

    /// The open connections with a tag.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// let tag = dormouse::Tag::new("user:ada").unwrap();
    /// room.read(|cx| assert_eq!(cx.tagged(&tag).len(), 1));
    /// ```
    pub fn tagged(&self, tag: &Tag) -> Vec<Connection<R::Connection>> {
        typed(self.view.tagged(tag))
    }

    /// The open connection with an id; the newest, where several have it.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| {
    ///     assert!(cx.connection("bob").is_some());
    ///     assert!(cx.connection("eve").is_none());
    /// });
    /// ```
    pub fn connection(&self, id: &ConnectionId) -> Option<Connection<R::Connection>> {
        self.view.with_id(id.as_str()).pop().map(Connection::cast)
    }

    /// All open connections with an id, the oldest first.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// let second = room.connect("ada");
    /// room.read(|cx| assert_eq!(cx.connections_with_id("ada").len(), 2));
    /// ```
    pub fn connections_with_id(&self, id: &ConnectionId) -> Vec<Connection<R::Connection>> {
        typed(self.view.with_id(id.as_str()))
    }

    /// The ids of all who are here, each once however many connections it has; of a room with a
    /// [`RESUME`](Room::RESUME) also of those whose line is lost and who may come back in time.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// let second = room.connect("ada");
    /// room.read(|cx| assert_eq!(cx.present().len(), 2));
    /// ```
    pub fn present(&self) -> BTreeSet<ConnectionId> {
        // One by one: to collect them would compile a sort of its own.
        let mut present = BTreeSet::new();
        for connection in self.view.connections() {
            present.insert(connection.id().clone());
        }
        present
    }

    /// How many connections are open. Reads no state.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.count(), 2));
    /// ```
    pub fn count(&self) -> usize {
        self.view.count()
    }

    /// The scheduled event that comes first.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.next_alarm(), None));
    /// ```
    pub fn next_alarm(&self) -> Option<ScheduledAlarm> {
        self.view.next_alarm()
    }

    /// The scheduled event of a name, pending or failed.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.alarm("clean-up"), None));
    /// ```
    pub fn alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        self.view.alarm(name)
    }

    /// The events that were set aside after their last try.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert!(cx.failed_alarms().is_empty()));
    /// ```
    pub fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        self.view.failed_alarms()
    }

    /// A history of the room.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// const SAID: dormouse::History<String> = dormouse::History::new("said");
    /// room.read(|cx| assert_eq!(cx.history(&SAID).len(), 0));
    /// ```
    pub fn history<T>(&self, history: &History<T>) -> HistoryReader<'_, T> {
        HistoryReader { view: self.view, name: history.name(), rows: PhantomData }
    }

    /// The keyed values of a kind.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// const SCORES: dormouse::Keyed<u32> = dormouse::Keyed::new("scores");
    /// room.read(|cx| assert_eq!(cx.keyed(&SCORES).get("ada"), Ok(None)));
    /// ```
    pub fn keyed<'b, T>(&'b self, kind: &'b Keyed<T>) -> KeyedReader<'b, T> {
        KeyedReader { view: self.view, kind }
    }

    /// The time.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// let now = room.now();
    /// room.read(|cx| assert_eq!(cx.now(), now));
    /// ```
    pub fn now(&self) -> Timestamp {
        self.view.now()
    }

    /// 64 random bits, good for secrets in the real runtime; a seed decides them in tests.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_ne!(cx.random(), cx.random()));
    /// ```
    pub fn random(&self) -> u64 {
        self.view.random()
    }

    /// A random UUID (RFC 9562, version 4).
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert_eq!(cx.uuid().len(), 36));
    /// ```
    pub fn uuid(&self) -> String {
        uuid(self.view)
    }

    /// What failed before, if this is not the first try of a scheduled event.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// room.read(|cx| assert!(cx.retry().is_none(), "this is no scheduled event"));
    /// ```
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
