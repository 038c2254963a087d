//! From a list of effects to what the commit will say.

use super::{About, Engine};
use crate::engine::check::Step;
use crate::engine::handlers::{Call, Done};
use crate::host::commit::{Listeners, Output};
use crate::host::host::Host;
use crate::room::audience::Among;
use crate::room::audience::Audience;
use crate::room::error::Result;
use crate::room::frame::Frame;

impl Engine {
    /// Calls a handler, and does what it wants done.
    pub(super) fn apply(
        &mut self,
        host: &dyn Host,
        about: About<'_>,
        call: Call<'_>,
    ) -> Result<()> {
        let steps = self.call(host, about, call)?;
        self.perform(host, steps);
        Ok(())
    }

    /// Calls a handler, checks everything and changes the state: the part that can fail.
    pub(super) fn call(
        &mut self,
        host: &dyn Host,
        about: About<'_>,
        call: Call<'_>,
    ) -> Result<Vec<Step>> {
        let Done { changes, steps } = self.room.call(&self.view(host, about), call)?;
        self.room.change(changes)?;
        Ok(steps)
    }

    /// Does the part that cannot fail. Frames go before closes.
    pub(super) fn perform(&mut self, host: &dyn Host, steps: Vec<Step>) {
        let mut closes = Vec::new();
        for step in steps {
            match step {
                Step::Send { to, frame } => self.send(host, to, frame),
                Step::SetConnection { connection, state, text } => {
                    self.connections.set_state(host, connection.socket(), state, text);
                }
                Step::Close { sockets, code, reason } => closes.push((sockets, code, reason)),
                Step::Schedule(event) => self.schedule.put(event),
                Step::Cancel(name) => self.schedule.cancel(host, &name),
                Step::Append { history, row } => self.histories.append(host, history, row),
                Step::Trim { history, keep } => self.histories.trim(host, history, keep),
                Step::Put { key, value } => self.values.put(key, value),
                Step::Delete(key) => self.values.delete(host, key),
                Step::Post { errand, reply } => self.post(host, errand, reply),
                Step::Purge => {
                    let (open, away) = self.staying(host);
                    self.histories.purge();
                    self.values.purge();
                    self.schedule.purge();
                    self.batch.purged = true;
                    self.keep_sessions(host, open, away);
                    // The sockets stay, and someone has to look after them.
                    if self.connections.count(host) > 0 {
                        self.plan_sweep(host);
                    }
                }
            }
        }
        for (sockets, code, reason) in closes {
            for socket in sockets {
                if let Some(connection) = self.connections.get(host, socket) {
                    self.end(connection, code, &reason);
                }
            }
        }
    }

    pub(super) fn send(&mut self, host: &dyn Host, to: Audience, frame: Frame) {
        let Audience { mut among, away, mut except } = to;
        except.retain(|socket| !self.connections.is_over(*socket));
        if let Among::Only(sockets) = &mut among {
            sockets.retain(|socket| !self.connections.is_over(*socket) && !except.contains(socket));
        }
        if let Some(resume) = self.traits.resume
            && self.sessions.any(host, &self.values)
        {
            return self.send_logged(host, resume, Audience { among, away, except }, frame);
        }
        let tag = match among {
            Among::Everyone => None,
            Among::Tagged(tag) => Some(tag),
            Among::Only(sockets) => {
                if !sockets.is_empty() {
                    self.batch.outputs.push(Output::Send { sockets, frame });
                }
                return;
            }
        };
        let to = Listeners::All;
        self.batch.outputs.push(Output::Broadcast { tag, except, frame, to });
    }
}
