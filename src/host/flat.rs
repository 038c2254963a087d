//! A commit as a list of numbers and one text, the form in which it crosses to JavaScript.
//!
//! JavaScript reads them where they lie, which is faster than an object a frame. Lengths of text are
//! in UTF-16 units, which is what JavaScript slices by; a time is two numbers, the high 32 bits first.

use crate::host::commit::{Commit, ObjectAlarm, Output, Write};
use crate::room::alarm::ScheduledAlarm;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::wasm_bindgen;

/// What a number at the start of an operation means, and what follows it.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(unreachable_pub, reason = "JavaScript reaches it")]
pub enum Op {
    /// Nothing follows.
    Purge = 0,
    /// Length of the state.
    State = 1,
    /// Length of the name, at, due, period (0 is none), failures, failed (0 or 1), has an error
    /// (0 or 1), length of the error, length of the payload.
    PutAlarm = 2,
    /// Length of the name.
    RemoveAlarm = 3,
    /// Length of the key, length of the value.
    Value = 4,
    /// Length of the key.
    RemoveValue = 5,
    /// Length of the history's name, number, time, length of the row.
    Append = 6,
    /// Length of the history's name, number of the last row that goes.
    Trim = 7,
    /// Length of the history's name, last number, its time, last number that was trimmed.
    Ends = 8,
    /// The time.
    SetAlarm = 9,
    /// Nothing follows.
    DeleteAlarm = 10,
    /// Socket, number of tags, length of each.
    Accept = 11,
    /// Socket, length of the attachment.
    Attach = 12,
    /// Length of the frame, number of sockets, each of them.
    SendText = 13,
    /// As `SendText`, with the length in bytes.
    SendBinary = 14,
    /// Length of the frame, who is meant (0 all, 1 plain, 2 enveloped), has a tag (0 or 1), length of the tag, number of exceptions, each.
    BroadcastText = 15,
    /// As `BroadcastText`, with the length in bytes.
    BroadcastBinary = 16,
    /// Socket, code, length of the reason.
    Close = 17,
    /// Length of the letter, as JSON.
    Deliver = 18,
    /// Length of the line for the log.
    Log = 19,
}

