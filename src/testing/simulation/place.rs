//! Where a simulated room runs.

use std::collections::BTreeMap;

use super::step::Fate;
use crate::room::connection::SocketId;
use crate::testing::object::{Object, Ticket};

/// An object, and who waits for it.
pub(super) struct Place {
    pub(super) object: Object,
    /// The clients' lines by the sockets they end at.
    pub(super) sockets: BTreeMap<SocketId, usize>,
    pub(super) waits: BTreeMap<Ticket, Waits>,
}

/// Who waits for an input's answer.
#[derive(Clone, Debug)]
pub(super) enum Waits {
    Client(usize),
    Letter { from: usize, seq: u64, fate: Fate },
}

impl Place {
    pub(super) fn new(object: Object) -> Self {
        Self { object, sockets: BTreeMap::new(), waits: BTreeMap::new() }
    }

    pub(super) fn crash(&mut self) {
        self.object.crash();
        self.sockets.clear();
        self.waits.clear();
    }
}
