//! The room as one handler sees it.

use crate::engine::Engine;
use crate::engine::alarms::next_of_room;
use crate::engine::overlay::Overlay;
use crate::host::host::Host;
use crate::room::alarm::{Retry, ScheduledAlarm};
use crate::room::connection::Handle;
use crate::room::error::Result;
use crate::room::object_name::ObjectName;
use crate::room::page::{Ends, Entry, Order, Page, Range};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;
use crate::room::view::View;

/// What an input is about.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(super) sender: Option<&'a Handle>,
    pub(super) sibling: Option<&'a ObjectName>,
    pub(super) retry: Option<&'a Retry>,
}

impl<'a> From<&'a Handle> for About<'a> {
    fn from(sender: &'a Handle) -> Self {
        Self { sender: Some(sender), ..Self::default() }
    }
}

/// What a handler reads from, and what its effects are held against.
pub(crate) struct Sight<'a> {
    pub(super) engine: &'a Engine,
    pub(super) world: Overlay<'a>,
    pub(super) about: About<'a>,
}

impl Sight<'_> {
    /// Refuses a letter to a room that there is not, if that is known.
    pub(super) fn check_sibling(&self, name: &str) -> Result<()> {
        self.engine.siblings.as_ref().map_or(Ok(()), |check| check(name))
    }

    /// How many letters led to this input.
    /// What the socket of a connection is to carry.
    pub(super) fn attachment(&self, connection: &Handle) -> Result<String> {
        let Engine { connections, traits, .. } = self.engine;
        connections.codec.attachment(connection, traits.rate_limit)
    }

    pub(crate) const fn hops(&self) -> u32 {
        self.engine.batch.hops
    }
}

impl View for Sight<'_> {
    fn nth(&self) -> usize {
        self.engine.batch.inputs.len()
    }

    fn object(&self) -> &ObjectName {
        &self.engine.object
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }

    fn random(&self) -> u64 {
        self.world.random()
    }

    fn config(&self) -> String {
        self.world.config()
    }

    fn sender(&self) -> Option<&Handle> {
        self.about.sender
    }

    fn sibling(&self) -> Option<&ObjectName> {
        self.about.sibling
    }

    fn retry(&self) -> Option<&Retry> {
        self.about.retry
    }

    fn connections(&self) -> Vec<Handle> {
        self.engine.connections.all(&self.world)
    }

    fn tagged(&self, tag: &Tag) -> Vec<Handle> {
        self.engine.connections.tagged(&self.world, tag)
    }

    fn with_id(&self, id: &str) -> Vec<Handle> {
        self.engine.connections.with_id(&self.world, id)
    }

    fn count(&self) -> usize {
        self.engine.connections.count(&self.world)
    }

    fn alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        self.world.stored_alarm(name)
    }

    fn next_alarm(&self) -> Option<ScheduledAlarm> {
        next_of_room(&self.world)
    }

    fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        self.world.failed_alarms()
    }

    fn value(&self, key: &str) -> Option<String> {
        self.world.value(key)
    }

    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)> {
        self.world.values(prefix, after, limit, order)
    }

    fn history_ends(&self, name: &str) -> Ends {
        self.world.history_ends(name)
    }

    fn history(&self, name: &str, range: Range) -> Page<Entry<String>> {
        self.world.history(name, range)
    }
}
