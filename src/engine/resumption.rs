//! What a client of the protocol hears first.

use crate::engine::Turn;
use crate::engine::envelope::{self, Hello};
use crate::engine::log::{LOG, Logged};
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::room::connection::{Handle, SocketId};
use crate::room::frame::Frame;
use crate::room::limits;
use crate::room::page::{Ends, Entry, Range, Side};

impl Turn<'_> {
    /// Everything that was said after a number and was for this session, or none if some of it is not
    /// kept.
    fn missed(&mut self, name: &str, from: Option<u64>) -> Option<Vec<(u64, Frame)>> {
        const PAGE: usize = 256;
        let world = self.engine.changes.over(self.host);
        let session = self.engine.sessions.get(&world, name)?;
        let Ends { last, trimmed, .. } = world.history_ends(LOG);
        let mut after = from.filter(|from| (trimmed..=last).contains(from))?;
        let (mut missed, mut size) = (Vec::new(), 0);
        loop {
            let range = Range { after, before: u64::MAX, limit: PAGE, side: Side::First };
            let page = world.history(LOG, range);
            let Some(newest) = page.rows.last().map(|entry| entry.seq) else { return Some(missed) };
            after = newest;
            for Entry { seq, row, .. } in page.rows {
                let Ok(logged) = serde_json::from_str::<Logged>(&row) else { continue };
                if logged.is_for(name, session, seq) {
                    let frame = logged.into_frame();
                    size += frame.as_bytes().len();
                    missed.push((seq, frame));
                }
                // All or nothing, and nothing that is too much for one commit.
                if size > limits::MISSED_BYTES {
                    return None;
                }
            }
            if !page.more {
                return Some(missed);
            }
        }
    }

    /// `handled`: of a session that is taken up, the number of its last send that was. Its page may know
    /// less than that, or not even that none was: it gives no new number before it knows. Who is new has
    /// sent nothing, and on a line that goes on all was told.
    pub(super) fn greet(
        &mut self,
        connection: &Handle,
        name: &str,
        from: Option<u64>,
        handled: Option<u64>,
        same: bool,
    ) {
        let keeps = self.engine.traits.resume.is_some();
        let missed = if keeps { self.missed(name, from) } else { None };
        // Whoever is told nothing of what was begins with what comes next.
        let last = if keeps { self.last_said() } else { 0 };
        let offset = from.filter(|_| missed.is_some()).unwrap_or(last);
        let epoch = if keeps {
            self.engine.sessions.epoch(&mut self.engine.changes, self.host).to_owned()
        } else {
            String::new()
        };
        let auto_response = self.engine.traits.auto_response;
        let ping = auto_response.map(|pair| (pair.request().into(), pair.response().into()));
        let hello = envelope::hello(&Hello {
            session: name,
            epoch: &epoch,
            offset,
            resumed: missed.is_some(),
            same,
            handled,
            limit: self.engine.traits.max_frame_bytes,
            here: self.present(),
            ping,
        });
        self.send_as_is(connection.socket(), hello);
        for (number, frame) in missed.iter().flatten() {
            self.send_as_is(connection.socket(), envelope::message(*number, frame));
        }
        let Some(handled) = handled else { return };
        // What it sent was refused, and it may not have heard so.
        let world = self.engine.changes.over(self.host);
        let session = self.engine.sessions.get(&world, name);
        let refused = session.map(|session| session.refused.clone()).unwrap_or_default();
        for (number, error) in &refused {
            self.send_as_is(connection.socket(), envelope::refused(*number, error));
        }
        if handled > 0 {
            self.send_as_is(connection.socket(), envelope::handled(handled));
        }
    }

    pub(super) fn send_as_is(&mut self, socket: SocketId, frame: Frame) {
        self.engine.batch.outputs.push(Output::Send { sockets: vec![socket], frame });
    }
}
