//! How a connection ends: however it does, its socket is answered, and `handle_close` runs once.

use crate::engine::Turn;
use crate::engine::handlers::Call;
use crate::host::commit::Output;
use crate::room::close::{Close, CloseCode, check_reason};
use crate::room::connection::{Handle, SocketId};
use crate::room::error::Error;
use crate::room::handler::Handler;

impl Turn<'_> {
    pub(super) fn refuse_size(&mut self, socket: SocketId, size: usize) {
        let connection = self.engine.connections.get(&self.world(), socket);
        if let Some(connection) = connection {
            let error = Error::FrameTooLarge { limit: self.engine.traits.max_frame_bytes, size };
            self.end(connection, CloseCode::TOO_BIG, &error.to_string());
        }
    }

    /// A client ended a connection, or answered the room's close.
    pub(super) fn close(&mut self, socket: SocketId, close: &Close) {
        let connection = self.engine.connections.get(&self.world(), socket);
        // Answered even if the connection is unknown: without an answer its client waits for ever.
        self.engine.batch.outputs.push(Output::Close {
            socket,
            code: close.answer(),
            reason: if can_answer(close) { close.reason.clone() } else { String::new() },
        });
        if let Some(connection) = connection {
            self.engine.connections.end(&mut self.engine.changes, socket);
            self.lost_or_closed(&connection, close);
        }
    }

    /// A socket is gone: its connection waits for another, or has ended.
    pub(super) fn lost_or_closed(&mut self, connection: &Handle, close: &Close) {
        if self.outlives(connection, close) {
            self.lose(connection);
        } else {
            self.call_close(connection, close);
        }
    }

    /// The room ends a connection, here or away. Its `handle_close` is called after the handler that
    /// wanted it.
    pub(super) fn end(&mut self, connection: Handle, code: CloseCode, reason: &str) {
        if self.is_over(&connection) || self.is_closing(&connection) {
            return;
        }
        if connection.is_here() {
            let socket = connection.socket();
            self.engine.connections.end(&mut self.engine.changes, socket);
            let reason = reason.to_owned();
            self.engine.batch.outputs.push(Output::Close { socket, code, reason });
        }
        let close = Close { code: code.get(), reason: reason.to_owned(), was_clean: true };
        self.engine.batch.closing.push_back((connection, close));
    }

    fn is_closing(&self, connection: &Handle) -> bool {
        self.engine.batch.closing.iter().any(|(other, _)| other == connection)
    }

    /// `handle_close` for every connection that the room has ended, and for those that it ends
    /// meanwhile. A queue, so that a room that closes one after the other needs no stack.
    pub(super) fn finish_closing(&mut self) {
        while let Some((connection, close)) = self.engine.batch.closing.pop_front() {
            self.call_close(&connection, &close);
        }
    }

    pub(super) fn call_close(&mut self, connection: &Handle, close: &Close) {
        // A commit that was refused is nobody's fault: the handler is called when its grace is over.
        if self.engine.room.is_put_off() && connection.session().is_some() {
            return self.lose(connection);
        }
        // First, so that handlers no longer find it.
        self.over(connection);
        let result = self.load().and_then(|()| self.apply(connection.into(), Call::Close(close)));
        if let Err(error) = result {
            self.fail(Handler::Close, Some(connection), &error);
        }
        self.tell_went(connection);
    }
}

/// Whether a close's reason can go back with the answer: only with a code that can.
fn can_answer(close: &Close) -> bool {
    close.answer().get() == close.code && check_reason(&close.reason).is_ok()
}
