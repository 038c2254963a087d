//! What a room keeps for clients that lose their line.

use std::time::Duration;

use crate::room::history::Keep;
use crate::room::limits;

/// What a room keeps for clients that lose their line and come back.
///
/// Such a room takes clients that speak the protocol `dormouse.1` (`docs/protocol.md`), beside plain
/// ones. What it sends them is numbered and logged, so that who comes back gets exactly what it missed;
/// what they send is answered when it is stored, and handled once however often it is sent. A connection
/// outlives its socket: within the [grace](Resume::grace) a drop is no close, and a new socket takes
/// over.
///
/// Each message that the room sends costs a row of the log, written in the commit that sends it.
///
/// ```
/// use dormouse::{Keep, Resume};
/// use std::time::Duration;
///
/// const RESUME: Resume = Resume::keeping(Keep::newest(1_000)).grace(Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    pub(crate) keep: Keep,
    pub(crate) grace: Duration,
    pub(crate) remember: Duration,
}

impl Resume {
    /// With a log of so many messages, 15 seconds of grace, and sessions remembered for an hour.
    ///
    /// # Panics
    /// If nothing bounds the log; as a constant it does not compile.
    ///
    /// ```compile_fail
    /// const RESUME: dormouse::Resume = dormouse::Resume::keeping(dormouse::Keep::ALL);
    /// ```
    pub const fn keeping(messages: Keep) -> Self {
        assert!(messages.is_bounded(), "a log grows for ever: keep the newest, or the youngest");
        let (grace, remember) = (Duration::from_secs(15), Duration::from_secs(3_600));
        Self { keep: messages, grace, remember }
    }

    /// How long a connection outlives its socket. After that its
    /// [`handle_close`](crate::Room::handle_close) runs.
    ///
    /// # Panics
    /// Over [`limits::SESSION`]; as a constant it does not compile.
    ///
    /// ```compile_fail
    /// use dormouse::{Keep, Resume};
    /// const PATIENT: Resume = Resume::keeping(Keep::newest(100)).grace(std::time::Duration::MAX);
    /// ```
    pub const fn grace(self, grace: Duration) -> Self {
        assert!(grace.as_secs() <= limits::SESSION.as_secs(), "the grace is 30 days at most");
        Self { grace, ..self }
    }

    /// How long a session that is over is remembered, so that what its client sent once more is still
    /// handled once.
    ///
    /// # Panics
    /// Over [`limits::SESSION`]; as a constant it does not compile.
    pub const fn remember(self, remember: Duration) -> Self {
        assert!(
            remember.as_secs() <= limits::SESSION.as_secs(),
            "sessions are remembered for 30 days at most"
        );
        Self { remember, ..self }
    }
}
