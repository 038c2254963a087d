//! What can happen in a simulated world, as data: a list of steps is a trace that can be replayed.

use serde::{Deserialize, Serialize};

use crate::room::upgrade::Upgrade;

/// One thing that happens to a room or to the world it is in.
///
/// As JSON a step is a line of a trace. A step that has no object any more (a frame of a client that
/// is gone, say) does nothing, so that a trace stays a trace when steps are taken out of it.
///
/// ```
/// use dormouse::testing::Step;
/// let step: Step = serde_json::from_str(r#"{"text":{"client":0,"text":"hi"}}"#).unwrap();
/// assert_eq!(step, Step::Text { client: 0, text: "hi".into() });
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Step {
    /// A client connects. Each has a number of its own, for as long as the world lasts.
    Connect {
        /// Its number.
        client: usize,
        /// The number of the room.
        #[serde(default, skip_serializing_if = "is_zero")]
        room: usize,
        /// What the Worker gives for it.
        upgrade: Upgrade,
    },
    /// A client of the protocol `dormouse.1` comes back, whatever became of its line, with all that it
    /// knew; it goes on under another number.
    Resume {
        /// Its new number.
        client: usize,
        /// The number it had.
        from: usize,
        /// What it says was the last that it heard, if that is not true.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forged: Option<u64>,
    },
    /// A client sends more than a frame may have.
    Oversize {
        /// Which client.
        client: usize,
    },
    /// The clock is wrong from now on.
    Clock {
        /// By how many milliseconds it jumps.
        jump: i64,
    },
    /// A client sends a text.
    Text {
        /// Which client.
        client: usize,
        /// The text.
        text: String,
    },
    /// A client sends bytes.
    Binary {
        /// Which client.
        client: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A client closes.
    Close {
        /// Which client.
        client: usize,
        /// With which code; none is what a browser's bare `close()` sends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        /// With which reason.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A client's line is cut, and nobody has noticed yet.
    Vanish {
        /// Which client.
        client: usize,
    },
    /// A client's line is cut, now or before, and the platform tells.
    Cut {
        /// Which client.
        client: usize,
    },
    /// An API call with a message.
    Send {
        /// The number of the room.
        #[serde(default, skip_serializing_if = "is_zero")]
        room: usize,
        /// The message as JSON.
        json: String,
    },
    /// An API call with a message for all.
    Broadcast {
        /// The number of the room.
        #[serde(default, skip_serializing_if = "is_zero")]
        room: usize,
        /// The message as JSON.
        json: String,
    },
    /// From here on what happens is gathered…
    Gather {},
    /// …until here, and handled together.
    Drain {},
    /// Time passes.
    Wait {
        /// How much, in milliseconds.
        millis: u64,
    },
    /// A room's alarm goes off, if one stands; time passes until it is due.
    Alarm {
        /// The number of the room.
        #[serde(default, skip_serializing_if = "is_zero")]
        room: usize,
        /// By how many milliseconds it is late.
        #[serde(default)]
        late: u64,
    },
    /// A room's alarm goes off, due or not: early, or once more.
    StrayAlarm {
        /// The number of the room.
        #[serde(default, skip_serializing_if = "is_zero")]
        room: usize,
    },
    /// A room falls asleep; the next that happens to it wakes it.
    Hibernate {
        /// The number of the room.
        #[serde(default, skip_serializing_if = "is_zero")]
        room: usize,
    },
    /// From here on, a handler panics.
    Panic {
        /// How many handlers run before it.
        after: usize,
    },
    /// From here on, so many transactions are refused.
    RefuseWrites {
        /// How many.
        times: usize,
    },
    /// The machine fails at the next commit: every socket is cut, what is not stored is lost.
    Crash {
        /// How far the commit comes.
        at: CrashAt,
    },
    /// Something happens to a letter that is on its way.
    Letter {
        /// Which, of those on their way.
        letter: usize,
        /// What.
        fate: Fate,
    },
}

/// How far a commit comes before the machine fails.
///
/// ```
/// use dormouse::testing::{CrashAt, Step};
/// let crash = Step::Crash { at: CrashAt::BeforeCommit };
/// assert_eq!(serde_json::to_string(&crash).unwrap(), r#"{"crash":{"at":"beforeCommit"}}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CrashAt {
    /// Nothing is stored.
    BeforeCommit,
    /// It is stored, and so much of what is to be sent leaves.
    AfterOutputs(usize),
}

/// What happens to a letter from one room to another.
///
/// ```
/// use dormouse::testing::{Fate, Step};
/// let lost = Step::Letter { letter: 0, fate: Fate::Lost };
/// assert_eq!(serde_json::to_string(&lost).unwrap(), r#"{"letter":{"letter":0,"fate":"lost"}}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It arrives, and its sender hears so.
    Delivered,
    /// It arrives, and the answer is lost.
    AnswerLost,
    /// It is lost.
    Lost,
    /// It arrives, and stays on its way to arrive once more.
    Doubled,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}
