//! What the platform does not take, and says so.

use std::fmt;

use crate::host::commit::ObjectAlarm;
use crate::host::commit::{Commit, Output, Write};
use crate::room::alarm::ScheduledAlarm;
use crate::room::page::{Ends, Entry};
use crate::room::time::Timestamp;

/// The most that a row, or a key with its value, can have.
pub(super) const ROW_BYTES: usize = 2 * 1024 * 1024;

/// The last alarm that can be set: the platform's clock ends with the year 2189.
const LAST_ALARM: Timestamp = Timestamp::from_millis(6_942_585_600_000 - 1);

const ATTACHMENT_BYTES: usize = 16_384;
const TAGS: usize = 10;
const TAG_BYTES: usize = 256;
const REASON_BYTES: usize = 123;
pub(super) const SOCKETS: usize = 32_768;

/// Why the platform did not do what a commit says. Nothing of it was done.
///
/// The engine checks every effect before, so a commit of its own is never refused for what is in it.
///
/// ```
/// use dormouse::{Commit, Write, testing::MemoryHost};
/// let large = Write::State("x".repeat(3_000_000));
/// let commit = Commit { writes: vec![large], ..Commit::default() };
/// let refusal = MemoryHost::new().perform(&commit).unwrap_err();
/// assert!(refusal.to_string().starts_with("the platform refuses a row"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    words: String,
    /// A test wanted it, see [`MemoryHost::refuse`](super::MemoryHost::refuse).
    pub(crate) is_planned: bool,
}

impl Refusal {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_planned: false }
    }

    pub(crate) fn planned() -> Self {
        Self { words: "what a test told it to".to_owned(), is_planned: true }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the platform refuses {}", self.words)
    }
}

impl std::error::Error for Refusal {}

/// Everything that can be seen of a commit by itself.
pub(super) fn check(commit: &Commit) -> Result<(), Refusal> {
    commit.writes.iter().try_for_each(check_write)?;
    if let Some(ObjectAlarm::Set(at)) = commit.alarm {
        number("an alarm", at.as_millis())?;
        if at > LAST_ALARM || at.as_millis() == 0 {
            return Err(Refusal::new(format!("an alarm at {at}: after 0, and by 2189")));
        }
    }
    commit.outputs.iter().try_for_each(check_output)
}

fn check_write(write: &Write) -> Result<(), Refusal> {
    match write {
        Write::Purge | Write::RemoveAlarm(_) | Write::RemoveValue(_) => Ok(()),
        Write::State(json) => row("the state", json.len()),
        Write::Alarm(alarm) => check_alarm(alarm),
        Write::Value { key, value } => row("a key with its value", key.len() + value.len()),
        Write::Append { entry: Entry { seq, at, row: json }, .. } => {
            number("a row's number", *seq)?;
            number("a row's time", at.as_millis())?;
            row("a row of a history", json.len())
        }
        Write::Trim { through, .. } => number("the end of a history", *through),
        Write::Ends { ends: Ends { last, last_at, trimmed }, .. } => {
            number("the end of a history", *last)?;
            number("the time of a row", last_at.as_millis())?;
            number("the end of a history", *trimmed)
        }
    }
}

fn check_alarm(alarm: &ScheduledAlarm) -> Result<(), Refusal> {
    let ScheduledAlarm { name, at, due, period, error, payload, .. } = alarm;
    number("the time of an alarm", at.as_millis())?;
    number("the time of an alarm", due.as_millis())?;
    number("a period", period.unwrap_or_default())?;
    let error = error.as_deref().unwrap_or_default();
    row("a row of the schedule", name.len() + error.len() + payload.len())
}

fn check_output(output: &Output) -> Result<(), Refusal> {
    match output {
        Output::Accept { tags, .. } => {
            if tags.len() > TAGS {
                return Err(Refusal::new(format!("{} tags: {TAGS} at most", tags.len())));
            }
            let long = tags.iter().map(String::len).find(|size| *size > TAG_BYTES);
            long.map_or(Ok(()), |size| Err(Refusal::new(format!("a tag of {size} bytes"))))
        }
        Output::Attach { attachment, .. } => {
            let size = serialized_bytes(attachment);
            let is_small = size <= ATTACHMENT_BYTES;
            if is_small {
                Ok(())
            } else {
                Err(Refusal::new(format!("an attachment of {size} bytes")))
            }
        }
        Output::Close { code, reason, .. } => {
            // An answer to what cannot be sent, like 1006, is sent as something else.
            if !matches!(code.get(), 1000..=1003 | 1007..=1014 | 1016..=4999) {
                return Err(Refusal::new(format!("the close code {}", code.get())));
            }
            let size = reason.len();
            let is_short = size <= REASON_BYTES;
            if is_short { Ok(()) } else { Err(Refusal::new(format!("a reason of {size} bytes"))) }
        }
        Output::Deliver(letter) => {
            number("a letter's number", letter.seq)?;
            number("a letter's floor", letter.floor)
        }
        Output::Send { .. } | Output::Broadcast { .. } => Ok(()),
    }
}

