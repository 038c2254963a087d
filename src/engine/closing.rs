//! How a connection ends: however it does, its socket is answered, and `handle_close` runs once.

use super::Engine;
use crate::engine::handlers::Call;
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::host::input::Fault;
use crate::room::close::{Close, CloseCode};
use crate::room::connection::Handle;
use crate::room::connection::SocketId;
use crate::room::error::Error;
use crate::room::room::During;

impl Engine {
    pub(super) fn refuse_size(&mut self, host: &dyn Host, socket: SocketId, size: usize) {
        if let Some(connection) = self.connections.get(host, socket) {
            let error = Error::FrameTooLarge { limit: self.traits.max_frame_bytes, size };
            self.end(connection, CloseCode::TOO_BIG, &error.to_string());
        }
    }

    pub(super) fn close(
        &mut self,
        host: &dyn Host,
        socket: SocketId,
        close: &Close,
        fault: &Fault,
    ) {
        let connection = self.connections.get(host, socket);
        // Answered even if the connection is unknown: without an answer its client waits for ever.
        self.batch.outputs.push(Output::Close {
            socket,
            code: close.answer(),
            reason: if check_answer(close) { close.reason.clone() } else { String::new() },
        });
        if let Some(connection) = connection {
            self.connections.end(socket);
            if self.outlives(&connection, close) {
                self.lose(host, &connection);
            } else {
                self.call_close(host, &connection, close, fault);
            }
        }
    }

    /// The room ends a connection.
    pub(super) fn end(&mut self, connection: Handle, code: CloseCode, reason: &str) {
        let socket = connection.socket();
        if self.connections.is_over(socket) {
            return;
        }
        self.connections.end(socket);
        self.batch.outputs.push(Output::Close { socket, code, reason: reason.to_owned() });
        let close = Close { code: code.get(), reason: reason.to_owned(), was_clean: true };
        self.batch.closing.push_back((connection, close));
    }

    /// `handle_close` for every connection that the room has ended, and for those that it ends
    /// meanwhile. A queue, so that a room that closes one after the other needs no stack.
    pub(super) fn finish_closing(&mut self, host: &dyn Host) {
        while let Some((connection, close)) = self.batch.closing.pop_front() {
            self.call_close(host, &connection, &close, &Fault::None);
        }
    }

    pub(super) fn call_close(
        &mut self,
        host: &dyn Host,
        connection: &Handle,
        close: &Close,
        fault: &Fault,
    ) {
        let result = self
            .ready(host, fault)
            .and_then(|()| self.apply(host, connection.into(), Call::Close(close)));
        if let Err(error) = result {
            self.fail(host, During::Close, Some(connection), &error, fault);
        }
        self.over(host, connection);
        self.tell_went(host, connection);
    }
}

/// Whether a close's reason can go back with the answer: only with a code that can.
fn check_answer(close: &Close) -> bool {
    close.answer().get() == close.code && crate::room::close::check_reason(&close.reason).is_ok()
}
