//! A connection as handlers see it.

use std::any::Any;
use std::borrow::Borrow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

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
///     let ada = cx.connection(&"ada".parse().unwrap()).unwrap();
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

#[derive(Clone)]
struct Record {
    socket: SocketId,
    id: ConnectionId,
    tags: Rc<[Tag]>,
    connected: Moment,
    /// When its bucket of the rate limit is full again.
    full_at: Cell<Timestamp>,
    /// The session, if its client speaks the protocol.
    session: Option<Rc<str>>,
    state: Rc<dyn Any>,
}

/// When a connection was made: the time, and for the order among those of one millisecond the
/// number of its socket. Numbers rise while the object is awake, and it sleeps for longer than that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) nth: u32,
}

/// The platform tag of sockets whose client speaks the protocol `dormouse.1`.
pub(crate) const ENVELOPED: &str = "\u{2}";

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
        let state = Rc::from(state);
        Self(Rc::new(Record { socket, id, tags, connected, full_at, session, state }), PhantomData)
    }

    fn with(&self, change: impl FnOnce(&mut Record)) -> Self {
        let mut record = (*self.0).clone();
        change(&mut record);
        Self(Rc::new(record), PhantomData)
    }

    pub(crate) fn with_state(&self, state: Box<dyn Any>) -> Self {
        self.with(|record| record.state = state.into())
    }

    pub(crate) fn with_tags(&self, tags: Vec<Tag>) -> Self {
        self.with(|record| record.tags = tags.into())
    }

    /// The same connection on another socket, or on none.
    pub(crate) fn on(&self, socket: SocketId) -> Self {
        self.with(|record| record.socket = socket)
    }

    /// The tags by which the platform finds it: those of the room, one for its id, and a mark if its
    /// client speaks the protocol.
    pub(crate) fn platform_tags(&self) -> Vec<String> {
        let id = id_tag(self.0.id.as_str());
        let mark = self.speaks().then(|| ENVELOPED.to_owned());
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
        self.state_of()
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

    /// Whether its client speaks the protocol.
    pub(crate) fn speaks(&self) -> bool {
        self.0.session.is_some()
    }

    /// The session that the room keeps for it; none in a room that keeps none.
    pub(crate) fn session(&self) -> Option<&Rc<str>> {
        self.0.session.as_ref().filter(|session| !session.is_empty())
    }

    /// The session as its socket carries it: empty in a room that keeps none.
    pub(crate) fn any_session(&self) -> Option<&str> {
        self.0.session.as_deref()
    }

    /// Whether it has a socket. One that has not has lost its line, and may come back: what it is told
    /// meanwhile it hears then.
    pub fn is_here(&self) -> bool {
        self.0.socket != SocketId::NONE
    }

    /// Its state as a type that it is known to be of.
    pub(crate) fn state_of<S: 'static>(&self) -> &S {
        self.0.state.downcast_ref().expect("a state of the type that this room's connections have")
    }

    /// What an effect means by it.
    pub(crate) fn target(&self) -> Target {
        Target { socket: self.0.socket, session: self.session().cloned() }
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
        self.target() == other.target()
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

/// A connection as an effect means it: by its socket, and by its session, which may outlive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) socket: SocketId,
    pub(crate) session: Option<Rc<str>>,
}

pub(crate) fn targets<C>(
    connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>,
) -> Vec<Target> {
    connections.into_iter().map(|connection| connection.borrow().target()).collect()
}
