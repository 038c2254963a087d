//! What clients of the protocol send: numbered, handled once, settled in the commit.

use serde_json::{Value, json};

use crate::engine::Turn;
use crate::engine::envelope;
use crate::room::close::CloseCode;
use crate::room::connection::Handle;
use crate::room::error::Error;
use crate::room::frame::Frame;

impl Turn<'_> {
    /// A frame of a client of the protocol: its number says whether it was handled before.
    pub(super) fn numbered(&mut self, sender: &Handle, frame: &Frame) {
        let Some((number, frame)) = envelope::sent(frame) else {
            return self.end(sender.clone(), CloseCode::PROTOCOL, "no frame of dormouse.1");
        };
        let world = self.engine.changes.over(self.host);
        let session = sender.session();
        let known = session.and_then(|session| self.engine.sessions.get(&world, session));
        // What nobody remembers was lost with the room's data, or the room keeps no sessions.
        let handled = known.map_or(number.saturating_sub(1), |known| known.handled);
        if number <= handled {
            let refused = known.and_then(|known| known.refusal(number));
            return self.engine.batch.settle(sender.socket(), number, refused);
        }
        if number - handled > 1 {
            return self.end(sender.clone(), CloseCode::PROTOCOL, "a number is missing");
        }
        let outcome = self.message(sender, &frame);
        let refused = outcome.err().map(|error| describe(&error));
        self.engine.batch.settle(sender.socket(), number, refused.clone());
        if let Some(session) = session {
            let world = self.engine.changes.over(self.host);
            self.engine.sessions.update(&world, session, |known| known.settle(number, refused));
        }
    }

    /// Tells clients which of their sends were handled.
    pub(super) fn settle_all(&mut self) {
        for (socket, settled) in std::mem::take(&mut self.engine.batch.settled) {
            if self.engine.changes.is_over(socket) {
                continue;
            }
            for (number, error) in &settled.refused {
                self.send_as_is(socket, envelope::refused(*number, error));
            }
            self.send_as_is(socket, envelope::handled(settled.last));
        }
    }
}

fn describe(error: &Error) -> Value {
    json!({ "code": error.code(), "message": error.public_message() })
}
