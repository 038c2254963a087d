//! How a client of the protocol comes, and comes back to what it was.

use super::Engine;
use crate::engine::envelope;
use crate::engine::envelope::{Claim, Hello, Offer};
use crate::engine::session::{LOG, Logged, Session, Whereabouts, epoch};
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::room::close::CloseCode;
use crate::room::connection::Handle;
use crate::room::connection::SocketId;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::history::Ends;
use crate::room::history::{Entry, Range, Side};
use crate::room::limits;
use crate::room::resume::Resume;

/// How a client that speaks the protocol is taken in.
pub(super) struct Arrival {
    pub(super) session: String,
    /// The number of the last message that it has, if that is one of this log.
    pub(super) from: Option<u64>,
    pub(super) handled: u64,
}

impl Engine {
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
        connection: &Handle,
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
            Some(old) => self.connections.codec.attachment(old, None).unwrap_or_default(),
            None => record.attachment.clone(),
        };
        let revived = self.connections.codec.connection(socket, &attachment);
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
        connection: &Handle,
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
        connection: &Handle,
        arrival: &Arrival,
        same: bool,
    ) {
        let missed = self.missed(host, connection, arrival);
        // Whoever is told nothing of what was begins with what comes next.
        let last = self.histories.ends(host, LOG).last;
        let offset = arrival.from.filter(|_| missed.is_some()).unwrap_or(last);
        let epoch = epoch(host, &mut self.values);
        let ping =
            self.traits.auto_response.map(|pair| (pair.request().into(), pair.response().into()));
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

    pub(super) fn send_as_is(&mut self, socket: SocketId, frame: Frame) {
        self.batch.outputs.push(Output::Send { sockets: vec![socket], frame });
    }
}

/// Whether a room takes clients that speak the protocol.
pub(super) fn check(resume: Option<Resume>) -> Result<()> {
    match resume {
        Some(_) => Ok(()),
        None => Err(Error::InvalidUpgrade {
            reason: "the protocol dormouse.1 is for rooms with a RESUME".to_owned(),
        }),
    }
}
