//! Connections that wait for another socket, and sessions that are over.

use super::Engine;
use super::resuming::Arrival;
use crate::engine::session::{Session, Sessions, Whereabouts};
use crate::host::host::Host;
use crate::host::input::Fault;
use crate::room::close::Close;
use crate::room::connection::Handle;
use crate::room::limits;
use crate::room::resume::Resume;
use crate::room::schedule::LEAVE;
use crate::room::schedule::ScheduledAlarm;

impl Engine {
    /// Whether a close is a line that was lost, and the connection is to wait for another socket.
    pub(super) fn outlives(&self, connection: &Handle, close: &Close) -> bool {
        // Who leaves on purpose says 1000, or a code of its own.
        let is_lost = close.code != 1000 && close.code < 3000;
        self.traits.resume.is_some() && connection.session().is_some() && is_lost
    }

    fn record_of(&mut self, host: &dyn Host, session: &str, connection: &Handle) -> Session {
        let known = self.sessions.get(host, &self.values, session);
        let mut record = known.map(|(_, record)| record.clone()).unwrap_or_default();
        record.id = connection.id().to_string();
        record
    }

    /// The line is lost: from now on the connection waits.
    pub(super) fn lose(&mut self, host: &dyn Host, connection: &Handle) {
        let (Some(session), Some(Resume { grace, .. })) =
            (connection.session(), self.traits.resume)
        else {
            return;
        };
        let mut record = self.record_of(host, session, connection);
        if let Ok(attachment) = self.connections.codec.attachment(connection, None) {
            record.attachment = attachment;
        }
        let until = host.now() + grace;
        let values = &mut self.values;
        self.sessions.put(host, values, session, Whereabouts::Away, record, Some(until));
        self.plan_leaving(host);
    }

    /// After its `handle_close`: a session is over, and remembered for a while.
    pub(super) fn over(&mut self, host: &dyn Host, connection: &Handle) {
        let (Some(session), Some(Resume { remember, .. })) =
            (connection.session(), self.traits.resume)
        else {
            return;
        };
        let mut record = self.record_of(host, session, connection);
        record.attachment.clear();
        let until = host.now() + remember;
        let values = &mut self.values;
        self.sessions.put(host, values, session, Whereabouts::Over, record, Some(until));
        // One in 256: to count them each time would cost more than they do.
        if session.ends_with("00") {
            self.forget_some(host);
        }
        self.plan_leaving(host);
    }

    /// Whoever comes and goes all the time makes nothing grow without bound.
    fn forget_some(&mut self, host: &dyn Host) {
        let due = Sessions::first_due(host, &self.values, 2 * limits::SESSIONS);
        for (_, session) in due.iter().take(due.len().saturating_sub(limits::SESSIONS)) {
            let known = self.sessions.get(host, &self.values, session);
            if known.is_some_and(|(whereabouts, _)| *whereabouts == Whereabouts::Over) {
                self.sessions.remove(host, &mut self.values, session);
            }
        }
    }

    /// The event that looks after sessions stands at the first that is due.
    fn plan_leaving(&mut self, host: &dyn Host) {
        match Sessions::first_due(host, &self.values, 1).first() {
            Some((at, _)) => self.schedule.put(ScheduledAlarm::once(LEAVE, *at, "null")),
            None => self.schedule.cancel(host, LEAVE),
        }
    }

    /// Those who did not come back in time have left; those who left long ago are forgotten.
    pub(super) fn leave(&mut self, host: &dyn Host, fault: &Fault) {
        let now = host.now();
        for (at, session) in Sessions::first_due(host, &self.values, limits::ALARMS_A_COMMIT) {
            if at > now {
                break;
            }
            let known = self.sessions.get(host, &self.values, &session).cloned();
            let away = known.filter(|(whereabouts, _)| *whereabouts == Whereabouts::Away);
            let left = away
                .and_then(|(_, record)| Some((self.connections.away(&record.attachment)?, record)));
            let Some((connection, record)) = left else {
                self.sessions.remove(host, &mut self.values, &session);
                continue;
            };
            // It is away no more, and what it has sent is still known.
            let values = &mut self.values;
            self.sessions.put(host, values, &session, Whereabouts::Over, record, None);
            self.call_close(host, &connection, &Close::cut(), fault);
        }
        self.plan_leaving(host);
    }

    /// After waking: a machine that failed has lost all sockets, and tells of no close.
    pub(super) fn find_lost(&mut self, host: &dyn Host) {
        if self.traits.resume.is_none() || host.count() > 0 {
            return;
        }
        for (_, record) in Sessions::all(host, &self.values, Whereabouts::Here, usize::MAX) {
            if let Some(connection) = self.connections.away(&record.attachment) {
                self.lose(host, &connection);
            }
        }
    }

    /// The sessions of connections that have not left, which outlive a purge as sockets do: of the open
    /// ones, and of those that may come back.
    #[allow(clippy::type_complexity, reason = "two lists, taken apart where they are needed")]
    pub(super) fn staying(
        &mut self,
        host: &dyn Host,
    ) -> (Vec<(Handle, Session)>, Vec<(String, Session)>) {
        if self.traits.resume.is_none() || !self.sessions.any(host, &self.values) {
            return (Vec::new(), Vec::new());
        }
        let all: Vec<_> = self.connections.all(host).collect();
        let open = all.into_iter().filter_map(|connection| {
            let session = connection.session()?;
            let (_, record) = self.sessions.get(host, &self.values, session)?;
            Some((connection.clone(), record.clone()))
        });
        let open = open.collect();
        (open, Sessions::all(host, &self.values, Whereabouts::Away, usize::MAX))
    }

    /// After a purge: the log is another, and numbers begin anew.
    pub(super) fn keep_sessions(
        &mut self,
        host: &dyn Host,
        open: Vec<(Handle, Session)>,
        away: Vec<(String, Session)>,
    ) {
        if self.traits.resume.is_none() {
            return;
        }
        self.sessions.purge();
        for (session, record) in away {
            let (values, until) = (&mut self.values, record.due());
            self.sessions.put(host, values, &session, Whereabouts::Away, record, until);
        }
        for (connection, record) in open {
            let Some(session) = connection.session().map(ToOwned::to_owned) else { continue };
            let (values, handled) = (&mut self.values, record.handled);
            self.sessions.put(host, values, &session, Whereabouts::Here, record, None);
            let arrival = Arrival { session, from: None, handled };
            self.greet(host, &connection, &arrival, true);
        }
        // With everything else, the schedule is empty.
        self.plan_leaving(host);
    }
}
