//! How a connection begins.

use super::Engine;
use crate::connection::Moment;
use crate::tag::id_tag;
use crate::{
    Admission, CloseCode, Connection, Error, Fault, Host, OnDuplicate, Output, Result, Room,
    SocketId, Upgrade, limits,
};

impl<R: Room> Engine<R> {
    pub(super) fn connect(
        &mut self,
        host: &dyn Host,
        socket: SocketId,
        upgrade: &Upgrade,
        fault: &Fault,
    ) -> Result<()> {
        self.ready(host, fault)?;
        let Admission { id, mut tags, state } = R::admit(&self.context(host, None, None), upgrade)?;
        tags.sort();
        tags.dedup();
        let (limit, count) = (limits::TAGS, tags.len());
        if count > limit {
            return Err(Error::TooManyTags { limit, count });
        }
        let replaced = self.settle_duplicates(host, id.as_str(), upgrade.on_duplicate)?;
        // Whoever replaces takes no further place.
        let limit = limits::CONNECTIONS;
        if !replaced && self.connections.count(host) >= limit {
            return Err(Error::TooManyConnections { limit });
        }

        let mut platform_tags = vec![id_tag(id.as_str())];
        platform_tags.extend(tags.iter().map(|tag| tag.as_str().to_owned()));
        let moment = Moment { at: host.now(), nth: socket.0 };
        let connection = Connection::new(socket, id, tags.into(), moment, state);
        let joined = connection.attachment(connection.state(), R::RATE_LIMIT).and_then(|text| {
            self.connections.open(connection.clone(), text);
            let cx = self.context(host, Some(&connection), None);
            let effects = R::handle_connect(&cx, upgrade)?;
            self.prepare(host, effects)
        });
        match joined {
            Ok(steps) => {
                self.batch.outputs.push(Output::Accept { socket, tags: platform_tags });
                self.plan_sweep(host);
                self.perform(host, steps);
                Ok(())
            }
            Err(error) => {
                // The replaced connection is to stay after all.
                if replaced {
                    self.batch.redo.get_or_insert((self.batch.inputs.len(), error.clone()));
                }
                Err(error)
            }
        }
    }

    /// Does with the open connections of an id what the upgrade asks for; whether any was closed.
    pub(super) fn settle_duplicates(
        &mut self,
        host: &dyn Host,
        id: &str,
        rule: OnDuplicate,
    ) -> Result<bool> {
        if rule == OnDuplicate::Allow {
            return Ok(false);
        }
        let duplicates = self.connections.with_id(host, id);
        if duplicates.is_empty() {
            return Ok(false);
        }
        if rule == OnDuplicate::Reject {
            return Err(Error::DuplicateConnection { id: id.to_owned() });
        }
        for duplicate in duplicates {
            self.end(duplicate, CloseCode::RESTART, "replaced by a newer connection");
        }
        self.finish_closing(host);
        Ok(true)
    }
}
