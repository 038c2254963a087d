//! The lines of a recording, as the Worker writes them.

use std::collections::VecDeque;

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;

use crate::host::input::{Fault, Input};
use crate::room::alarm::ScheduledAlarm;
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::error::Error;
use crate::room::frame::Frame;
use crate::room::object_name::ObjectName;
use crate::room::page::{Ends, Entry};
use crate::room::time::Timestamp;
use crate::room::upgrade::Upgrade;
use crate::testing::host::MemoryHost;

#[derive(Clone, Debug)]
pub(super) enum Line {
    Part(Part),
    Wake(Wake),
    Batch(Batch),
}

/// What a room is like.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Part {
    pub(super) room: String,
    at: Timestamp,
    config: String,
    /// The state is the one without a `/` in its key.
    #[serde(default)]
    values: Vec<(String, String)>,
    #[serde(default)]
    alarms: Vec<ScheduledAlarm>,
    #[serde(default)]
    histories: Vec<RecordedHistory>,
    #[serde(default)]
    sockets: Vec<RecordedSocket>,
}

#[derive(Clone, Debug, Deserialize)]
struct RecordedHistory {
    name: String,
    ends: Ends,
    rows: Vec<Entry<String>>,
}

#[derive(Clone, Debug, Deserialize)]
struct RecordedSocket {
    socket: u32,
    attachment: Option<String>,
    tags: Vec<String>,
    answered: Option<Timestamp>,
}

/// The room has slept, and its sockets have other numbers.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Wake {
    at: Timestamp,
    sockets: Vec<RecordedSocket>,
}

#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) at: Timestamp,
    pub(super) chance: VecDeque<u64>,
    pub(super) inputs: Vec<(Input, Fault)>,
}

#[derive(Deserialize)]
struct RecordedBatch {
    at: Timestamp,
    chance: Vec<String>,
    inputs: Vec<Vec<Value>>,
}

impl Line {
    pub(super) fn parse(line: &str) -> serde_json::Result<Self> {
        let value: Value = serde_json::from_str(line)?;
        if let Some(wake) = value.get("wake") {
            return Ok(Self::Wake(Wake::deserialize(wake)?));
        }
        if value.get("recording").is_some() {
            return Ok(Self::Part(serde_json::from_value(value)?));
        }
        let RecordedBatch { at, chance, inputs: calls } = serde_json::from_value(value)?;
        let chance = chance.iter().map(|it| it.parse().map_err(serde_json::Error::custom));
        let chance = chance.collect::<Result<_, _>>()?;
        let mut inputs = Vec::new();
        let mut fault = Fault::None;
        for call in calls {
            let mut arguments = Arguments(call.into());
            let name: String = arguments.next()?;
            if name == "faulted" {
                fault = fault_of(arguments.next()?);
            } else if name == "refuse" {
                let call = arguments.next()?;
                match &mut fault {
                    Fault::Calls(calls) => calls.push(call),
                    fault => *fault = Fault::Calls(vec![call]),
                }
            } else {
                let input = input_of(&name, &mut arguments, &mut fault)?;
                inputs.push((input, std::mem::take(&mut fault)));
            }
        }
        Ok(Self::Batch(Batch { at, chance, inputs }))
    }
}

/// What a function that faces JavaScript was called with.
struct Arguments(VecDeque<Value>);

impl Arguments {
    fn next<T: for<'de> Deserialize<'de>>(&mut self) -> serde_json::Result<T> {
        serde_json::from_value(self.0.pop_front().unwrap_or_default())
    }

    /// JSON within the JSON.
    fn next_json<T: for<'de> Deserialize<'de>>(&mut self) -> serde_json::Result<T> {
        serde_json::from_str(&self.next::<String>()?)
    }
}

/// As `Outcome` numbers them.
fn fault_of(outcome: u32) -> Fault {
    match outcome {
        2 => Fault::Failed(Error::Storage),
        _ => Fault::All,
    }
}

fn input_of(name: &str, it: &mut Arguments, fault: &mut Fault) -> serde_json::Result<Input> {
    Ok(match name {
        "connect" => {
            let socket = SocketId(it.next()?);
            let upgrade = it.next_json().unwrap_or_else(|error| {
                fault.and_failed(Error::InvalidUpgrade { reason: error.to_string() });
                Upgrade::default()
            });
            Input::Connect { socket, upgrade }
        }
        "text" => Input::Message { socket: SocketId(it.next()?), frame: Frame::Text(it.next()?) },
        "binary" => {
            Input::Message { socket: SocketId(it.next()?), frame: Frame::Binary(it.next()?) }
        }
        "oversize" => Input::Oversize { socket: SocketId(it.next()?), size: it.next()? },
        "close" => {
            let socket = SocketId(it.next()?);
            let close = Close { code: it.next()?, reason: it.next()?, was_clean: it.next()? };
            Input::Close { socket, close }
        }
        "alarmFired" => Input::AlarmFired,
        "alarm" => Input::Alarm { name: it.next()? },
        "alarmStands" => Input::AlarmStands { at: it.next()? },
        "send" => Input::Send { json: it.next()? },
        "broadcast" => Input::Broadcast { json: it.next()?, tag: it.next()? },
        "receive" => {
            let from: String = it.next()?;
            let from = ObjectName::parse(&from).map_err(serde_json::Error::custom)?;
            Input::Receive { from, letter: it.next_json()? }
        }
        "delivered" => Input::Delivered { seq: it.next()?, delivered: it.next_json()? },
        "readState" => Input::ReadState,
        "readCount" => Input::ReadCount,
        "readConnections" => Input::ReadConnections { tag: it.next()? },
        other => return Err(serde_json::Error::custom(format!("no input is called {other:?}"))),
    })
}

impl Part {
    pub(super) fn restore(&self) -> MemoryHost {
        let mut host = MemoryHost::new().with_config(self.config.clone());
        host.be_at(self.at);
        for (key, value) in &self.values {
            host.restore_value(key, value);
        }
        for alarm in &self.alarms {
            host.restore_alarm(alarm);
        }
        for RecordedHistory { name, ends, rows } in &self.histories {
            host.restore_history(name, *ends, rows);
        }
        restore_sockets(&mut host, &self.sockets);
        host
    }
}

impl Wake {
    pub(super) fn restore(&self, host: &mut MemoryHost) {
        host.be_at(self.at);
        host.lose_sockets();
        restore_sockets(host, &self.sockets);
    }
}

fn restore_sockets(host: &mut MemoryHost, sockets: &[RecordedSocket]) {
    for RecordedSocket { socket, attachment, tags, answered } in sockets {
        let socket = SocketId(*socket);
        host.accept(socket, tags);
        if let Some(attachment) = attachment {
            host.attach(socket, attachment);
        }
        if let Some(at) = answered {
            host.answer_at(socket, *at);
        }
    }
}
