//! One input: which handler it means, and what comes of the handler's result.

use std::mem;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::engine::Engine;
use crate::engine::alarms::{FORGET, LEAVE, POST, SWEEP};
use crate::engine::batch::Batch;
use crate::engine::check::error_frame;
use crate::engine::handlers::{Call, Done, Said, Unheard};
use crate::engine::overlay::Overlay;
use crate::engine::sight::{About, Sight};
use crate::host::commit::{Commit, Output, Write};
use crate::host::handler_error::HandlerError;
use crate::host::host::Host;
use crate::host::input::Input;
use crate::room::alarm::Retry;
use crate::room::audience::Audience;
use crate::room::close::CloseCode;
use crate::room::connection::Handle;
use crate::room::connection_id::ConnectionId;
use crate::room::error::{Error, Result};
use crate::room::frame::{Frame, to_value};
use crate::room::handler::Handler;
use crate::room::tag::Tag;
use crate::room::time::{Timestamp, millis};

/// The engine with the host that it reads from, for as long as one input takes.
pub(super) struct Turn<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) host: &'a dyn Host,
}

/// A connection as the Worker's client sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described<'a> {
    id: &'a ConnectionId,
    tags: &'a [Tag],
    state: Box<RawValue>,
    connected_at: Timestamp,
    /// Its line is lost, and it may come back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    away: bool,
}

