//! What clients of the protocol are told: logged with a number, for those whose line is lost.

use super::Engine;
use crate::engine::envelope;
use crate::engine::session::{LOG, Logged, epoch};
use crate::host::commit::{Listeners, Output};
use crate::host::host::Host;
use crate::room::audience::Among;
use crate::room::audience::Audience;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::resume::Resume;

impl Engine {
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