fn row(what: &str, size: usize) -> Result<(), Refusal> {
    let is_small = size <= ROW_BYTES;
    if is_small {
        Ok(())
    } else {
        let words =
            format!("a row of {size} bytes, {what}: string or blob too big (SQLITE_TOOBIG)");
        Err(Refusal::new(words))
    }
}

/// A number crosses to JavaScript and comes back as the same.
#[allow(clippy::cast_precision_loss, reason = "that is what it looks for")]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wide enough")]
fn number(what: &str, number: u64) -> Result<(), Refusal> {
    let back = (number as f64) as u128;
    let survives = back == u128::from(number);
    if survives {
        Ok(())
    } else {
        Err(Refusal::new(format!("{what} of {number}: in JavaScript it is {back}")))
    }
}

/// The bytes of a string in V8's serialization: version, tag, length, then a byte a character if all
/// are Latin-1, else two a UTF-16 unit at an even place.
fn serialized_bytes(text: &str) -> usize {
    let is_latin1 = text.chars().all(|c| u32::from(c) <= 0xff);
    let content = if is_latin1 { text.chars().count() } else { 2 * text.encode_utf16().count() };
    let varint = |mut size: usize| {
        let mut bytes = 1;
        while size >= 0x80 {
            (size, bytes) = (size >> 7, bytes + 1);
        }
        bytes
    };
    let header = 3 + varint(content);
    header + if is_latin1 { 0 } else { header % 2 } + content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::close::CloseCode;
    use crate::room::connection::SocketId;

    fn refused(commit: &Commit) -> bool {
        check(commit).is_err()
    }

    #[test]
    fn numbers_are_those_of_javascript() {
        let planned = |period| {
            let alarm = ScheduledAlarm::once("tea", Timestamp::from_millis(5), "null");
            let alarm = ScheduledAlarm { period: Some(period), ..alarm };
            Commit { writes: vec![Write::Alarm(alarm)], ..Commit::default() }
        };
        assert!(!refused(&planned(1 << 53)));
        assert!(refused(&planned((1 << 53) + 1)));
        assert!(refused(&planned(u64::MAX)));
    }

    #[test]
    fn alarms_end_with_the_year_2189() {
        let at = |at| Commit { alarm: Some(ObjectAlarm::Set(at)), ..Commit::default() };
        assert!(!refused(&at(LAST_ALARM)));
        assert!(refused(&at(Timestamp::from_millis(LAST_ALARM.as_millis() + 1))));
        assert!(refused(&at(Timestamp::from_millis(0))));
    }

    #[test]
    fn rows_tags_attachments_and_reasons_have_their_bounds() {
        let write = |size| {
            let (key, value) = ("a/b".to_owned(), "x".repeat(size));
            Commit { writes: vec![Write::Value { key, value }], ..Commit::default() }
        };
        assert!(!refused(&write(ROW_BYTES - 3)) && refused(&write(ROW_BYTES - 2)));
        let socket = SocketId(1);
        let output = |output| Commit { outputs: vec![output], ..Commit::default() };
        let attach = |size| output(Output::Attach { socket, attachment: "x".repeat(size) });
        assert!(!refused(&attach(16_379)) && refused(&attach(16_380)));
        let accept =
            |tags, size| output(Output::Accept { socket, tags: vec!["x".repeat(size); tags] });
        assert!(!refused(&accept(10, 256)) && refused(&accept(11, 1)) && refused(&accept(1, 257)));
        let close = |size| {
            let (code, reason) = (CloseCode::NORMAL, "x".repeat(size));
            output(Output::Close { socket, code, reason })
        };
        assert!(!refused(&close(123)) && refused(&close(124)));
    }
}
