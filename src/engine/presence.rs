//! Who is here, as clients of the protocol are told.

use super::{About, Engine};
use crate::engine::envelope;
use crate::engine::session::Sessions;
use crate::host::commit::{Listeners, Output};
use crate::host::host::Host;
use crate::room::connection::Handle;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::limits;

impl Engine {
    /// The ids of all who are here or may come back, each once and in order, unless there are too many
    /// to tell.
    pub(super) fn present(&self, host: &dyn Host) -> Option<Vec<String>> {
        if self.connections.count(host) > limits::PRESENT {
            return None;
        }
        // A list, for they are few: a tree would take another kilobyte of the module.
        let mut present = Vec::new();
        self.view(host, About::default()).for_each_present(|id| {
            if let Err(place) = present.binary_search(&id) {
                present.insert(place, id);
            }
        });
        Some(present)
    }

    /// How many connections an id has, with one for all that may come back.
    fn connections_of(&self, host: &dyn Host, id: &str) -> usize {
        let away = Sessions::is_away(host, &self.values, id);
        self.connections.with_id(host, id).len() + usize::from(away)
    }

    /// Whether there may be anyone who is told who is here.
    fn is_watched(&mut self, host: &dyn Host) -> bool {
        self.traits.resume.is_some() && self.sessions.any(host, &self.values)
    }

    /// Tells who has come, if nobody of that id was here before.
    pub(super) fn tell_came(&mut self, host: &dyn Host, connection: &Handle) {
        if !self.is_watched(host) {
            return;
        }
        let (id, except) = (connection.id().as_str(), vec![connection.socket()]);
        match self.connections.count(host) {
            // It is the one that makes them too many.
            count if count == limits::PRESENT + 1 => self.tell_presence(except, envelope::crowd()),
            count if count > limits::PRESENT => {}
            _ if self.connections_of(host, id) == 1 => {
                self.tell_presence(except, envelope::came(id));
            }
            _ => {}
        }
    }

    /// Tells who has gone, if nobody of that id is left.
    pub(super) fn tell_went(&mut self, host: &dyn Host, connection: &Handle) {
        let id = connection.id().as_str();
        if self.is_watched(host)
            && self.connections.count(host) <= limits::PRESENT
            && self.connections_of(host, id) == 0
        {
            self.tell_presence(Vec::new(), envelope::went(id));
        }
    }

    fn tell_presence(&mut self, except: Vec<SocketId>, frame: Frame) {
        let (tag, to) = (None, Listeners::Enveloped);
        self.batch.outputs.push(Output::Broadcast { tag, except, frame, to });
    }
}
