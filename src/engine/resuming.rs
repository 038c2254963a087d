//! Connections that outlive their sockets: sessions, the log, and what was sent twice.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Engine;
use crate::audience::Among;
use crate::envelope::{self, Claim, Hello, Offer};
use crate::history::{Entry, Range, Side};
use crate::schedule::LEAVE;
use crate::session::{LOG, Logged, Session, Sessions, Whereabouts, epoch};
use crate::{
    Audience, Close, CloseCode, Connection, Ends, Error, Fault, Frame, Host, Listeners, Output,
    Result, Resume, Room, ScheduledEvent, SocketId, limits,
};

/// How a client that speaks the protocol is taken in.
pub(super) struct Arrival {
    pub(super) session: String,
    /// The number of the last message that it has, if that is one of this log.
    from: Option<u64>,
    handled: u64,
}

impl<R: Room> Engine<R> {
    /// Looks up what a client says of itself; a session of another connection's id is none of its.
    pub(super) fn arrival(&mut self, host: &dyn Host, offer: &Offer<'_>, id: &str) -> Arrival {
        let known = offer.claim.as_ref().and_then(|claim| {
            let (_, session) = self.sessions.get(host, &self.values, claim.session)?;
            (session.id == id).then_some((claim, session.handled))
        });
        let Some((claim, handled)) = known else {
            let session = format!("{:016x}{:016x}", host.random(), host.random());
            return Arrival { session, from: None, handled: 0 };
        };
        let is_same_log = claim.epoch == epoch(host, &mut self.values);
        let from = is_same_log.then_some(claim.offset);
        Arrival { session: claim.session.to_owned(), from, handled }
    }

    /// The id that the connection of a claimed session has.
    pub(super) fn id_of(&mut self, host: &dyn Host, claim: &Claim<'_>) -> Option<String> {
        let (_, session) = self.sessions.get(host, &self.values, claim.session)?;
        Some(session.id.clone())
    }

    /// What a client has missed, if it can be told of all that: the numbers and the frames.
    fn missed(
        &mut self,
        host: &dyn Host,
        connection: &Connection<R::Connection>,
        arrival: &Arrival,
    ) -> Option<Vec<(u64, Frame)>> {
        /// How many rows are read at a time.
        const PAGE: usize = 256;
        let Ends { last, trimmed, .. } = self.histories.ends(host, LOG);
        let mut after = arrival.from.filter(|from| (trimmed..=last).contains(from))?;
        let (mut missed, mut size) = (Vec::new(), 0);
        loop {
            let range = Range { after, before: u64::MAX, limit: PAGE, side: Side::First };
            let rows = self.histories.rows(host, LOG, range);
            after = rows.last().map_or(after, |entry| entry.seq);
            let is_last = rows.len() < PAGE;
            for Entry { seq, row, .. } in rows {
                let Ok(logged) = serde_json::from_str::<Logged>(&row) else { continue };
                if logged.is_for(&arrival.session, connection.tags()) {
                    let frame = logged.into_frame();
                    size += frame.as_bytes().len();
                    missed.push((seq, frame));
                }
            }
            // All or nothing, and nothing that is too much for one commit.
            if size > limits::MISSED_BYTES {
                return None;
            }
            if is_last {
                return Some(missed);
            }
        }
    }

