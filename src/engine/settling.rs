//! What clients of the protocol send: numbered, handled once, settled in the commit.

use serde_json::{Value, json};

use super::Engine;
use crate::engine::envelope;
use crate::engine::sorted::SortedMap;
use crate::host::host::Host;
use crate::host::input::Fault;
use crate::room::close::CloseCode;
use crate::room::connection::Handle;
use crate::room::connection::{Connection, SocketId};
use crate::room::error::Error;
use crate::room::frame::Frame;

impl Engine {
    /// A frame of a client that speaks the protocol: handled if it has not been, and settled.
    pub(super) fn numbered(
        &mut self,
        host: &dyn Host,
        sender: &Handle,
        session: &str,
        frame: &Frame,
        fault: &Fault,
    ) {
        let Some((number, frame)) = envelope::sent(frame) else {
            return self.end(sender.clone(), CloseCode::PROTOCOL, "no frame of dormouse.1");
        };
        let known = self.sessions.get(host, &self.values, session);
        // What nobody remembers was lost with the room's data.
        let handled = known.map_or(number.saturating_sub(1), |(_, record)| record.handled);
        if number > handled + 1 {
            return self.end(sender.clone(), CloseCode::PROTOCOL, "a number is missing");
        }
        if number <= handled {
            let refused = known.and_then(|(_, record)| record.refusal(number));
            return self.batch.settle(sender.socket(), number, refused);
        }
        let outcome = self.message(host, sender, &frame, fault);
        let refused = outcome.err().map(|error| describe(&error));
        self.batch.settle(sender.socket(), number, refused.clone());
        self.sessions.update(host, &self.values, session, |record| {
            record.id = sender.id().to_string();
            record.settle(number, refused);
        });
    }

    /// What the commit writes of sessions, whose connections may have other states.
    pub(super) fn store_sessions(
        &mut self,
        host: &dyn Host,
        attachments: &SortedMap<SocketId, String>,
    ) {
        if self.traits.resume.is_none() {
            return;
        }
        for (socket, attachment) in attachments.iter() {
            let connection = self.connections.get(host, *socket);
            if let Some(session) = connection.as_ref().and_then(Connection::session) {
                self.sessions.update(host, &self.values, session, |record| {
                    attachment.clone_into(&mut record.attachment);
                });
            }
        }
        self.sessions.store(&mut self.values);
    }

    /// Tells the senders of this batch what has become of what they sent.
    pub(super) fn settle_all(&mut self) {
        for (socket, settled) in std::mem::take(&mut self.batch.settled) {
            if self.connections.is_over(socket) {
                continue;
            }
            for (number, error) in &settled.refused {
                self.send_as_is(socket, envelope::refused(*number, error));
            }
            self.send_as_is(socket, envelope::handled(settled.last));
        }
    }
}

/// What a client may know of an error.
fn describe(error: &Error) -> Value {
    json!({ "code": error.code(), "message": error.public_message() })
}
