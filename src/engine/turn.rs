//! One input after the other: which handler it means, and what comes of the handler's result.

use std::any::Any;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{About, Engine};
use crate::engine::check::error_frame;
use crate::engine::handlers::{Call, Decoded};
use crate::host::handler_error::HandlerError;
use crate::host::host::Host;
use crate::host::input::{Fault, Input};
use crate::room::audience::Audience;
use crate::room::connection::{Handle, by_age};
use crate::room::connection_id::ConnectionId;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::frame::to_value;
use crate::room::room::During;
use crate::room::schedule::Retry;
use crate::room::schedule::{LEAVE, POST, SWEEP};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;
use crate::room::time::millis;

/// A connection, as an API call reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described<'a> {
    id: &'a ConnectionId,
    tags: &'a [Tag],
    state: Box<RawValue>,
    connected_at: Timestamp,
}

impl Engine {
    pub(super) fn run(&mut self, host: &dyn Host, input: &Input, fault: &Fault) {
        self.batch.hops = 0;
        match input {
            Input::Connect { socket, upgrade } => {
                let result = self.connect(host, *socket, upgrade, fault);
                if let Err(error) = &result {
                    self.connections.unopen(*socket);
                    self.fail(host, During::Connect, None, error, fault);
                }
                self.answer(result);
            }
            Input::Message { socket, frame } => {
                if let Some(sender) = self.connections.get(host, *socket) {
                    match (self.traits.resume, sender.session()) {
                        (Some(_), Some(session)) => {
                            self.numbered(host, &sender, session, frame, fault);
                        }
                        _ => drop(self.message(host, &sender, frame, fault)),
                    }
                }
            }
            Input::Oversize { socket, size } => self.refuse_size(host, *socket, *size),
            Input::Close { socket, close } => self.close(host, *socket, close, fault),
            Input::AlarmFired => self.schedule.alarm_fired(),
            Input::AlarmStands { at } => {
                self.schedule.alarm_stands(*at);
                self.find_lost(host);
            }
            Input::Alarm { name } => self.event(host, name, fault),
            Input::Send { json } => {
                let result = self.room.decode_json(json).and_then(|Decoded { event, .. }| {
                    self.call_message(host, About::default(), event, fault)
                });
                if let Err(error) = &result {
                    self.fail(host, During::Message, None, error, fault);
                }
                self.answer(result.map(|()| Value::Null));
            }
            Input::ReadState => {
                let state = self.read_state(host);
                self.answer(state);
            }
            Input::Broadcast { json, tag } => {
                let result = self.broadcast(host, json, tag.as_deref());
                self.answer(result.map(|()| Value::Null));
            }
            Input::Receive { from, letter } => {
                let result = self.receive(host, from, letter, fault);
                if let Err(error) = &result {
                    self.fail(host, During::Message, None, error, fault);
                }
                self.answer(result);
            }
            Input::Delivered { seq, delivered } => self.delivered(host, *seq, delivered, fault),
            Input::ReadCount => {
                let count = self.connections.count(host);
                self.answer(Ok(count.into()));
            }
            Input::ReadConnections { tag } => {
                let connections = self.describe_connections(host, tag.as_deref());
                self.answer(connections);
            }
        }
        self.finish_closing(host);
    }

    fn broadcast(&mut self, host: &dyn Host, json: &str, tag: Option<&str>) -> Result<()> {
        let to = match tag.map(Tag::new).transpose()? {
            Some(tag) => Audience::tagged(tag),
            None => Audience::everyone(),
        };
        let frame = self.room.encode_json(json)?;
        self.send(host, to, frame);
        Ok(())
    }

    pub(super) fn read_state(&mut self, host: &dyn Host) -> Result<Value> {
        self.room.load(host)?;
        self.room.state()
    }

    pub(super) fn answer(&mut self, result: Result<Value>) {
        self.batch.answers.push(result.into());
    }

