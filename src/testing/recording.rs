//! What a room in production recorded, replayed.

mod line;

use std::fmt;

use super::object::Object;
use crate::host::commit::{Commit, Output, Write};
use crate::host::host::Host as _;
use crate::host::input::{Fault, Input};
use crate::room::object_name::ObjectName;
use crate::room::room::Room;
use crate::room::time::Timestamp;
use line::{Batch, Line};

/// What happened to a room that was recorded: a bug seen in production becomes a test.
///
/// The Worker's client makes it: `rooms.room("chat").startRecording("lounge")`, and later
/// `getRecording("lounge")`, which gives lines of JSON. Nothing is recorded unless that was asked for.
/// A recording begins with what the room was like, at most 1,000 values and alarms and sockets and the
/// last 100 rows of each history, and has every input with its time and its random numbers. It holds
/// what clients said and what the room stores: treat it as you treat its storage.
///
/// ```
/// use dormouse::rooms::Reminders;
/// use dormouse::testing::Recording;
///
/// let friday = r#"
///     {"recording":1,"room":"reminders/kitchen","at":1700000000000,"config":"{}"}
///     {"at":1700000000500,"chance":[],"inputs":[["connect",1,"{\"id\":\"ada\"}"]]}
///     {"at":1700000001000,"chance":["7"],"inputs":[["text",1,"/remind 5 tea"]]}
/// "#;
/// let steps = Recording::parse(friday).unwrap().replay::<Reminders>();
/// for step in &steps {
///     println!("{step}");
/// }
/// assert!(steps[1].state.as_deref().unwrap().contains(r#""pending":1"#));
/// ```
#[derive(Clone, Debug)]
pub struct Recording {
    lines: Vec<Line>,
    room: ObjectName,
}

/// A batch of a recording, and what came of it.
///
/// ```
/// # use dormouse::{rooms::Echo, testing::Recording};
/// # let recording = r#"{"recording":1,"room":"echo/main","at":0,"config":"{}"}
/// # {"at":5,"chance":[],"inputs":[["connect",1,"{}"],["text",1,"hi"]]}"#;
/// let steps = Recording::parse(recording).unwrap().replay::<Echo>();
/// assert_eq!(steps[0].inputs.len(), 2);
/// assert!(steps[0].to_string().contains("[Durable Object]: hi"));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Replayed {
    /// When it was.
    pub at: Timestamp,
    /// What happened to the room, and what had come of it when it was run before.
    pub inputs: Vec<(Input, Fault)>,
    /// What the room did.
    pub commit: Commit,
    /// The state after it, as JSON.
    pub state: Option<String>,
}

/// A text that is no recording.
///
/// ```
/// let error = dormouse::testing::Recording::parse("{}").unwrap_err();
/// assert_eq!(error.line, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRecording {
    /// The line that is wrong, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for InvalidRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is none of a recording: {}", self.line, self.reason)
    }
}

