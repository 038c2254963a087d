//! How a connection begins.

use serde_json::Value;

use super::{About, Engine, resuming};
use crate::engine::envelope;
use crate::engine::envelope::PROTOCOL;
use crate::engine::handlers::Call;
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::host::input::Fault;
use crate::room::close::CloseCode;
use crate::room::connection::SocketId;
use crate::room::connection::{Handle, Moment};
use crate::room::error::{Error, Result};
use crate::room::limits;
use crate::room::room::{Admission, OnDuplicate, Upgrade};
use crate::room::tag::Tag;

impl Engine {
    pub(super) fn connect(
        &mut self,
        host: &dyn Host,
        socket: SocketId,
        upgrade: &Upgrade,
        fault: &Fault,
    ) -> Result<Value> {
        self.ready(host, fault)?;
        let offer = upgrade.protocol.as_deref().and_then(envelope::offer);
        if offer.is_some() {
            resuming::check(self.traits.resume)?;
        }
        // The id that was made up for it the first time.
        let claim = offer.as_ref().and_then(|offer| offer.claim.as_ref());
        let id = upgrade.id.clone().or_else(|| self.id_of(host, claim?));
        let upgrade = &Upgrade { id, ..upgrade.clone() };
        let Admission { id, tags, state } =
            self.room.admit(&self.view(host, About::default()), upgrade)?;
        let tags = distinct(tags);
        // One more of the platform's marks those who speak the protocol.
        let (limit, count) = (limits::TAGS - usize::from(offer.is_some()), tags.len());
        if count > limit {
            return Err(Error::TooManyTags { limit, count });
        }
        let arrival = offer.map(|offer| self.arrival(host, &offer, id.as_str()));
        let protocol = arrival.as_ref().map_or(Value::Null, |_| PROTOCOL.into());
        if let Some(arrival) = &arrival
            && self.take_over(host, socket, arrival)
        {
            return Ok(protocol);
        }
        let replaced = self.settle_duplicates(host, id.as_str(), upgrade.on_duplicate)?;
        // Whoever replaces takes no further place.
        let limit = limits::CONNECTIONS;
        if !replaced && self.connections.count(host) >= limit {
            return Err(Error::TooManyConnections { limit });
        }

        let moment = Moment { at: host.now(), nth: socket.0 };
        let session = arrival.as_ref().map(|arrival| arrival.session.as_str().into());
        let connection = Handle::new(socket, id, tags.into(), moment, session, state);
        let attachment = self.connections.codec.attachment(&connection, self.traits.rate_limit);
        let joined = attachment.and_then(|text| {
            self.connections.open(connection.clone(), text.clone());
            Ok((text, self.call(host, (&connection).into(), Call::Connect(upgrade))?))
        });
        match joined {
            Ok((attachment, steps)) => {
                let tags = connection.platform_tags();
                self.batch.outputs.push(Output::Accept { socket, tags });
                if let Some(arrival) = &arrival {
                    self.begin(host, &connection, &attachment, arrival);
                    self.greet(host, &connection, arrival, false);
                }
                self.tell_came(host, &connection);
                self.plan_sweep(host);
                self.perform(host, steps);
                Ok(protocol)
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

/// Tags in their order, each once. There are few.
fn distinct(tags: Vec<Tag>) -> Vec<Tag> {
    let mut distinct = Vec::with_capacity(tags.len());
    for tag in tags {
        if let Err(at) = distinct.binary_search(&tag) {
            distinct.insert(at, tag);
        }
    }
    distinct
}
