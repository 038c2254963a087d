//! A connection as handlers see it.

use std::any::Any;
use std::borrow::Borrow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use crate::engine::session::ENVELOPED;
use crate::room::connection_id::ConnectionId;
use crate::room::tag::Tag;
use crate::room::tag::id_tag;
use crate::room::time::Timestamp;

/// A socket while its object is awake: a number that the host gives and takes. It does not survive
/// hibernation; a [`ConnectionId`] does.
///
/// ```
/// assert_eq!(dormouse::SocketId(3).0, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

impl SocketId {
    /// The number that no socket has: of a connection that waits for one.
    pub(crate) const NONE: Self = Self(0);
}

/// One connected client: its id, its tags and its state. A cheap handle on what the connection was
/// when the handler was called; to change the state is an effect.
///
/// Two handles are equal if they mean the same socket, or both the same connection that waits for one.
/// A reference to one is also a list of one, so that it can stand wherever effects take some
/// connections or none.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::rooms::Chat;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// let ada = room.connect("ada");
/// room.read(|cx| {
///     let ada = cx.connection("ada").unwrap();
///     assert_eq!(ada.id().as_str(), "ada");
///     assert_eq!(ada.tags()[0].as_str(), "user:ada");
///     assert_eq!(ada.state().user_id, "ada");
/// });
/// ```
pub struct Connection<C>(Rc<Record>, PhantomData<fn() -> C>);

/// A connection as the engine has it, which knows no room's types: it is compiled once for all rooms.
pub(crate) type Handle = Connection<Untyped>;

/// Stands for the type of a state that is not of interest.
pub(crate) enum Untyped {}

struct Record {
    socket: SocketId,
    id: ConnectionId,
    tags: Rc<[Tag]>,
    connected: Moment,
    /// When its bucket of the rate limit is full again.
    full_at: Cell<Timestamp>,
    /// The session, if its client speaks the protocol.
    session: Option<Rc<str>>,
    state: Box<dyn Any>,
}

/// When a connection was made: the time, and for the order among those of one millisecond the
/// number of its socket. Numbers rise while the object is awake, and it sleeps for longer than that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) nth: u32,
}

impl Handle {
    pub(crate) fn new(
        socket: SocketId,
        id: ConnectionId,
        tags: Rc<[Tag]>,
        connected: Moment,
        session: Option<Rc<str>>,
        state: Box<dyn Any>,
    ) -> Self {
        let full_at = Cell::default();
        let record = Record { socket, id, tags, connected, full_at, session, state };
        Self(Rc::new(record), PhantomData)
    }

    /// The same connection with another state.
    pub(crate) fn with_state(&self, state: Box<dyn Any>) -> Self {
        let Record { socket, id, tags, connected, full_at, session, .. } = &*self.0;
        let changed =
            Self::new(*socket, id.clone(), tags.clone(), *connected, session.clone(), state);
        changed.set_full_at(full_at.get());
        changed
    }

    /// The tags that its socket wears.
    pub(crate) fn platform_tags(&self) -> Vec<String> {
        let id = id_tag(self.0.id.as_str());
        let mark = self.session().map(|_| ENVELOPED.to_owned());
        let tags = self.0.tags.iter().map(|tag| tag.as_str().to_owned());
        [id].into_iter().chain(mark).chain(tags).collect()
    }
}

impl<C> Connection<C> {
    /// The same connection for a room whose connections have states of the type `D`.
    pub(crate) fn cast<D>(self) -> Connection<D> {
        Connection(self.0, PhantomData)
    }

    pub(crate) fn any_state(&self) -> &dyn Any {
        &*self.0.state
    }

    /// Its id, which other connections of the room may share.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let ada = room.connect("ada");
    /// ada.read(|cx| assert_eq!(cx.sender().unwrap().id().as_str(), "ada"));
    /// ```
    pub fn id(&self) -> &ConnectionId {
        &self.0.id
    }

    /// Its tags, sorted.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let ada = room.connect("ada");
    /// ada.read(|cx| assert_eq!(cx.sender().unwrap().tags()[0].as_str(), "user:ada"));
    /// ```
    pub fn tags(&self) -> &[Tag] {
        &self.0.tags
    }

    /// Whether it wears a tag.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let ada = room.connect("ada");
    /// let tag = dormouse::Tag::new("user:ada").unwrap();
    /// ada.read(|cx| assert!(cx.sender().unwrap().has_tag(&tag)));
    /// ```
    pub fn has_tag(&self, tag: &Tag) -> bool {
        self.0.tags.contains(tag)
    }

    /// Its state: the socket's attachment, decoded.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let ada = room.connect("ada");
    /// ada.read(|cx| assert_eq!(cx.sender().unwrap().state().user_id, "ada"));
    /// ```
    #[allow(clippy::missing_panics_doc, reason = "its type is that of the room it was made for")]
    pub fn state(&self) -> &C
    where
        C: 'static,
    {
        self.0.state.downcast_ref().expect("a state of the type that this room's connections have")
    }

    /// When it was made.
    ///
    /// ```
    /// # use dormouse::{rooms::Chat, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let ada = room.connect("ada");
    /// let now = room.now();
    /// ada.read(|cx| assert_eq!(cx.sender().unwrap().connected_at(), now));
    /// ```
    pub fn connected_at(&self) -> Timestamp {
        self.0.connected.at
    }

    pub(crate) fn connected(&self) -> Moment {
        self.0.connected
    }

    /// When its bucket of the rate limit is full again.
    pub(crate) fn full_at(&self) -> Timestamp {
        self.0.full_at.get()
    }

    pub(crate) fn set_full_at(&self, at: Timestamp) {
        self.0.full_at.set(at);
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.0.session.as_deref()
    }

    /// Whether its line is lost, and it waits for another socket.
    pub(crate) fn is_away(&self) -> bool {
        self.0.socket == SocketId::NONE
    }

    pub(crate) fn socket(&self) -> SocketId {
        self.0.socket
    }
}

impl<C> Clone for Connection<C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0), PhantomData)
    }
}

impl<C> PartialEq for Connection<C> {
    fn eq(&self, other: &Self) -> bool {
        self.0.socket == other.0.socket && (!self.is_away() || self.0.session == other.0.session)
    }
}

impl<C> Eq for Connection<C> {}

impl<C> fmt::Debug for Connection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({}, socket {})", self.0.id, self.0.socket.0)
    }
}

#[allow(clippy::into_iter_without_iter, reason = "a list of one needs no other way to walk it")]
impl<'a, C> IntoIterator for &'a Connection<C> {
    type Item = &'a Connection<C>;
    type IntoIter = std::iter::Once<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// Sorts connections, the oldest first.
pub(crate) fn by_age(connections: &mut [Handle]) {
    connections.sort_unstable_by_key(Connection::connected);
}

/// The sockets behind some connections.
pub(crate) fn sockets<C>(
    connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>,
) -> Vec<SocketId> {
    connections.into_iter().map(|connection| connection.borrow().socket()).collect()
}
