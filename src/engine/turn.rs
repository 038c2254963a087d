//! One input after the other: which handler it means, and what comes of the handler's result.

use serde_json::{Value, json};

use super::Engine;
use crate::context::Turn;
use crate::migrate::decode;
use crate::schedule::{LEAVE, POST, SWEEP};
use crate::time::millis;
use crate::{
    Audience, Connection, Context, Decode, During, Effects, Encode, Error, Fault, Frame, Host,
    Input, Result, Retry, Room, Tag,
};

impl<R: Room> Engine<R> {
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
                    match (R::RESUME, sender.session()) {
                        (Some(_), Some(session)) => {
                            self.numbered(host, &sender, session, frame, fault);
                        }
                        _ => drop(self.message(host, &sender, frame, fault)),
                    }
                }
            }
            Input::Oversize { socket, size } => self.refuse_size(host, *socket, *size),
            Input::Close { socket, close } => self.close(host, *socket, close, fault),
            Input::Alarm => self.schedule.alarm_fired(),
            Input::AlarmStands { at } => {
                self.schedule.alarm_stands(*at);
                self.find_lost(host);
            }
            Input::Event { name } => self.event(host, name, fault),
            Input::Send { json } => {
                let result = R::Event::decode_json(json)
                    .and_then(|event| self.call_message(host, None, event, fault));
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
        let frame = R::Broadcast::encode_json(json)?;
        self.send(host, to, frame);
        Ok(())
    }

    pub(super) fn read_state(&mut self, host: &dyn Host) -> Result<Value> {
        self.state.load(host)?;
        to_value("the state", &self.state.get())
    }

    pub(super) fn answer(&mut self, result: Result<Value>) {
        self.batch.answers.push(result.into());
    }

    pub(super) fn context<'a>(
        &'a self,
        host: &'a dyn Host,
        sender: Option<&'a Connection<R::Connection>>,
        retry: Option<&'a Retry>,
    ) -> Context<'a, R> {
        Context {
            host,
            object: &self.object,
            state: self.state.get(),
            connections: &self.connections,
            schedule: &self.schedule,
            histories: &self.histories,
            values: &self.values,
            sibling: None,
            sender,
            retry,
            turn: Turn { pass: self.batch.pass, nth: self.batch.inputs.len() },
        }
    }

    /// What has become of a message: whatever went wrong, its sender has been told.
    pub(super) fn message(
        &mut self,
        host: &dyn Host,
        sender: &Connection<R::Connection>,
        frame: &Frame,
        fault: &Fault,
    ) -> Result<()> {
        let (limit, size) = (R::MAX_FRAME_BYTES, frame.as_bytes().len());
        if size > limit {
            self.refuse_size(host, sender.socket(), size);
            return Err(Error::FrameTooLarge { limit, size });
        }
        if let Err(error) = self.ready(host, fault) {
            self.fail(host, During::Message, Some(sender), &error, fault);
            return Err(error);
        }
        let decoded = R::Event::decode(frame);
        let exempt = decoded.as_ref().is_ok_and(R::is_exempt);
        if let (Some(limit), false) = (R::RATE_LIMIT, exempt)
            && let Err(wait) = self.connections.spend(sender, limit, host.now())
        {
            let error = Error::RateLimited { wait_millis: millis(wait) };
            let effects = R::handle_limited(&self.context(host, Some(sender), None), wait);
            self.apply_or_tell(host, Some(sender), effects, &error);
            return Err(error);
        }
        let event = decoded.inspect_err(|error| {
            let cx = self.context(host, Some(sender), None);
            let effects = R::handle_invalid(&cx, frame, error);
            self.apply_or_tell(host, Some(sender), effects, error);
        })?;
        self.call_message(host, Some(sender), event, fault).inspect_err(|error| {
            self.fail(host, During::Message, Some(sender), error, fault);
        })
    }

    pub(super) fn call_message(
        &mut self,
        host: &dyn Host,
        sender: Option<&Connection<R::Connection>>,
        event: R::Event,
        fault: &Fault,
    ) -> Result<()> {
        self.ready(host, fault)?;
        let effects = R::handle_message(&self.context(host, sender, None), event)?;
        self.apply(host, effects)
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
            let alarm = decode(&event.payload, R::migrate_alarm)
                .map_err(|error| Error::PayloadUnreadable { reason: error.to_string() })?;
            let effects = R::handle_alarm(&self.context(host, None, retry.as_ref()), alarm)?;
            self.prepare(host, effects)
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
        self.state.load(host)?;
        match fault {
            Fault::None => Ok(()),
            Fault::Handler | Fault::Hook => Err(Error::Panicked),
            Fault::Failed(error) => Err(error.clone()),
        }
    }

    /// Asks the room what to do about a handler's error.
    pub(super) fn fail(
        &mut self,
        host: &dyn Host,
        during: During,
        sender: Option<&Connection<R::Connection>>,
        error: &Error,
        fault: &Fault,
    ) {
        // Without its state a room would take itself for a fresh one.
        let effects = if *fault == Fault::Hook || self.state.load(host).is_err() {
            Effects::new().send_error(sender, error)
        } else {
            R::handle_error(&self.context(host, sender, None), during, error)
        };
        self.apply_or_tell(host, sender, effects, error);
    }

    /// Applies what a hook wants; if that breaks a rule, the sender hears of the first error.
    pub(super) fn apply_or_tell(
        &mut self,
        host: &dyn Host,
        sender: Option<&Connection<R::Connection>>,
        effects: Effects<R>,
        error: &Error,
    ) {
        if self.apply(host, effects).is_err() {
            let told = self.apply(host, Effects::new().send_error(sender, error));
            debug_assert!(told.is_ok(), "an error frame breaks no limit");
        }
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
        connections.sort_by_key(Connection::connected);
        connections
            .iter()
            .map(|connection| {
                Ok(json!({
                    "id": connection.id(),
                    "tags": connection.tags(),
                    "state": to_value("a connection's state", connection.state())?,
                    "connectedAt": connection.connected_at(),
                }))
            })
            .collect()
    }
}

fn to_value<T: serde::Serialize + ?Sized>(what: &str, value: &T) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| Error::Encode { what: what.to_owned(), reason: error.to_string() })
}
