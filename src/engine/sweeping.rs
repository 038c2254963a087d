//! Finding the sockets whose peer is gone, if the room asks for it.

use super::Engine;
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::room::close::{Close, CloseCode};
use crate::room::schedule::SWEEP;
use crate::room::schedule::{ScheduledAlarm, When};

impl Engine {
    /// There are connections: someone will have to look after them.
    pub(super) fn plan_sweep(&mut self, host: &dyn Host) {
        let Some(limit) = self.traits.presumed_gone_after else { return };
        if self.schedule.get(host, SWEEP).is_some() {
            return;
        }
        if let Ok((at, period)) = When::after(limit).every(limit).resolve(host.now()) {
            self.schedule.put(ScheduledAlarm { period, ..ScheduledAlarm::once(SWEEP, at, "null") });
        }
    }

    /// Closes every connection that has been silent for too long.
    pub(super) fn sweep(&mut self, host: &dyn Host, event: ScheduledAlarm) {
        let Some(limit) = self.traits.presumed_gone_after else {
            // The room of an older version asked for it.
            return self.schedule.cancel(host, SWEEP);
        };
        let now = host.now();
        for socket in host.sockets(None) {
            let answered = host.last_answer(socket);
            if answered.is_some_and(|at| now - at <= limit) {
                continue;
            }
            // Only the silent ones cost the reading of their attachment.
            let Some(connection) = self.connections.get(host, socket) else { continue };
            if now - connection.connected_at() > limit {
                self.connections.end(socket);
                let (code, reason) = (CloseCode::AWAY, "no sign of life".to_owned());
                self.batch.outputs.push(Output::Close { socket, code, reason });
                if self.outlives(&connection, &Close::cut()) {
                    self.lose(host, &connection);
                } else {
                    self.batch.closing.push_back((connection, Close::cut()));
                }
            }
        }
        if self.connections.count(host) == 0 {
            self.schedule.cancel(host, SWEEP);
        } else {
            self.schedule.succeeded(now, event);
        }
    }
}