/// The number of a commit's writes, its operations in their order, the texts they mention one after the other, and the
/// binary frames likewise. An operation's texts are in the order its lengths are in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flat {
    pub(crate) ops: Vec<u32>,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Flat {
    pub(crate) const fn new() -> Self {
        Self { ops: Vec::new(), text: String::new(), bytes: Vec::new() }
    }

    /// Replaces what is in it, and keeps its memory.
    pub(crate) fn fill(&mut self, commit: &Commit) {
        self.ops.clear();
        self.text.clear();
        self.bytes.clear();
        self.ops.push(count(commit.writes.len() + usize::from(commit.alarm.is_some())));
        for write in &commit.writes {
            self.write(write);
        }
        match commit.alarm {
            Some(ObjectAlarm::Set(at)) => {
                self.op(Op::SetAlarm);
                self.long(at.as_millis());
            }
            Some(ObjectAlarm::Delete) => self.op(Op::DeleteAlarm),
            None => {}
        }
        for output in &commit.outputs {
            self.output(output);
        }
        for error in &commit.errors {
            self.op(Op::Log);
            self.text(&error.to_string());
        }
    }

    fn write(&mut self, write: &Write) {
        match write {
            Write::Purge => self.op(Op::Purge),
            Write::State(json) => {
                self.op(Op::State);
                self.text(json);
            }
            Write::Alarm(alarm) => self.alarm(alarm),
            Write::RemoveAlarm(name) => {
                self.op(Op::RemoveAlarm);
                self.text(name);
            }
            Write::Value { key, value } => {
                self.op(Op::Value);
                self.text(key);
                self.text(value);
            }
            Write::RemoveValue(key) => {
                self.op(Op::RemoveValue);
                self.text(key);
            }
            Write::Append { history, entry } => {
                self.op(Op::Append);
                self.text(history);
                self.long(entry.seq);
                self.long(entry.at.as_millis());
                self.text(&entry.row);
            }
            Write::Trim { history, through } => {
                self.op(Op::Trim);
                self.text(history);
                self.long(*through);
            }
            Write::Ends { history, ends } => {
                self.op(Op::Ends);
                self.text(history);
                self.long(ends.last);
                self.long(ends.last_at.as_millis());
                self.long(ends.trimmed);
            }
        }
    }

    fn alarm(&mut self, alarm: &ScheduledAlarm) {
        self.op(Op::PutAlarm);
        self.text(&alarm.name);
        self.long(alarm.at.as_millis());
        self.long(alarm.due.as_millis());
        self.long(alarm.period.unwrap_or(0));
        self.ops.extend([
            alarm.failures,
            u32::from(alarm.failed),
            u32::from(alarm.error.is_some()),
        ]);
        self.text(alarm.error.as_deref().unwrap_or_default());
        self.text(&alarm.payload);
    }

    fn output(&mut self, output: &Output) {
        match output {
            Output::Accept { socket, tags } => {
                self.op(Op::Accept);
                self.ops.extend([socket.0, count(tags.len())]);
                for tag in tags {
                    self.text(tag);
                }
            }
            Output::Attach { socket, attachment } => {
                self.op(Op::Attach);
                self.ops.push(socket.0);
                self.text(attachment);
            }
            Output::Send { sockets, frame } => {
                self.frame(frame, Op::SendText, Op::SendBinary);
                self.sockets(sockets);
            }
            Output::Broadcast { tag, except, frame, to } => {
                self.frame(frame, Op::BroadcastText, Op::BroadcastBinary);
                self.ops.push(*to as u32);
                self.ops.push(u32::from(tag.is_some()));
                self.text(tag.as_ref().map(crate::room::tag::Tag::as_str).unwrap_or_default());
                self.sockets(except);
            }
            Output::Deliver(letter) => {
                self.op(Op::Deliver);
                self.text(&serde_json::to_string(letter).unwrap_or_default());
            }
            Output::Close { socket, code, reason } => {
                self.op(Op::Close);
                self.ops.extend([socket.0, u32::from(code.get())]);
                self.text(reason);
            }
        }
    }

    fn op(&mut self, op: Op) {
        self.ops.push(op as u32);
    }

    #[allow(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
    fn long(&mut self, value: u64) {
        self.ops.extend([(value >> 32) as u32, value as u32]);
    }

    fn text(&mut self, text: &str) {
        let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        self.ops.push(count(units));
        self.text.push_str(text);
    }

    fn frame(&mut self, frame: &Frame, text: Op, binary: Op) {
        match frame {
            Frame::Text(content) => {
                self.op(text);
                self.text(content);
            }
            Frame::Binary(content) => {
                self.op(binary);
                self.ops.push(count(content.len()));
                self.bytes.extend_from_slice(content);
            }
        }
    }

    fn sockets(&mut self, sockets: &[SocketId]) {
        self.ops.push(count(sockets.len()));
        self.ops.extend(sockets.iter().map(|socket| socket.0));
    }
}

/// A length; all memory there is has fewer than 2³² bytes.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::handler_error::HandlerError;
    use crate::room::close::CloseCode;
    use crate::room::error::Error;
    use crate::room::time::Timestamp;

    fn flat(commit: &Commit) -> Flat {
        let mut flat = Flat::new();
        flat.fill(commit);
        flat
    }

    #[test]
    fn lengths_of_text_are_utf16_units() {
        let commit =
            Commit { writes: vec![Write::State("\"🐭é\"".into())], ..Commit::default() };
        let flat = flat(&commit);
        assert_eq!(flat.ops, [1, Op::State as u32, 5]);
        assert_eq!(flat.text, "\"🐭é\"");
    }

    #[test]
    fn writes_come_before_the_alarm_the_alarm_before_outputs_and_those_before_the_log() {
        let commit = Commit {
            writes: vec![Write::Purge],
            alarm: Some(ObjectAlarm::Set(Timestamp::from_millis((1 << 32) + 7))),
            outputs: vec![Output::Close {
                socket: SocketId(3),
                code: CloseCode::NORMAL,
                reason: "bye".into(),
            }],
            errors: vec![HandlerError {
                handler: crate::room::handler::Handler::Alarm,
                error: Error::refuse("no", "not now"),
            }],
            answers: Vec::new(),
        };
        let close = [Op::Close as u32, 3, 1000, 3];
        let log = [Op::Log as u32, 21];
        let expected =
            [&[2, Op::Purge as u32, Op::SetAlarm as u32, 1, 7][..], &close, &log].concat();
        assert_eq!(flat(&commit).ops, expected);
    }
}