    /// The connection of a session goes on with a new socket; whether there was one.
    pub(super) fn take_over(
        &mut self,
        host: &dyn Host,
        socket: SocketId,
        arrival: &Arrival,
    ) -> bool {
        let known = self.sessions.get(host, &self.values, &arrival.session);
        let Some((whereabouts, record)) = known.cloned() else { return false };
        if whereabouts == Whereabouts::Over {
            return false;
        }
        let old = self.connections.with_id(host, &record.id);
        let old = old.into_iter().find(|old| old.session() == Some(&arrival.session));
        let attachment = match &old {
            Some(old) => old.attachment(old.state(), None).unwrap_or_default(),
            None => record.attachment.clone(),
        };
        let revived = Connection::from_attachment(socket, &attachment, R::migrate_connection);
        let Some(connection) = revived else { return false };
        if let Some(old) = old {
            self.connections.end(old.socket());
            let reason = "taken over by a newer socket".to_owned();
            let (socket, code) = (old.socket(), CloseCode::RESTART);
            self.batch.outputs.push(Output::Close { socket, code, reason });
        }
        let tags = connection.platform_tags();
        self.connections.open(connection.clone(), attachment);
        self.sessions.put(
            host,
            &mut self.values,
            &arrival.session,
            Whereabouts::Here,
            record,
            None,
        );
        self.batch.outputs.push(Output::Accept { socket, tags });
        self.greet(host, &connection, arrival, true);
        self.plan_sweep(host);
        true
    }

    /// A session begins, or begins again, with a connection.
    pub(super) fn begin(
        &mut self,
        host: &dyn Host,
        connection: &Connection<R::Connection>,
        attachment: &str,
        arrival: &Arrival,
    ) {
        let known = self.sessions.get(host, &self.values, &arrival.session).cloned();
        let (_, mut record) = known.unwrap_or((Whereabouts::Over, Session::default()));
        record.id = connection.id().to_string();
        attachment.clone_into(&mut record.attachment);
        let values = &mut self.values;
        self.sessions.put(host, values, &arrival.session, Whereabouts::Here, record, None);
    }

    /// The first frames to a client: where it is, and what it has missed.
    pub(super) fn greet(
        &mut self,
        host: &dyn Host,
        connection: &Connection<R::Connection>,
        arrival: &Arrival,
        same: bool,
    ) {
        let missed = self.missed(host, connection, arrival);
        // Whoever is told nothing of what was begins with what comes next.
        let last = self.histories.ends(host, LOG).last;
        let offset = arrival.from.filter(|_| missed.is_some()).unwrap_or(last);
        let epoch = epoch(host, &mut self.values);
        let ping = R::AUTO_RESPONSE.map(|pair| (pair.request().into(), pair.response().into()));
        let hello = envelope::hello(&Hello {
            session: &arrival.session,
            epoch: &epoch,
            offset,
            resumed: missed.is_some(),
            same,
            here: self.present(host),
            ping,
        });
        self.send_as_is(connection.socket(), hello);
        for (number, frame) in missed.iter().flatten() {
            self.send_as_is(connection.socket(), envelope::message(*number, frame));
        }
        // What it sent was refused, and it may not have heard so.
        let session = self.sessions.get(host, &self.values, &arrival.session);
        let refused = session.map(|(_, session)| session.refused.clone()).unwrap_or_default();
        for (number, error) in &refused {
            self.send_as_is(connection.socket(), envelope::refused(*number, error));
        }
        if arrival.handled > 0 {
            self.send_as_is(connection.socket(), envelope::handled(arrival.handled));
        }
    }

    fn send_as_is(&mut self, socket: SocketId, frame: Frame) {
        self.batch.outputs.push(Output::Send { sockets: vec![socket], frame });
    }

    /// The ids of all who are here or may come back, unless there are too many to tell.
    fn present(&self, host: &dyn Host) -> Option<Vec<String>> {
        let is_crowd = self.connections.count(host) > limits::PRESENT;
        (!is_crowd).then(|| self.context(host, None, None).present().into_iter().collect())
    }

    /// How many connections an id has, with one for all that may come back.
    fn connections_of(&self, host: &dyn Host, id: &str) -> usize {
        let away = Sessions::is_away(host, &self.values, id);
        self.connections.with_id(host, id).len() + usize::from(away)
    }

    /// Whether there may be anyone who is told who is here.
    fn is_watched(&mut self, host: &dyn Host) -> bool {
        R::RESUME.is_some() && self.sessions.any(host, &self.values)
    }

