//! Who is here, as clients of the protocol are told. Those that are away count as here.

use crate::engine::Turn;
use crate::engine::envelope;
use crate::host::commit::{Listeners, Output};
use crate::room::connection::{Handle, SocketId};
use crate::room::frame::Frame;
use crate::room::limits;

impl Turn<'_> {
    fn count(&self) -> usize {
        self.engine.connections.count(&self.world())
    }

    /// The ids of all connections, each once; none if they are too many to tell.
    pub(super) fn present(&self) -> Option<Vec<String>> {
        if self.count() > limits::PRESENT {
            return None;
        }
        // A list, for they are few: a tree would take another kilobyte of the module.
        let mut present = Vec::new();
        for connection in self.engine.connections.all(&self.world()) {
            let id = connection.id().to_string();
            if let Err(place) = present.binary_search(&id) {
                present.insert(place, id);
            }
        }
        Some(present)
    }

    fn connections_of(&self, id: &str) -> usize {
        self.engine.connections.with_id(&self.world(), id).len()
    }

    pub(super) fn tell_came(&mut self, connection: &Handle) {
        if !self.any_speaks() {
            return;
        }
        let (id, except) = (connection.id().as_str(), vec![connection.socket()]);
        match self.count() {
            // It is the one that makes them too many.
            count if count == limits::PRESENT + 1 => self.tell_presence(except, envelope::crowd()),
            count if count > limits::PRESENT => {}
            _ if self.connections_of(id) == 1 => self.tell_presence(except, envelope::came(id)),
            _ => {}
        }
    }

    pub(super) fn tell_went(&mut self, connection: &Handle) {
        let id = connection.id().as_str();
        if self.any_speaks() && self.count() <= limits::PRESENT && self.connections_of(id) == 0 {
            self.tell_presence(Vec::new(), envelope::went(id));
        }
    }

    fn tell_presence(&mut self, except: Vec<SocketId>, frame: Frame) {
        let (tag, to) = (None, Listeners::Enveloped);
        self.engine.batch.outputs.push(Output::Broadcast { tag, except, frame, to });
    }
}