impl Turn<'_> {
    /// What is stored, under what the batch has changed.
    pub(super) fn world(&self) -> Overlay<'_> {
        self.engine.changes.over(self.host)
    }

    pub(super) fn sight<'a>(&'a self, about: About<'a>) -> Sight<'a> {
        self.engine.sight(self.host, about)
    }

    pub(super) fn run(&mut self, input: &Input) {
        self.engine.batch.hops = 0;
        match input {
            Input::Connect { socket, upgrade } => {
                let result = self.connect(*socket, upgrade);
                if let Err(error) = &result {
                    self.fail(Handler::Connect, None, error);
                }
                self.answer(result);
            }
            Input::Message { socket, frame } => {
                let sender = self.engine.connections.get(&self.world(), *socket);
                match sender {
                    Some(sender) if sender.speaks() => self.numbered(&sender, frame),
                    Some(sender) => drop(self.message(&sender, frame)),
                    None => {}
                }
            }
            Input::Oversize { socket, size } => self.refuse_size(*socket, *size),
            Input::Close { socket, close } => self.close(*socket, close),
            Input::AlarmFired => self.engine.clock.fired(),
            Input::AlarmStands { at } => self.engine.clock.stands(*at),
            Input::Alarm { name } => self.alarm(name),
            Input::Send { json } => {
                let result = self.told(json, About::default());
                if let Err(error) = &result {
                    self.fail(Handler::Message, None, error);
                }
                self.answer(result.map(|()| Value::Null));
            }
            Input::Broadcast { json, tag } => {
                let result = self.broadcast(json, tag.as_deref());
                self.answer(result.map(|()| Value::Null));
            }
            Input::Receive { from, letter } => {
                let result = self.receive(from, letter);
                if let Err(error) = &result {
                    self.fail(Handler::Message, None, error);
                }
                self.answer(result);
            }
            Input::Delivered { seq, delivered } => self.delivered(*seq, delivered),
            Input::ReadState => {
                let state = self.read_state();
                self.answer(state);
            }
            Input::ReadCount => {
                let count = self.engine.connections.count(&self.world());
                self.answer(Ok(count.into()));
            }
            Input::ReadConnections { tag } => {
                let connections = self.describe_connections(tag.as_deref());
                self.answer(connections);
            }
        }
        self.finish_closing();
    }

    fn answer(&mut self, result: Result<Value>) {
        self.engine.batch.answers.push(result.into());
    }

    pub(super) fn load(&mut self) -> Result<()> {
        self.engine.room.load(self.host)
    }

    pub(super) fn read_state(&mut self) -> Result<Value> {
        self.load()?;
        self.engine.room.state()
    }

    /// A frame of a client, from its size to what its handler did.
    pub(super) fn message(&mut self, sender: &Handle, frame: &Frame) -> Result<()> {
        let (limit, size) = (self.engine.traits.max_frame_bytes, frame.as_bytes().len());
        if size > limit {
            self.refuse_size(sender.socket(), size);
            return Err(Error::FrameTooLarge { limit, size });
        }
        match self.said(Said::Frame(frame), sender.into()) {
            Ok(()) => Ok(()),
            Err(Unheard::Limited(wait)) => {
                let error = Error::RateLimited { wait_millis: millis(wait) };
                self.apply_or_tell(Some(sender), Call::Limited(wait), &error);
                Err(error)
            }
            Err(Unheard::Invalid(error)) => {
                self.apply_or_tell(Some(sender), Call::Invalid(frame, &error), &error);
                Err(error)
            }
            Err(Unheard::Failed(error)) => {
                self.fail(Handler::Message, Some(sender), &error);
                Err(error)
            }
        }
    }

    /// What the Worker or a sibling says.
    pub(super) fn told(&mut self, json: &str, about: About<'_>) -> Result<()> {
        self.said(Said::Json(json), about).map_err(|unheard| match unheard {
            Unheard::Invalid(error) | Unheard::Failed(error) => error,
            Unheard::Limited(wait) => Error::RateLimited { wait_millis: millis(wait) },
        })
    }

    fn said(&mut self, said: Said<'_>, about: About<'_>) -> Result<(), Unheard> {
        self.load()?;
        let Engine { room, connections, traits, .. } = &*self.engine;
        let mut pay = |is_exempt: bool| match (traits.rate_limit, about.sender) {
            (Some(limit), Some(sender)) if !is_exempt => {
                connections.spend(sender, limit, self.host.now())
            }
            _ => Ok(()),
        };
        let done = room.message(&self.sight(about), said, &mut pay)?;
        self.done(done)?;
        Ok(())
    }

    /// An alarm that is due, one of the room's or the engine's own.
    fn alarm(&mut self, name: &str) {
        match name.split_once('/') {
            Some((SWEEP, socket)) => return self.end_silent(socket),
            Some((LEAVE, session)) => return self.leave(session),
            Some((POST, seq)) => return self.post_again(seq),
            _ => {}
        }
        match name {
            SWEEP => self.swept(),
            FORGET => self.forget_senders(),
            // What is due of these has names of its own.
            LEAVE | POST => {}
            _ => self.room_alarm(name),
        }
    }

    fn room_alarm(&mut self, name: &str) {
        let now = self.host.now();
        let alarm = self.world().stored_alarm(name);
        let Some(alarm) = alarm.filter(|alarm| !alarm.failed && alarm.at <= now) else { return };
        let attempt = alarm.failures.saturating_add(1);
        let retry = alarm.error.clone().map(|reason| Retry { attempt, reason });
        let about = About { retry: retry.as_ref(), ..About::default() };
        let result = self.load().and_then(|()| self.call(about, Call::Alarm(&alarm.payload)));
        match result {
            Ok(steps) => {
                // Before its effects: one of them may plan the same name anew.
                match alarm.clone().handled(now) {
                    Some(next) => self.engine.changes.put_alarm(next),
                    None => self.engine.changes.remove_alarm(self.host, &alarm.name),
                }
                self.perform(steps);
            }
            Err(error) => {
                self.engine.changes.put_alarm(alarm.tried(now, error.to_string()));
                self.fail(Handler::Alarm, None, &error);
            }
        }
    }

    fn broadcast(&mut self, json: &str, tag: Option<&str>) -> Result<()> {
        self.engine.room.has_failed()?;
        let to = match tag.map(Tag::new).transpose()? {
            Some(tag) => Audience::tagged(tag),
            None => Audience::everyone(),
        };
        let frame = self.engine.room.encode_json(json)?;
        let row = self.row(&to, &frame)?;
        self.send(&to, frame, row);
        Ok(())
    }

    /// After a failure: what the room says to it, and if that fails too, the error as it is. Nobody is
    /// told of an error but its sender; the log is.
    pub(super) fn fail(&mut self, during: Handler, sender: Option<&Handle>, error: &Error) {
        self.engine.batch.errors.extend(HandlerError::unheard(during, error));
        // Without its state a room would take itself for a fresh one.
        if self.load().is_err() {
            self.tell(sender, error);
        } else {
            self.apply_or_tell(sender, Call::Failed(during, error), error);
        }
    }

    fn apply_or_tell(&mut self, sender: Option<&Handle>, hook: Call<'_>, error: &Error) {
        let handler = hook.handler();
        if let Err(other) = self.apply(About { sender, ..About::default() }, hook) {
            self.engine.batch.errors.extend(HandlerError::of_hook(handler, other));
            self.tell(sender, error);
        }
    }

    fn tell(&mut self, sender: Option<&Handle>, error: &Error) {
        let frame = error_frame(error.code(), &error.public_message());
        let to = Audience::only(sender);
        // Too large for the log it is told all the same, and not told again.
        let row = self.row(&to, &frame).unwrap_or_default();
        self.send(&to, frame, row);
    }

    fn describe_connections(&mut self, tag: Option<&str>) -> Result<Value> {
        let tag = tag.map(Tag::new).transpose()?;
        let (world, connections) = (self.world(), &self.engine.connections);
        let listed = match tag {
            Some(tag) => connections.tagged(&world, &tag),
            None => connections.all(&world),
        };
        let described = listed.iter().map(|connection| {
            Ok(Described {
                id: connection.id(),
                tags: connection.tags(),
                state: connections.codec.state(connection)?,
                connected_at: connection.connected_at(),
                away: !connection.is_here(),
            })
        });
        to_value("the connections", &described.collect::<Result<Vec<_>>>()?)
    }

    /// The commit of the batch.
    pub(super) fn finish(&mut self) -> Result<Commit> {
        let mut commit = Commit::default();
        let state = self.engine.room.take_state()?;
        self.settle_all();
        self.engine.connections.store_spent(&mut self.engine.changes);
        self.end_sessions();
        self.send_letters();
        if self.engine.changes.purged() {
            commit.writes.push(Write::Purge);
        }
        commit.writes.extend(state.map(Write::State));
        let has_alarms = self.engine.changes.has_alarms();
        let Engine { changes, clock, .. } = &mut *self.engine;
        commit.alarm = clock.set(&changes.over(self.host), has_alarms);
        let mut batch = mem::replace(&mut self.engine.batch, Batch::new());
        // Its memory serves the next batch.
        batch.inputs.clear();
        self.engine.batch.inputs = batch.inputs;
        commit.outputs = batch.outputs;
        self.engine.changes.take(&mut commit.writes, &mut commit.outputs);
        let unreadable = self.engine.connections.take_unreadable().into_iter();
        commit.outputs.extend(unreadable.map(|socket| Output::Close {
            socket,
            code: CloseCode::UNEXPECTED,
            reason: "this connection's state cannot be read".to_owned(),
        }));
        commit.answers = batch.answers;
        commit.errors = batch.errors;
        Ok(commit)
    }

    /// Calls a handler, and lets its effects take place.
    pub(super) fn apply(&mut self, about: About<'_>, call: Call<'_>) -> Result<()> {
        let steps = self.call(about, call)?;
        self.perform(steps);
        Ok(())
    }

    pub(super) fn done(&mut self, done: Done) -> Result<()> {
        let steps = self.good(done)?;
        self.perform(steps);
        Ok(())
    }
}