    /// What has become of a message: whatever went wrong, its sender has been told.
    pub(super) fn message(
        &mut self,
        host: &dyn Host,
        sender: &Handle,
        frame: &Frame,
        fault: &Fault,
    ) -> Result<()> {
        let (limit, size) = (self.traits.max_frame_bytes, frame.as_bytes().len());
        if size > limit {
            self.refuse_size(host, sender.socket(), size);
            return Err(Error::FrameTooLarge { limit, size });
        }
        if let Err(error) = self.ready(host, fault) {
            self.fail(host, During::Message, Some(sender), &error, fault);
            return Err(error);
        }
        let decoded = self.room.decode(frame);
        let exempt = decoded.as_ref().is_ok_and(|decoded| decoded.is_exempt);
        if let (Some(limit), false) = (self.traits.rate_limit, exempt)
            && let Err(wait) = self.connections.spend(sender, limit, host.now())
        {
            let error = Error::RateLimited { wait_millis: millis(wait) };
            self.apply_or_tell(host, Some(sender), Call::Limited(wait), &error);
            return Err(error);
        }
        let Decoded { event, .. } = decoded.inspect_err(|error| {
            self.apply_or_tell(host, Some(sender), Call::Invalid(frame, error), error);
        })?;
        self.call_message(host, sender.into(), event, fault).inspect_err(|error| {
            self.fail(host, During::Message, Some(sender), error, fault);
        })
    }

    pub(super) fn call_message(
        &mut self,
        host: &dyn Host,
        about: About<'_>,
        event: Box<dyn Any>,
        fault: &Fault,
    ) -> Result<()> {
        self.ready(host, fault)?;
        self.apply(host, about, Call::Message(event))
    }

    pub(super) fn event(&mut self, host: &dyn Host, name: &str, fault: &Fault) {
        let Some(event) = self.schedule.due_event(host, name) else {
            return;
        };
        if event.name == SWEEP {
            return self.sweep(host, event);
        }
        if event.name == POST {
            return self.post_again(host);
        }
        if event.name == LEAVE {
            return self.leave(host, fault);
        }
        let attempt = event.failures.saturating_add(1);
        let retry = event.error.clone().map(|reason| Retry { attempt, reason });
        let result = self.ready(host, fault).and_then(|()| {
            let about = About { retry: retry.as_ref(), ..About::default() };
            self.call(host, about, Call::Alarm(&event.payload))
        });
        match result {
            Ok(steps) => {
                // Before its effects: one of them may schedule the same name anew.
                self.schedule.succeeded(host.now(), event);
                self.perform(host, steps);
            }
            Err(error) => {
                self.schedule.failed(host.now(), event, &error);
                self.fail(host, During::Alarm, None, &error, fault);
            }
        }
    }

    /// Whether a handler can be called: the state is read, and this input has not failed before.
    pub(super) fn ready(&mut self, host: &dyn Host, fault: &Fault) -> Result<()> {
        self.room.load(host)?;
        match fault {
            Fault::None => Ok(()),
            Fault::Handler | Fault::Hook => Err(Error::Panicked),
            Fault::Failed(error) => Err(error.clone()),
        }
    }

    /// Asks the room what to do about a handler's error; the log has what nobody else is told of it.
    pub(super) fn fail(
        &mut self,
        host: &dyn Host,
        during: During,
        sender: Option<&Handle>,
        error: &Error,
        fault: &Fault,
    ) {
        self.batch.errors.extend(HandlerError::unheard(during, error));
        // Without its state a room would take itself for a fresh one.
        if *fault == Fault::Hook || self.room.load(host).is_err() {
            self.tell(host, sender, error);
        } else {
            self.apply_or_tell(host, sender, Call::Failed(during, error), error);
        }
    }

    /// Applies what a hook wants; if that breaks a rule, the sender hears of the first error.
    pub(super) fn apply_or_tell(
        &mut self,
        host: &dyn Host,
        sender: Option<&Handle>,
        hook: Call<'_>,
        error: &Error,
    ) {
        let handler = hook.handler();
        if let Err(other) = self.apply(host, About { sender, ..About::default() }, hook) {
            self.batch.errors.push(HandlerError { handler, error: other });
            self.tell(host, sender, error);
        }
    }

    fn tell(&mut self, host: &dyn Host, sender: Option<&Handle>, error: &Error) {
        let frame = error_frame(error.code(), &error.public_message());
        self.send(host, Audience::only(sender), frame);
    }

    pub(super) fn describe_connections(
        &mut self,
        host: &dyn Host,
        tag: Option<&str>,
    ) -> Result<Value> {
        let mut connections: Vec<_> = match tag.map(Tag::new).transpose()? {
            Some(tag) => self.connections.tagged(host, &tag),
            None => self.connections.all(host).collect(),
        };
        by_age(&mut connections);
        let described: Vec<_> = connections
            .iter()
            .map(|connection| {
                Ok(Described {
                    id: connection.id(),
                    tags: connection.tags(),
                    state: self.connections.codec.state(connection)?,
                    connected_at: connection.connected_at(),
                })
            })
            .collect::<Result<_>>()?;
        to_value("the connections", &described)
    }
}