    /// Tells who has come, if nobody of that id was here before.
    pub(super) fn tell_came(&mut self, host: &dyn Host, connection: &Connection<R::Connection>) {
        if !self.is_watched(host) {
            return;
        }
        let (id, except) = (connection.id().as_str(), vec![connection.socket()]);
        match self.connections.count(host) {
            // It is the one that makes them too many.
            count if count == limits::PRESENT + 1 => self.tell_presence(except, envelope::crowd()),
            count if count > limits::PRESENT => {}
            _ if self.connections_of(host, id) == 1 => {
                self.tell_presence(except, envelope::came(id));
            }
            _ => {}
        }
    }

    /// Tells who has gone, if nobody of that id is left.
    pub(super) fn tell_went(&mut self, host: &dyn Host, connection: &Connection<R::Connection>) {
        let id = connection.id().as_str();
        if self.is_watched(host)
            && self.connections.count(host) <= limits::PRESENT
            && self.connections_of(host, id) == 0
        {
            self.tell_presence(Vec::new(), envelope::went(id));
        }
    }

    fn tell_presence(&mut self, except: Vec<SocketId>, frame: Frame) {
        let (tag, to) = (None, Listeners::Enveloped);
        self.batch.outputs.push(Output::Broadcast { tag, except, frame, to });
    }

    /// Whether a close is a line that was lost, and the connection is to wait for another socket.
    pub(super) fn outlives(connection: &Connection<R::Connection>, close: &Close) -> bool {
        // Who leaves on purpose says 1000, or a code of its own.
        let is_lost = close.code != 1000 && close.code < 3000;
        R::RESUME.is_some() && connection.session().is_some() && is_lost
    }

    /// The line is lost: from now on the connection waits.
    pub(super) fn lose(&mut self, host: &dyn Host, connection: &Connection<R::Connection>) {
        let (Some(session), Some(Resume { grace, .. })) = (connection.session(), R::RESUME) else {
            return;
        };
        let known = self.sessions.get(host, &self.values, session);
        let mut record = known.map(|(_, record)| record.clone()).unwrap_or_default();
        record.id = connection.id().to_string();
        if let Ok(attachment) = connection.attachment(connection.state(), None) {
            record.attachment = attachment;
        }
        let until = host.now() + grace;
        let values = &mut self.values;
        self.sessions.put(host, values, session, Whereabouts::Away, record, Some(until));
        self.plan_leaving(host);
    }

