//! A chat with reminders: any number of timers in one object.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::room::alarm::When;
use crate::room::connection_id::ConnectionId;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::Result;
use crate::room::frame::{Apart, Text};
use crate::room::history::Keep;
use crate::room::resume::Resume;
use crate::room::room::{Never, Room};

/// The room. `/remind <seconds> <text>` reminds everyone; all else is chat.
///
/// ```
/// use dormouse::rooms::Reminders;
/// use dormouse::testing::TestRoom;
/// use std::time::Duration;
///
/// let room = TestRoom::<Reminders>::new("kitchen");
/// let ada = room.connect("ada");
/// ada.send_text("/remind 300 eggs");
/// assert_eq!(ada.receive_text(), "[system] Reminder scheduled in 300s");
/// room.advance(Duration::from_secs(300));
/// assert_eq!(ada.receive_text(), "[reminder] eggs");
/// ```
#[derive(Debug)]
pub struct Reminders;

/// What the room remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct State {
    /// How many reminders there have been: the next one's number.
    pub made: u64,
    /// How many are yet to come.
    pub pending: u32,
}

/// The longest delay of a reminder.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many reminders may be pending in a room.
const MOST: u32 = 100;

impl Room for Reminders {
    const NAME: &'static str = "reminders";
    const RESUME: Option<Resume> = Some(Resume::keeping(Keep::newest(1_000)));
    type State = State;
    type Connection = ();
    type Upgrade = ();
    // What the Worker says is a line for everyone; what clients say is theirs.
    type Message = Apart<Text, String>;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, message: Self::Message) -> Result<Effects<Self>> {
        let text = match message {
            Apart::Inside(line) => return Ok(cx.effects().broadcast(Text(line))),
            Apart::Client(Text(text)) => text,
        };
        if let Some((seconds, what)) = parse_reminder(&text) {
            return Ok(remind(cx, seconds, what));
        }
        let id = cx.sender_id().map_or("", ConnectionId::as_str);
        let session: String = id.chars().take(8).collect();
        Ok(cx.effects().broadcast(Text(format!("[{session}] {text}"))))
    }

    fn handle_alarm(cx: &Context<Self>, what: String) -> Result<Effects<Self>> {
        Ok(cx
            .effects()
            .update_or_default(|state| state.pending = state.pending.saturating_sub(1))
            .broadcast(Text(format!("[reminder] {what}"))))
    }
}

fn remind(cx: &Context<Reminders>, seconds: &str, what: &str) -> Effects<Reminders> {
    let tell = |line: String| cx.effects().send(cx.sender(), Text(format!("[system] {line}")));
    // A number that is too large to be read is too large to be waited for.
    let delay = seconds.parse().map_or(Duration::MAX, Duration::from_secs);
    if delay > LONGEST {
        return tell(format!("A reminder is at most {}s ahead", LONGEST.as_secs()));
    }
    let (made, pending) = cx.state().map_or((0, 0), |state| (state.made, state.pending));
    if pending >= MOST {
        return tell(format!("{MOST} reminders are pending, more are not taken"));
    }
    tell(format!("Reminder scheduled in {}s", delay.as_secs()))
        .update_or_default(|state| {
            (state.made, state.pending) = (state.made + 1, state.pending + 1);
        })
        .schedule(format!("reminder-{made:08}"), When::after(delay), what.to_owned())
}

/// The seconds and the text of a `/remind` line; none if it is no such line.
fn parse_reminder(line: &str) -> Option<(&str, &str)> {
    let (seconds, what) = line.strip_prefix("/remind ")?.split_once(' ')?;
    let is_number = !seconds.is_empty() && seconds.bytes().all(|digit| digit.is_ascii_digit());
    let is_line = !what.trim().is_empty() && !what.contains(['\n', '\r']);
    (is_number && is_line).then_some((seconds, what))
}
