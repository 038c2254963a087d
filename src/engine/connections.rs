//! The connections of a room as the engine keeps them: read when they are asked for, kept while the
//! object is awake.

use std::any::Any;
use std::cell::RefCell;
use std::time::Duration;

use crate::engine::attachment::Codec;
use crate::engine::sorted::SortedMap;
use crate::host::host::Host;
use crate::room::connection::SocketId;
use crate::room::connection::{Handle, by_age};
use crate::room::rate::RateLimit;
use crate::room::tag::Tag;
use crate::room::tag::id_tag;
use crate::room::time::Timestamp;

/// What is known of a room's sockets, with the batch's changes over what the host has.
pub(crate) struct Connections {
    pub(crate) codec: Codec,
    known: RefCell<SortedMap<SocketId, Handle>>,
    unreadable: RefCell<SortedMap<SocketId, ()>>,
    opened: SortedMap<SocketId, ()>,
    ended: SortedMap<SocketId, ()>,
    attachments: SortedMap<SocketId, String>,
    /// Those whose bucket of the rate limit has changed.
    spent: SortedMap<SocketId, ()>,
}

impl Connections {
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            codec,
            known: RefCell::default(),
            unreadable: RefCell::default(),
            opened: SortedMap::new(),
            ended: SortedMap::new(),
            attachments: SortedMap::new(),
            spent: SortedMap::new(),
        }
    }

    /// Forgets all that was read, and the batch.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.codec);
    }

    /// How many are open.
    pub(crate) fn count(&self, host: &dyn Host) -> usize {
        (host.count() + self.opened.len()).saturating_sub(self.ended.len())
    }

    /// A connection is there, from now until its end.
    pub(crate) fn open(&mut self, connection: Handle, attachment: String) {
        let socket = connection.socket();
        self.opened.insert(socket, ());
        self.attachments.insert(socket, attachment);
        self.known.get_mut().insert(socket, connection);
    }

    /// A connection that was opened in this batch never was.
    pub(crate) fn unopen(&mut self, socket: SocketId) {
        self.opened.remove(&socket);
        self.attachments.remove(&socket);
        self.known.get_mut().remove(&socket);
    }

    /// A connection is over.
    pub(crate) fn end(&mut self, socket: SocketId) {
        self.known.get_mut().remove(&socket);
        self.attachments.remove(&socket);
        self.ended.insert(socket, ());
    }

    pub(crate) fn is_over(&self, socket: SocketId) -> bool {
        socket == SocketId::NONE || self.ended.contains_key(&socket)
    }

    /// The connection that an attachment tells of, which waits for another socket.
    pub(crate) fn away(&self, attachment: &str) -> Option<Handle> {
        self.codec.connection(SocketId::NONE, attachment)
    }

    /// The connection of a socket, if it is open.
    pub(crate) fn get(&self, host: &dyn Host, socket: SocketId) -> Option<Handle> {
        if let Some(connection) = self.known.borrow().get(&socket) {
            return Some(connection.clone());
        }
        if self.ended.contains_key(&socket) || self.unreadable.borrow().contains_key(&socket) {
            return None;
        }
        let attachment = host.attachment(socket)?;
        let connection = self.codec.connection(socket, &attachment);
        match &connection {
            Some(connection) => {
                self.known.borrow_mut().insert(socket, connection.clone());
            }
            None => {
                self.unreadable.borrow_mut().insert(socket, ());
            }
        }
        connection
    }

    /// All connections.
    pub(crate) fn all<'a>(&'a self, host: &'a dyn Host) -> impl Iterator<Item = Handle> + 'a {
        let sockets = host.sockets(None).into_iter().chain(self.opened.keys().copied());
        sockets.filter_map(move |socket| self.get(host, socket))
    }

    /// Those with a tag.
    pub(crate) fn tagged(&self, host: &dyn Host, tag: &Tag) -> Vec<Handle> {
        let opened = self.opened.keys().filter_map(|&socket| self.get(host, socket));
        host.sockets(Some(tag.as_str()))
            .into_iter()
            .filter_map(|socket| self.get(host, socket))
            .chain(opened.filter(|connection| connection.has_tag(tag)))
            .collect()
    }

    /// Those with an id, the oldest first.
    pub(crate) fn with_id(&self, host: &dyn Host, id: &str) -> Vec<Handle> {
        let opened = self.opened.keys().filter_map(|&socket| self.get(host, socket));
        let mut found: Vec<_> = host
            .sockets(Some(&id_tag(id)))
            .into_iter()
            .filter_map(|socket| self.get(host, socket))
            .chain(opened.filter(|connection| connection.id().as_str() == id))
            .collect();
        by_age(&mut found);
        found
    }

    /// A connection has another state, unless it is over.
    pub(crate) fn set_state(
        &mut self,
        host: &dyn Host,
        socket: SocketId,
        state: Box<dyn Any>,
        text: String,
    ) {
        if let Some(connection) = self.get(host, socket) {
            self.known.get_mut().insert(socket, connection.with_state(state));
            self.attachments.insert(socket, text);
        }
    }

    /// Takes a token from a connection's bucket.
    ///
    /// # Errors
    /// How long to wait, if there is none.
    pub(crate) fn spend(
        &mut self,
        connection: &Handle,
        limit: RateLimit,
        now: Timestamp,
    ) -> Result<(), Duration> {
        connection.set_full_at(limit.take(connection.full_at(), now)?);
        self.spent.insert(connection.socket(), ());
        Ok(())
    }

    /// The changed attachments and the sockets whose attachment made no sense, for the commit.
    pub(crate) fn take(&mut self) -> (SortedMap<SocketId, String>, SortedMap<SocketId, ()>) {
        for (socket, ()) in std::mem::take(&mut self.spent) {
            // Its size was allowed for when the state was set; if that was before the room had a rate
            // limit, the bucket is forgotten in sleep.
            if let Some(connection) = self.known.get_mut().get(&socket)
                && let Ok(text) = self.codec.attachment(connection, None)
            {
                self.attachments.insert(socket, text);
            }
        }
        self.opened.clear();
        self.ended.clear();
        (std::mem::take(&mut self.attachments), std::mem::take(self.unreadable.get_mut()))
    }
}
