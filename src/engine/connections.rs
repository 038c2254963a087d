//! The connections of a room: read when they are asked for, kept while the object is awake. Those that
//! are away are stored, and stand beside those that have a socket.

use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

use crate::engine::attachment::Codec;
use crate::engine::overlay::{Changes, each_key, each_value, first_timed, timed_key};
use crate::engine::sorted::SortedMap;
use crate::engine::table::Table;
use crate::host::host::Host;
use crate::room::connection::{Connection, ENVELOPED, Handle, SocketId};
use crate::room::rate::RateLimit;
use crate::room::tag::{Tag, id_tag};
use crate::room::time::Timestamp;

/// Keys of connections that are away: when their grace ends, and their session. Their values are what
/// their sockets would carry.
const AWAY: &str = "\u{1}away/";

/// Keys of tags that sockets were given or lost after they began.
const RETAGGED: &str = "\u{1}retagged/";

pub(crate) struct Connections {
    pub(crate) codec: Codec,
    /// Whether the room keeps sessions: only then can a connection be away.
    keeps: bool,
    known: RefCell<SortedMap<SocketId, Handle>>,
    /// Sockets whose attachment this version cannot read: to be closed.
    unreadable: RefCell<SortedMap<SocketId, ()>>,
    /// Those whose token was taken in this batch.
    spent: RefCell<SortedMap<SocketId, ()>>,
    /// By id, then session, once somebody asked.
    away: OnceCell<Table<Handle>>,
    retagged: OnceCell<Table<()>>,
    enveloped: Cell<Option<bool>>,
}

pub(super) fn away_key(until: Timestamp, session: &str) -> String {
    timed_key(AWAY, until, session)
}

/// The sessions whose grace ends first, with their times.
pub(super) fn first_away(world: &dyn Host, limit: usize) -> Vec<(Timestamp, String)> {
    first_timed(world, AWAY, limit)
}

impl Connections {
    pub(super) fn new(codec: Codec, keeps: bool) -> Self {
        Self {
            codec,
            keeps,
            known: RefCell::default(),
            unreadable: RefCell::default(),
            spent: RefCell::default(),
            away: OnceCell::new(),
            retagged: OnceCell::new(),
            enveloped: Cell::new(None),
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.codec, self.keeps);
    }

    /// What could not be read may be read yet.
    pub(super) fn read_anew(&mut self) {
        self.unreadable.take();
        self.away.take();
    }

    /// The connection of a socket that is open.
    pub(super) fn get(&self, world: &dyn Host, socket: SocketId) -> Option<Handle> {
        if let Some(connection) = self.known.borrow().get(&socket) {
            return Some(connection.clone());
        }
        if self.unreadable.borrow().contains_key(&socket) {
            return None;
        }
        let attachment = world.attachment(socket)?;
        let connection = self.codec.connection(socket, &attachment);
        match &connection {
            Some(connection) => self.known.borrow_mut().insert(socket, connection.clone()),
            None => self.unreadable.borrow_mut().insert(socket, ()),
        }
        connection
    }

    fn away(&self, world: &dyn Host) -> &Table<Handle> {
        self.away.get_or_init(|| {
            let mut away = Table::new();
            if !self.keeps {
                return away;
            }
            each_value(world, AWAY, |_, attachment| {
                if let Some(connection) = self.codec.connection(SocketId::NONE, &attachment) {
                    put_away(&mut away, connection);
                }
            });
            away
        })
    }

    /// Where one stands that is away.
    pub(super) fn stored_away(&self, world: &dyn Host, key: &str) -> Option<Handle> {
        self.codec.connection(SocketId::NONE, &world.value(key)?)
    }

    /// After a purge: nobody is away until it is said again.
    pub(super) fn forget_away(&mut self) {
        self.away = Table::new().into();
    }

    pub(super) fn went_away(&mut self, connection: Handle) {
        if let Some(away) = self.away.get_mut() {
            put_away(away, connection);
        }
    }

    pub(super) fn no_longer_away(&mut self, id: &str, session: &str) {
        if let Some(away) = self.away.get_mut() {
            away.remove(&by_id(id, session));
        }
    }

    /// All connections in the order in which they came.
    pub(super) fn all(&self, world: &dyn Host) -> Vec<Handle> {
        let open = self.open_ones(world, None);
        in_order(
            open.chain(self.away(world).iter().map(|(_, connection)| connection.clone())).collect(),
        )
    }

