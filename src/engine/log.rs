//! What clients of the protocol are told: stored with a number, for those whose line is lost.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::engine::Turn;
use crate::engine::check::check_value;
use crate::engine::sessions::Session;
use crate::host::host::Host;
use crate::room::audience::{Among, Audience};
use crate::room::connection::Target;
use crate::room::connection_id::ConnectionId;
use crate::room::error::Result;
use crate::room::frame::Frame;
use crate::room::tag::Tag;

/// The history of what was said, for those who come back.
pub(crate) const LOG: &str = "\u{1}log";

/// One message of the log, and for whom it is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logged {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// These sessions alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::room::bytes")]
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Logged {
    pub(crate) fn into_frame(self) -> Frame {
        match (self.text, self.bytes) {
            (Some(text), _) => Frame::Text(text),
            (None, bytes) => Frame::Binary(bytes.unwrap_or_default()),
        }
    }

    /// Whether it was for a session when it was said.
    pub(crate) fn is_for(&self, name: &str, session: &Session, number: u64) -> bool {
        let is = |other: &String| other == name;
        number > session.since
            && self.tag.as_ref().is_none_or(|tag| session.worn_at(number).contains(tag))
            && self.id.as_ref().is_none_or(|id| *id == session.id)
            && self.only.as_ref().is_none_or(|only| only.iter().any(is))
            && !self.except.iter().any(is)
    }
}

impl Turn<'_> {
    /// The row of a message, if somebody could come back for it.
    ///
    /// # Errors
    /// [`Error::ValueTooLarge`].
    pub(super) fn row(&mut self, to: &Audience, frame: &Frame) -> Result<Option<String>> {
        let world = self.engine.changes.over(self.host);
        if self.engine.traits.resume.is_none() || !self.engine.sessions.any(&world) {
            return Ok(None);
        }
        let sessions = |targets: &[Target]| -> Vec<String> {
            let sessions = targets.iter().filter_map(|target| target.session.as_ref());
            sessions.map(Rc::to_string).collect()
        };
        let mut logged = Logged { except: sessions(&to.except), ..Logged::default() };
        match &to.among {
            Among::Everyone => {}
            Among::Tagged(tag) => logged.tag = Some(tag.clone()),
            Among::Id(id) => logged.id = Some(ConnectionId::to_string(id)),
            Among::Only(targets) => {
                let only = sessions(targets);
                if only.is_empty() {
                    return Ok(None);
                }
                logged.only = Some(only);
            }
        }
        match frame {
            Frame::Text(text) => logged.text = Some(text.clone()),
            Frame::Binary(bytes) => logged.bytes = Some(bytes.clone()),
        }
        let row = crate::room::frame::to_json("a message", &logged)?;
        check_value(row).map(Some)
    }

    /// Stores a message, and gives its number.
    pub(super) fn log(&mut self, row: String) -> u64 {
        /// How often the log is cut, so that a message costs one row and not two.
        const PACE: u64 = 64;
        self.engine.sessions.epoch(&mut self.engine.changes, self.host);
        let number = self.engine.changes.append(self.host, LOG, row);
        if let (Some(resume), true) = (self.engine.traits.resume, number.is_multiple_of(PACE)) {
            self.engine.changes.trim(self.host, LOG, resume.keep);
        }
        number
    }

    /// The number of the last message.
    pub(super) fn last_said(&self) -> u64 {
        self.world().history_ends(LOG).last
    }
}