impl std::error::Error for InvalidRecording {}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// With the line that is none of a recording.
    ///
    /// ```
    /// use dormouse::testing::Recording;
    /// assert!(Recording::parse("").is_err(), "it does not say what the room was like");
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidRecording> {
        let invalid = |nth: usize, why: &dyn fmt::Display| InvalidRecording {
            line: nth + 1,
            reason: why.to_string(),
        };
        let mut lines = Vec::new();
        let mut room = None;
        for (nth, line) in text.lines().map(str::trim).enumerate().filter(|(_, it)| !it.is_empty())
        {
            let line = Line::parse(line).map_err(|error| invalid(nth, &error))?;
            if let (Line::Part(part), None) = (&line, &room) {
                room = Some(ObjectName::parse(&part.room).map_err(|error| invalid(nth, &error))?);
            }
            if room.is_none() {
                return Err(invalid(nth, &"it comes before what the room was like"));
            }
            lines.push(line);
        }
        let room = room.ok_or_else(|| invalid(0, &"it is empty"))?;
        Ok(Self { lines, room })
    }

    /// The room that was recorded.
    ///
    /// ```
    /// use dormouse::testing::Recording;
    /// let recording = r#"{"recording":1,"room":"echo/main","at":0,"config":"{}"}"#;
    /// assert_eq!(Recording::parse(recording).unwrap().room().id(), "main");
    /// ```
    pub fn room(&self) -> &ObjectName {
        &self.room
    }

    /// The same as if nothing had failed: a handler that trapped is called again, so that it panics
    /// here, where there are a debugger and a backtrace.
    ///
    /// ```
    /// use dormouse::{Fault, rooms::Echo, testing::Recording};
    /// let recording = r#"{"recording":1,"room":"echo/main","at":0,"config":"{}"}
    ///     {"at":5,"chance":[],"inputs":[["refuse",1],["readCount"]]}"#;
    /// let recording = Recording::parse(recording).unwrap();
    /// assert_eq!(recording.clone().replay::<Echo>()[0].inputs[0].1, Fault::Calls(vec![1]));
    /// assert_eq!(recording.without_faults().replay::<Echo>()[0].inputs[0].1, Fault::None);
    /// ```
    pub fn without_faults(mut self) -> Self {
        for line in &mut self.lines {
            if let Line::Batch(batch) = line {
                for (_, fault) in &mut batch.inputs {
                    if matches!(fault, Fault::Calls(_) | Fault::All) {
                        *fault = Fault::None;
                    }
                }
            }
        }
        self
    }

    /// Does it all again, in memory.
    ///
    /// # Panics
    /// If it is a recording of another room; and where a handler does.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Recording};
    /// let recording = r#"{"recording":1,"room":"echo/main","at":0,"config":"{}"}"#;
    /// assert!(Recording::parse(recording).unwrap().replay::<Echo>().is_empty());
    /// ```
    #[track_caller]
    pub fn replay<R: Room>(self) -> Vec<Replayed> {
        assert!(self.room.room() == R::NAME, "a recording of {}, not of {}", self.room, R::NAME);
        let mut object = None;
        let mut steps = Vec::new();
        for line in self.lines {
            match (line, &mut object) {
                (Line::Part(part), None) => {
                    object = Some(Object::new::<R>(part.restore(), self.room.id()));
                }
                (Line::Part(_), Some(object)) => object.lose_instance(),
                (Line::Wake(wake), Some(object)) => {
                    object.lose_instance();
                    wake.restore(&mut object.host);
                }
                (Line::Batch(batch), Some(object)) => steps.push(replay(object, batch)),
                // The first line is a part, see `parse`.
                (_, None) => {}
            }
        }
        steps
    }
}

fn replay(object: &mut Object, batch: Batch) -> Replayed {
    let Batch { at, chance, inputs } = batch;
    object.host.be_at(at);
    object.host.foresee(chance);
    let commit = object.replay(inputs.clone()).commit;
    Replayed { at, inputs, commit, state: object.host.state() }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "at {}", self.at)?;
        for (input, fault) in &self.inputs {
            write!(f, "  ← {input:?}")?;
            match fault {
                Fault::None => writeln!(f)?,
                fault => writeln!(f, ", which came to grief: {fault:?}")?,
            }
        }
        for write in &self.commit.writes {
            match write {
                Write::State(json) => writeln!(f, "  = state {json}")?,
                write => writeln!(f, "  = {write:?}")?,
            }
        }
        if let Some(alarm) = self.commit.alarm {
            writeln!(f, "  = {alarm:?}")?;
        }
        for output in &self.commit.outputs {
            match output {
                Output::Send { sockets, frame } => {
                    writeln!(f, "  → to {sockets:?}: {}", frame.to_text())?;
                }
                Output::Broadcast { frame, .. } => {
                    writeln!(f, "  → to all: {}", frame.to_text())?;
                }
                output => writeln!(f, "  → {output:?}")?,
            }
        }
        for error in &self.commit.errors {
            writeln!(f, "  ! {error}")?;
        }
        self.commit.answers.iter().try_for_each(|answer| writeln!(f, "  → {answer:?}"))
    }
}