    /// After its `handle_close`: a session is over, and remembered for a while.
    pub(super) fn over(&mut self, host: &dyn Host, connection: &Connection<R::Connection>) {
        let (Some(session), Some(Resume { remember, .. })) = (connection.session(), R::RESUME)
        else {
            return;
        };
        let known = self.sessions.get(host, &self.values, session);
        let mut record = known.map(|(_, record)| record.clone()).unwrap_or_default();
        record.id = connection.id().to_string();
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
            Some((at, _)) => self.schedule.put(ScheduledEvent::once(LEAVE, *at, "null")),
            None => self.schedule.cancel(host, LEAVE),
        }
    }

    /// Those who did not come back in time have left; those who left long ago are forgotten.
    pub(super) fn leave(&mut self, host: &dyn Host, fault: &Fault) {
        let now = host.now();
        for (at, session) in Sessions::first_due(host, &self.values, limits::EVENTS_A_COMMIT) {
            if at > now {
                break;
            }
            let known = self.sessions.get(host, &self.values, &session).cloned();
            let away = known.filter(|(whereabouts, _)| *whereabouts == Whereabouts::Away);
            let left = away.and_then(|(_, record)| {
                let migrate = R::migrate_connection;
                let read = Connection::from_attachment(SocketId::NONE, &record.attachment, migrate);
                Some((read?, record))
            });
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
        if R::RESUME.is_none() || host.count() > 0 {
            return;
        }
        for (_, record) in Sessions::all(host, &self.values, Whereabouts::Here, usize::MAX) {
            let migrate = R::migrate_connection;
            let lost = Connection::from_attachment(SocketId::NONE, &record.attachment, migrate);
            if let Some(connection) = lost {
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
    ) -> (Vec<(Connection<R::Connection>, Session)>, Vec<(String, Session)>) {
        if R::RESUME.is_none() || !self.sessions.any(host, &self.values) {
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
        open: Vec<(Connection<R::Connection>, Session)>,
        away: Vec<(String, Session)>,
    ) {
        if R::RESUME.is_none() {
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

    /// A frame of a client that speaks the protocol: handled if it has not been, and settled.
    pub(super) fn numbered(
        &mut self,
        host: &dyn Host,
        sender: &Connection<R::Connection>,
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
            let refused = known.and_then(|(_, record)| record.refused.get(&number).cloned());
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
        attachments: &BTreeMap<SocketId, String>,
    ) {
        if R::RESUME.is_none() {
            return;
        }
        for (socket, attachment) in attachments {
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

    /// Logs a message, and sends it to those who speak the protocol with its number, to others as it is.
    pub(super) fn send_logged(
        &mut self,
        host: &dyn Host,
        resume: Resume,
        to: Audience,
        frame: Frame,
    ) {
        let Audience { among, away, except } = to;
        let sessions = |engine: &Self, sockets: &[SocketId]| -> Vec<String> {
            let of = |socket: &SocketId| engine.connections.get(host, *socket);
            let all = sockets.iter().filter_map(of);
            all.filter_map(|connection| connection.session().map(ToOwned::to_owned)).collect()
        };
        let (tag, only) = match &among {
            Among::Everyone => (None, None),
            Among::Tagged(tag) => (Some(tag.clone()), None),
            Among::Only(sockets) => (None, Some([sessions(self, sockets), away].concat())),
        };
        let excepted = sessions(self, &except);
        let is_unheard = only.as_ref().is_some_and(Vec::is_empty);
        let number = if is_unheard {
            0
        } else {
            let (text, bytes) = match &frame {
                Frame::Text(text) => (Some(text.clone()), None),
                Frame::Binary(bytes) => (None, Some(bytes.clone())),
            };
            let logged = Logged { tag: tag.clone(), only, except: excepted, text, bytes };
            self.log(host, resume, &logged)
        };
        match among {
            Among::Only(sockets) => {
                let speaks = |socket: &SocketId| {
                    let connection = self.connections.get(host, *socket);
                    connection.is_some_and(|connection| connection.session().is_some())
                };
                let (enveloped, plain): (Vec<_>, Vec<_>) = sockets.into_iter().partition(speaks);
                if !enveloped.is_empty() {
                    let frame = envelope::message(number, &frame);
                    self.batch.outputs.push(Output::Send { sockets: enveloped, frame });
                }
                if !plain.is_empty() {
                    self.batch.outputs.push(Output::Send { sockets: plain, frame });
                }
            }
            Among::Everyone | Among::Tagged(_) => {
                let numbered = envelope::message(number, &frame);
                for (frame, to) in [(numbered, Listeners::Enveloped), (frame, Listeners::Plain)] {
                    let (tag, except) = (tag.clone(), except.clone());
                    self.batch.outputs.push(Output::Broadcast { tag, except, frame, to });
                }
            }
        }
    }

    fn log(&mut self, host: &dyn Host, resume: Resume, logged: &Logged) -> u64 {
        /// How many rows are written between two looks at how many there are.
        const PACE: u64 = 64;
        epoch(host, &mut self.values);
        let row = serde_json::to_string(logged).unwrap_or_default();
        self.histories.append(host, LOG, row);
        let last = self.histories.ends(host, LOG).last;
        if last.is_multiple_of(PACE) {
            self.histories.trim(host, LOG, resume.keep);
        }
        last
    }
}

/// What a client may know of an error.
fn describe(error: &Error) -> Value {
    json!({ "code": error.code(), "message": error.public_message() })
}

/// Whether a room takes clients that speak the protocol.
pub(super) fn check<R: Room>() -> Result<()> {
    match R::RESUME {
        Some(_) => Ok(()),
        None => Err(Error::InvalidUpgrade {
            reason: "the protocol dormouse.1 is for rooms with a RESUME".to_owned(),
        }),
    }
}
