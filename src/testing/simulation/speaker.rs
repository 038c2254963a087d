//! A simulated client of the protocol `dormouse.1`: what it counts, and what it is due.

use std::collections::VecDeque;

use serde::Deserialize;

use super::Violation;
use crate::engine::envelope::PROTOCOL;
use crate::engine::log::{LOG, Logged};
use crate::engine::sessions::{all_stored, stored_epoch};
use crate::host::host::Host as _;
use crate::room::frame::Frame;
use crate::room::page::{Range, Side};
use crate::testing::host::MemoryHost;

/// What a client of the protocol knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Speaker {
    hello: Option<Hello>,
    /// The numbers of the messages since the hello.
    heard: Vec<u64>,
    /// The number of the last send.
    last: u64,
    /// What was sent and is not settled, and whether it left on this socket.
    unsettled: VecDeque<(u64, Frame, bool)>,
    /// The session that it claims to go on with.
    claimed: Option<String>,
    claimed_once: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Hello {
    session: String,
    epoch: String,
    offset: u64,
    resumed: bool,
}

impl Speaker {
    /// What it offers that comes back with all that another knew, and itself.
    pub(super) fn back(before: &Self, forged: Option<u64>) -> (String, Self) {
        let Some(Hello { session, epoch, .. }) = &before.hello else {
            return (PROTOCOL.to_owned(), Self::default());
        };
        let header = format!(
            "{PROTOCOL}, dormouse.resume.{session}.{epoch}.{}",
            forged.unwrap_or(before.offset())
        );
        let unsettled = before.unsettled.iter().cloned();
        let unsettled = unsettled.map(|(number, frame, _)| (number, frame, false)).collect();
        let (last, claimed) = (before.last, Some(session.clone()));
        (header, Self { last, unsettled, claimed, claimed_once: true, ..Self::default() })
    }

    /// It knows who it is.
    pub(super) fn is_greeted(&self) -> bool {
        self.hello.is_some()
    }

    /// It came back, and was told that it does not go on where it was.
    pub(super) fn has_missed(&self) -> bool {
        self.claimed_once && self.hello.as_ref().is_some_and(|hello| !hello.resumed)
    }

    fn offset(&self) -> u64 {
        let hello = self.hello.as_ref().map_or(0, |hello| hello.offset);
        self.heard.last().copied().unwrap_or(hello)
    }

    /// The frames that leave when it says something: first what is to be sent again.
    pub(super) fn say(&mut self, frame: &Frame) -> Vec<Frame> {
        self.last += 1;
        self.unsettled.push_back((self.last, frame.clone(), false));
        self.leaving()
    }

    fn leaving(&mut self) -> Vec<Frame> {
        // Before it has heard who it is, nothing leaves.
        if self.hello.is_none() {
            return Vec::new();
        }
        let waiting = self.unsettled.iter_mut().filter(|(_, _, has_left)| !has_left);
        waiting
            .map(|(number, frame, has_left)| {
                *has_left = true;
                match frame {
                    Frame::Text(text) => Frame::Text(format!("s{number}:{text}")),
                    Frame::Binary(bytes) => {
                        Frame::Binary([&number.to_be_bytes()[..], bytes].concat())
                    }
                }
            })
            .collect()
    }

    /// What a frame says to the client's owner, if it is a message.
    pub(super) fn hear(&mut self, frame: &Frame) -> Option<Frame> {
        let text = match frame {
            Frame::Binary(bytes) => {
                let (number, payload) = bytes.split_first_chunk()?;
                self.heard.push(u64::from_be_bytes(*number));
                return Some(Frame::Binary(payload.to_vec()));
            }
            Frame::Text(text) => text,
        };
        let rest = text.get(1..)?;
        match text.as_bytes()[0] {
            b'h' => self.greeted(serde_json::from_str(rest).ok()?),
            b'm' => {
                let (number, payload) = rest.split_once(':')?;
                self.heard.push(number.parse().ok()?);
                return Some(Frame::Text(payload.to_owned()));
            }
            b'k' => {
                let through: u64 = rest.parse().ok()?;
                self.unsettled.retain(|(number, _, _)| *number > through);
            }
            b'e' => {
                let refused: u64 = rest.split_once(':')?.0.parse().ok()?;
                self.unsettled.retain(|(number, _, _)| *number != refused);
            }
            _ => {}
        }
        None
    }

    fn greeted(&mut self, hello: Hello) {
        if self.claimed.take().is_some_and(|claimed| claimed != hello.session) {
            // Nobody knows what became of what it sent.
            self.last = 0;
            self.unsettled.clear();
        }
        self.heard.clear();
        self.hello = Some(hello);
    }

    /// It has heard, since its hello, all that was for it, in order and once, up to the last.
    pub(super) fn judge(&self, number: usize, host: &MemoryHost) -> Result<(), Violation> {
        let rule = "who speaks the protocol misses nothing";
        if !self.heard.is_sorted_by(|one, other| one < other) {
            let detail = format!("client {number} heard {:?}", self.heard);
            return Err(Violation::new(rule, detail));
        }
        let (Some(hello), Some(last)) = (&self.hello, self.heard.last()) else { return Ok(()) };
        let is_kept = hello.offset >= host.history_ends(LOG).trimmed;
        if !is_kept || stored_epoch(host).as_deref() != Some(&hello.epoch) {
            return Ok(());
        }
        let (before, limit) = (last + 1, usize::MAX);
        let range = Range { after: hello.offset, before, limit, side: Side::First };
        let Some(session) = all_stored(host).remove(&hello.session) else { return Ok(()) };
        for entry in host.history(LOG, range).rows {
            let Ok(logged) = serde_json::from_str::<Logged>(&entry.row) else { continue };
            let is_due = logged.is_for(&hello.session, &session, entry.seq);
            if is_due && !self.heard.contains(&entry.seq) {
                let detail = format!("client {number} missed {}: {}", entry.seq, entry.row);
                return Err(Violation::new(rule, detail));
            }
        }
        Ok(())
    }
}