    fn open_ones<'a>(
        &'a self,
        world: &'a dyn Host,
        platform_tag: Option<&str>,
    ) -> impl Iterator<Item = Handle> + 'a {
        let sockets = world.sockets(platform_tag).into_iter();
        sockets.filter_map(move |socket| self.get(world, socket))
    }

    pub(super) fn count(&self, world: &dyn Host) -> usize {
        world.count() + self.away(world).len()
    }

    pub(super) fn tagged(&self, world: &dyn Host, tag: &Tag) -> Vec<Handle> {
        let platform = (!self.is_retagged(world, tag)).then_some(tag.as_str());
        let open = self.open_ones(world, platform);
        let all = open.chain(self.away(world).iter().map(|(_, connection)| connection.clone()));
        in_order(all.filter(|connection| connection.has_tag(tag)).collect())
    }

    /// All connections of one id, in the order in which they came.
    pub(super) fn with_id(&self, world: &dyn Host, id: &str) -> Vec<Handle> {
        let open = self.open_ones(world, Some(&id_tag(id)));
        let prefix = by_id(id, "");
        let away = self.away(world).with_prefix(&prefix).map(|(_, connection)| connection.clone());
        in_order(open.chain(away).collect())
    }

    /// The connection of a session that has not ended, by its name, its id and what it carried last.
    pub(super) fn of_session(
        &self,
        world: &dyn Host,
        name: &str,
        id: &str,
        attachment: &str,
    ) -> Option<Handle> {
        let is_it = |it: &Handle| it.session().is_some_and(|it| **it == *name);
        let found = self.with_id(world, id).into_iter().find(is_it);
        // The platform forgets the tags of a socket that a frame did not reach, long before it tells of
        // its close. Of one that is gone without a word the session knows what it was.
        let found = found.or_else(|| self.all(world).into_iter().find(is_it));
        found.or_else(|| self.codec.connection(SocketId::NONE, attachment))
    }

    /// Whether anybody speaks the protocol.
    pub(super) fn any_enveloped(&self, world: &dyn Host) -> bool {
        let known = self.enveloped.get();
        let any = known.unwrap_or_else(|| !world.sockets(Some(ENVELOPED)).is_empty());
        self.enveloped.set(Some(any));
        any
    }

    /// Whether sockets were given a tag, or lost it, after they began: then the platform cannot say
    /// who wears it.
    pub(super) fn is_retagged(&self, world: &dyn Host, tag: &Tag) -> bool {
        self.retagged(world).contains_key(tag.as_str())
    }

    fn retagged(&self, world: &dyn Host) -> &Table<()> {
        self.retagged.get_or_init(|| {
            let mut retagged = Table::new();
            each_key(world, RETAGGED, |key| {
                let tag = key.strip_prefix(RETAGGED).unwrap_or_default();
                retagged.insert(tag.to_owned(), ());
            });
            retagged
        })
    }

    /// The platform does not know who wears these from now on.
    pub(super) fn retag(&mut self, changes: &mut Changes, host: &dyn Host, tags: &[Tag]) {
        for tag in tags {
            if !self.is_retagged(&changes.over(host), tag) {
                changes.put_value(format!("{RETAGGED}{tag}"), String::new());
                if let Some(retagged) = self.retagged.get_mut() {
                    retagged.insert(tag.as_str().to_owned(), ());
                }
            }
        }
    }

    /// Nobody has a socket: whoever comes, or comes back, has the tags that the platform knows.
    pub(super) fn forget_retagged(&mut self, changes: &mut Changes, host: &dyn Host) {
        self.retagged(&changes.over(host));
        for (tag, ()) in self.retagged.take().unwrap_or_default().into_entries() {
            changes.drop_value(format!("{RETAGGED}{tag}"));
        }
        self.retagged = Table::new().into();
    }

    /// Stores again what a purge has taken of tags: the sockets stay.
    pub(super) fn keep_retagged(&mut self, changes: &mut Changes) {
        for (tag, ()) in self.retagged.get().iter().flat_map(|it| it.iter()) {
            changes.put_value(format!("{RETAGGED}{tag}"), String::new());
        }
    }

    /// Reads which tags were given or taken, before a purge takes it.
    pub(super) fn read_retagged(&self, world: &dyn Host) {
        self.retagged(world);
    }

    pub(super) fn open(&mut self, changes: &mut Changes, connection: &Handle, attachment: String) {
        changes.open(connection.socket(), connection.platform_tags(), attachment);
        if connection.speaks() {
            self.enveloped.set(Some(true));
        }
        self.known.get_mut().insert(connection.socket(), connection.clone());
    }

    /// It was not accepted after all.
    pub(super) fn unopen(&mut self, changes: &mut Changes, socket: SocketId) {
        changes.unopen(socket);
        self.known.get_mut().remove(&socket);
    }

    pub(super) fn end(&mut self, changes: &mut Changes, socket: SocketId) {
        changes.end(socket);
        self.known.get_mut().remove(&socket);
    }

    /// An open connection has another state or other tags.
    pub(super) fn replace(
        &mut self,
        changes: &mut Changes,
        connection: Handle,
        attachment: String,
    ) {
        let socket = connection.socket();
        changes.attach(socket, attachment);
        self.known.get_mut().insert(socket, connection);
    }

    /// Takes a token, or says how long to wait for one.
    pub(super) fn spend(
        &self,
        connection: &Handle,
        limit: RateLimit,
        now: Timestamp,
    ) -> Result<(), Duration> {
        connection.set_full_at(limit.take(connection.full_at(), now)?);
        self.spent.borrow_mut().insert(connection.socket(), ());
        Ok(())
    }

    /// Has the sockets carry what was spent.
    pub(super) fn store_spent(&mut self, changes: &mut Changes) {
        for (socket, ()) in std::mem::take(self.spent.get_mut()) {
            // Its size was allowed for when the state was set; if that was before the room had a rate
            // limit, the bucket is forgotten in sleep.
            if let Some(connection) = self.known.get_mut().get(&socket)
                && let Ok(text) = self.codec.attachment(connection, None)
            {
                changes.attach(socket, text);
            }
        }
    }

    pub(super) fn take_unreadable(&mut self) -> Vec<SocketId> {
        let unreadable = std::mem::take(self.unreadable.get_mut());
        unreadable.into_iter().map(|(socket, ())| socket).collect()
    }
}

/// An id, behind which no other begins, and a session.
fn by_id(id: &str, session: &str) -> String {
    format!("{id}\u{1}{session}")
}

fn put_away(away: &mut Table<Handle>, connection: Handle) {
    if let Some(session) = connection.session() {
        away.insert(by_id(connection.id().as_str(), session), connection);
    }
}

fn in_order(mut connections: Vec<Handle>) -> Vec<Handle> {
    connections.sort_unstable_by_key(Connection::connected);
    connections
}
