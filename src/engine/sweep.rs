//! Finding the sockets whose peer is gone, if the room asks for it.

use crate::engine::Turn;
use crate::engine::alarms::SWEEP;
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::room::close::{Close, CloseCode};
use crate::room::connection::{Handle, SocketId};
use crate::room::time::Timestamp;

impl Turn<'_> {
    /// Has silent sockets looked for while there are any.
    pub(super) fn plan_sweep(&mut self) {
        let Some(limit) = self.engine.traits.presumed_gone_after else { return };
        if self.world().stored_alarm(SWEEP).is_none() && self.world().count() > 0 {
            self.plan(SWEEP, Some((self.host.now() + limit).min(Timestamp::MAX)));
        }
    }

    /// The names under which the sockets end that gave no sign of life.
    pub(super) fn silent(&self) -> Vec<String> {
        let sockets = self.host.sockets(None).into_iter();
        let silent = sockets.filter(|socket| self.is_silent(*socket).is_some());
        silent.map(|socket| format!("{SWEEP}/{}", socket.0)).collect()
    }

    fn is_silent(&self, socket: SocketId) -> Option<Handle> {
        let limit = self.engine.traits.presumed_gone_after?;
        let now = self.host.now();
        if self.host.last_answer(socket).is_some_and(|at| now - at <= limit) {
            return None;
        }
        // Only the silent ones cost the reading of their attachment.
        let connection = self.engine.connections.get(&self.world(), socket)?;
        (now - connection.connected_at() > limit).then_some(connection)
    }

    /// A socket that gave no sign of life.
    pub(super) fn end_silent(&mut self, socket: &str) {
        let Ok(socket) = socket.parse().map(SocketId) else { return };
        let Some(connection) = self.is_silent(socket) else { return };
        self.engine.connections.end(&mut self.engine.changes, socket);
        let (code, reason) = (CloseCode::AWAY, "no sign of life".to_owned());
        self.engine.batch.outputs.push(Output::Close { socket, code, reason });
        self.lost_or_closed(&connection, &Close::cut());
    }

    /// All were looked at: there is a next time while any is open.
    pub(super) fn swept(&mut self) {
        self.engine.changes.remove_alarm(self.host, SWEEP);
        self.plan_sweep();
    }
}
