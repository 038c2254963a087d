//! From inputs to a commit: decodes, calls handlers, checks effects, gathers what is to be done.

use std::collections::VecDeque;
use std::mem;

use serde_json::{Value, json};

use crate::check::{Checked, Step, check};
use crate::commit::{Answer, Commit, Output, Write};
use crate::connection::id_tag;
use crate::connections::Connections;
use crate::effect::{Among, Audience};
use crate::registry::ObjectName;
use crate::schedule::{Schedule, ScheduleChange};
use crate::state::State;
use crate::{
    Admission, Close, CloseCode, Connection, Context, Decode, During, Effects, Error, Fault, Frame,
    Host, Input, OnDuplicate, Result, Retry, Room, SocketId, Tag, Upgrade, limits,
};

/// One room, awake: takes inputs, gives commits.
///
/// **Every input is handled to its end, and all that a batch of inputs did comes out of
/// [`commit`](Engine::commit) at once; the host performs it, to the end, before the next input.**
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::MemoryHost;
/// use dormouse::{Answer, Engine, Input, ObjectName};
///
/// let host = MemoryHost::new();
/// let mut engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
/// engine.handle(&host, Input::ReadState);
/// assert_eq!(engine.commit(&host).answers, [Answer::Ok(serde_json::Value::Null)]);
/// ```
pub struct Engine<R: Room> {
    object: ObjectName,
    state: State<R::State>,
    connections: Connections<R::Connection>,
    schedule: Schedule,
    batch: Batch<R::Connection>,
}

/// What has gathered since the last commit.
struct Batch<C> {
    inputs: Vec<(Input, Fault)>,
    purged: bool,
    outputs: Vec<Output>,
    answers: Vec<Answer>,
    /// Connections that are over, and whose `handle_close` is yet to run.
    closing: VecDeque<(Connection<C>, Close)>,
    /// An input that was found to fail after its effects had gathered, and why.
    redo: Option<(usize, Error)>,
}

impl<C> Batch<C> {
    const fn new() -> Self {
        Self {
            inputs: Vec::new(),
            purged: false,
            outputs: Vec::new(),
            answers: Vec::new(),
            closing: VecDeque::new(),
            redo: None,
        }
    }
}

impl<R: Room> Engine<R> {
    /// A room as it is just after waking: nothing has been read.
    ///
    /// ```
    /// use dormouse::{Engine, ObjectName, rooms::Chat};
    /// let engine = Engine::<Chat>::new(ObjectName::new("chat", "lounge").unwrap());
    /// ```
    pub fn new(object: ObjectName) -> Self {
        Self {
            object,
            state: State::new(),
            connections: Connections::new(),
            schedule: Schedule::default(),
            batch: Batch::new(),
        }
    }

    /// Handles one input. What it does is gathered for the [`commit`](Engine::commit).
    pub fn handle(&mut self, host: &dyn Host, input: Input) {
        self.handle_again(host, input, Fault::None);
    }

    /// Handles an input that came to grief before.
    pub fn handle_again(&mut self, host: &dyn Host, input: Input, fault: Fault) {
        self.run(host, &input, &fault);
        self.batch.inputs.push((input, fault));
    }

    /// The names of the events that are due, in the order of their turns;
    /// [`limits::EVENTS_A_COMMIT`] at most.
    pub fn due(&self, host: &dyn Host) -> Vec<String> {
        self.schedule.due(host)
    }

    /// Ends the batch: all that its inputs did.
    pub fn commit(&mut self, host: &dyn Host) -> Commit {
        loop {
            let strict = match self.batch.redo.take() {
                Some((index, error)) => {
                    self.batch.inputs[index].1 = Fault::Failed(error);
                    false
                }
                None => match self.finish(host) {
                    Ok(commit) => return commit,
                    Err(_) => true,
                },
            };
            let inputs = mem::take(&mut self.batch.inputs);
            self.reset();
            if strict {
                self.state.be_strict();
            }
            for (input, fault) in inputs {
                self.handle_again(host, input, fault);
            }
        }
    }

    /// Forgets everything since the last commit, and all that was read before: what the host has
    /// stored is the truth. For a host whose transaction failed.
    pub fn reset(&mut self) {
        *self = Self::new(self.object.clone());
    }

    fn finish(&mut self, host: &dyn Host) -> Result<Commit> {
        let mut commit = Commit::default();
        if self.batch.purged {
            commit.writes.push(Write::Purge);
        }
        if let Some(state) = self.state.take()? {
            commit.writes.push(Write::State(state));
        }
        let ScheduleChange { events, alarm } = self.schedule.take(host);
        commit.alarm = alarm;
        commit
            .writes
            .extend(events.into_iter().map(|(name, event)| match event {
                Some(event) => Write::Event(event),
                None => Write::RemoveEvent(name),
            }));
        let (attachments, unreadable) = self.connections.take();
        let batch = mem::replace(&mut self.batch, Batch::new());
        commit.outputs = batch.outputs;
        commit.outputs.extend(
            attachments
                .into_iter()
                .map(|(socket, attachment)| Output::Attach { socket, attachment }),
        );
        commit
            .outputs
            .extend(unreadable.into_iter().map(|socket| Output::Close {
                socket,
                code: CloseCode::UNEXPECTED,
                reason: "this connection's state cannot be read".to_owned(),
            }));
        commit.answers = batch.answers;
        Ok(commit)
    }

    fn run(&mut self, host: &dyn Host, input: &Input, fault: &Fault) {
        match input {
            Input::Connect { socket, upgrade } => {
                let result = self.connect(host, *socket, upgrade, fault);
                if let Err(error) = &result {
                    self.connections.unopen(*socket);
                    self.fail(host, During::Connect, None, error, fault);
                }
                self.answer(result.map(|()| Value::Null));
            }
            Input::Message { socket, frame } => {
                if let Some(sender) = self.connections.get(host, *socket) {
                    self.message(host, &sender, frame, fault);
                }
            }
            Input::Oversize { socket, size } => self.refuse_size(host, *socket, *size),
            Input::Close { socket, close } => self.close(host, *socket, close, fault),
            Input::Alarm => self.schedule.alarm_fired(),
            Input::AlarmStands { at } => self.schedule.alarm_stands(*at),
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
                let state = self.state.load(host);
                let state = state.and_then(|()| to_value("the state", &self.state.get()));
                self.answer(state);
            }
            Input::ReadConnections { tag } => {
                let connections = self.describe_connections(host, tag.as_deref());
                self.answer(connections);
            }
        }
        self.finish_closing(host);
    }

    fn answer(&mut self, result: Result<Value>) {
        self.batch.answers.push(result.into());
    }

    fn context<'a>(
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
            sender,
            retry,
        }
    }

    /// Calls something with the context of a connection. For tests and inspection.
    ///
    /// # Errors
    /// [`Error::StateUnreadable`].
    pub fn read<T>(
        &mut self,
        host: &dyn Host,
        socket: Option<SocketId>,
        look: impl FnOnce(&Context<'_, R>) -> T,
    ) -> Result<T> {
        self.state.load(host)?;
        let sender = socket.and_then(|socket| self.connections.get(host, socket));
        Ok(look(&self.context(host, sender.as_ref(), None)))
    }

    fn connect(
        &mut self,
        host: &dyn Host,
        socket: SocketId,
        upgrade: &Upgrade,
        fault: &Fault,
    ) -> Result<()> {
        self.ready(host, fault)?;
        let limit = limits::CONNECTIONS;
        if self.connections.count(host) >= limit {
            return Err(Error::TooManyConnections { limit });
        }
        let Admission {
            id,
            mut tags,
            state,
        } = R::admit(&self.context(host, None, None), upgrade)?;
        tags.sort();
        tags.dedup();
        let (limit, count) = (limits::TAGS, tags.len());
        if count > limit {
            return Err(Error::TooManyTags { limit, count });
        }
        let replaced = self.settle_duplicates(host, id.as_str(), upgrade.on_duplicate)?;

        let mut platform_tags = vec![id_tag(id.as_str())];
        platform_tags.extend(tags.iter().map(|tag| tag.as_str().to_owned()));
        let moment = self.connections.moment(host.now());
        let connection = Connection::new(socket, id, tags.into(), moment, state);
        let joined = connection.attachment(connection.state()).and_then(|text| {
            self.connections.open(connection.clone(), text);
            let cx = self.context(host, Some(&connection), None);
            let effects = R::handle_connect(&cx, upgrade)?;
            self.prepare(host, effects)
        });
        match joined {
            Ok(steps) => {
                self.batch.outputs.push(Output::Accept {
                    socket,
                    tags: platform_tags,
                });
                self.perform(host, steps);
                Ok(())
            }
            Err(error) => {
                // The replaced connection is to stay after all.
                if replaced {
                    self.batch
                        .redo
                        .get_or_insert((self.batch.inputs.len(), error.clone()));
                }
                Err(error)
            }
        }
    }

    /// Does with the open connections of an id what the upgrade asks for; whether any was closed.
    fn settle_duplicates(&mut self, host: &dyn Host, id: &str, rule: OnDuplicate) -> Result<bool> {
        if rule == OnDuplicate::Allow {
            return Ok(false);
        }
        let duplicates = self.connections.with_id(host, id);
        if duplicates.is_empty() {
            return Ok(false);
        }
        if rule == OnDuplicate::Reject {
            return Err(Error::DuplicateConnection { id: id.to_owned() });
        }
        for duplicate in duplicates {
            self.end(
                duplicate,
                CloseCode::RESTART,
                "replaced by a newer connection",
            );
        }
        self.finish_closing(host);
        Ok(true)
    }

    fn message(
        &mut self,
        host: &dyn Host,
        sender: &Connection<R::Connection>,
        frame: &Frame,
        fault: &Fault,
    ) {
        let size = frame.as_bytes().len();
        if size > R::MAX_FRAME_BYTES {
            return self.refuse_size(host, sender.socket(), size);
        }
        let error = match R::Event::decode(frame) {
            Ok(event) => match self.call_message(host, Some(sender), event, fault) {
                Ok(()) => return,
                Err(error) => error,
            },
            Err(error) if *fault == Fault::None && self.state.load(host).is_ok() => {
                let cx = self.context(host, Some(sender), None);
                let effects = R::handle_invalid(&cx, frame, &error);
                return self.apply_or_tell(host, Some(sender), effects, &error);
            }
            Err(error) => error,
        };
        self.fail(host, During::Message, Some(sender), &error, fault);
    }

    fn call_message(
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

    fn refuse_size(&mut self, host: &dyn Host, socket: SocketId, size: usize) {
        if let Some(connection) = self.connections.get(host, socket) {
            let error = Error::FrameTooLarge {
                limit: R::MAX_FRAME_BYTES,
                size,
            };
            self.end(connection, CloseCode::TOO_BIG, &error.to_string());
        }
    }

    fn close(&mut self, host: &dyn Host, socket: SocketId, close: &Close, fault: &Fault) {
        let connection = self.connections.get(host, socket);
        // Answered even if the connection is unknown: without an answer its client waits for ever.
        self.batch.outputs.push(Output::Close {
            socket,
            code: close.answer(),
            reason: if check_answer(close) {
                close.reason.clone()
            } else {
                String::new()
            },
        });
        if let Some(connection) = connection {
            self.connections.end(socket);
            self.call_close(host, &connection, close, fault);
        }
    }

    /// The room ends a connection.
    fn end(&mut self, connection: Connection<R::Connection>, code: CloseCode, reason: &str) {
        let socket = connection.socket();
        if self.connections.is_over(socket) {
            return;
        }
        self.connections.end(socket);
        self.batch.outputs.push(Output::Close {
            socket,
            code,
            reason: reason.to_owned(),
        });
        let close = Close {
            code: code.get(),
            reason: reason.to_owned(),
            was_clean: true,
        };
        self.batch.closing.push_back((connection, close));
    }

    /// `handle_close` for every connection that the room has ended, and for those that it ends
    /// meanwhile. A queue, so that a room that closes one after the other needs no stack.
    fn finish_closing(&mut self, host: &dyn Host) {
        while let Some((connection, close)) = self.batch.closing.pop_front() {
            self.call_close(host, &connection, &close, &Fault::None);
        }
    }

    fn call_close(
        &mut self,
        host: &dyn Host,
        connection: &Connection<R::Connection>,
        close: &Close,
        fault: &Fault,
    ) {
        let result = self.ready(host, fault).and_then(|()| {
            let effects = R::handle_close(&self.context(host, Some(connection), None), close)?;
            self.apply(host, effects)
        });
        if let Err(error) = result {
            self.fail(host, During::Close, Some(connection), &error, fault);
        }
    }

    fn event(&mut self, host: &dyn Host, name: &str, fault: &Fault) {
        let Some(event) = self.schedule.due_event(host, name) else {
            return;
        };
        let retry = event.error.clone().map(|reason| Retry {
            attempt: event.failures + 1,
            reason,
        });
        let result = self.ready(host, fault).and_then(|()| {
            let alarm =
                serde_json::from_str(&event.payload).map_err(|error| Error::PayloadUnreadable {
                    reason: error.to_string(),
                })?;
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
    fn ready(&mut self, host: &dyn Host, fault: &Fault) -> Result<()> {
        self.state.load(host)?;
        match fault {
            Fault::None => Ok(()),
            Fault::Handler | Fault::Hook => Err(Error::Panicked),
            Fault::Failed(error) => Err(error.clone()),
        }
    }

    /// Asks the room what to do about a handler's error.
    fn fail(
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
    fn apply_or_tell(
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

    fn apply(&mut self, host: &dyn Host, effects: Effects<R>) -> Result<()> {
        let steps = self.prepare(host, effects)?;
        self.perform(host, steps);
        Ok(())
    }

    /// Checks everything and changes the state: the part that can fail.
    fn prepare(&mut self, host: &dyn Host, effects: Effects<R>) -> Result<Vec<Step<R>>> {
        let Checked { changes, steps } = check(effects, host.now())?;
        self.state.apply(changes)?;
        Ok(steps)
    }

    /// Does the part that cannot fail. Frames go before closes.
    fn perform(&mut self, host: &dyn Host, steps: Vec<Step<R>>) {
        let mut closes = Vec::new();
        for step in steps {
            match step {
                Step::Send { to, frame } => self.send(to, frame),
                Step::SetConnection {
                    connection,
                    state,
                    text,
                } => {
                    self.connections
                        .set_state(host, connection.socket(), state, text);
                }
                Step::Close {
                    sockets,
                    code,
                    reason,
                } => closes.push((sockets, code, reason)),
                Step::Schedule(event) => self.schedule.put(event),
                Step::Cancel(name) => self.schedule.cancel(host, &name),
                Step::Purge => {
                    self.schedule.purge();
                    self.batch.purged = true;
                }
            }
        }
        for (sockets, code, reason) in closes {
            for socket in sockets {
                if let Some(connection) = self.connections.get(host, socket) {
                    self.end(connection, code, &reason);
                }
            }
        }
    }

    fn send(&mut self, to: Audience, frame: Frame) {
        let Audience { among, mut except } = to;
        except.retain(|socket| !self.connections.is_over(*socket));
        let tag = match among {
            Among::Everyone => None,
            Among::Tagged(tag) => Some(tag),
            Among::Only(mut sockets) => {
                sockets.retain(|socket| {
                    !self.connections.is_over(*socket) && !except.contains(socket)
                });
                if !sockets.is_empty() {
                    self.batch.outputs.push(Output::Send { sockets, frame });
                }
                return;
            }
        };
        self.batch
            .outputs
            .push(Output::Broadcast { tag, except, frame });
    }

    fn describe_connections(&mut self, host: &dyn Host, tag: Option<&str>) -> Result<Value> {
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
    serde_json::to_value(value).map_err(|error| Error::Encode {
        what: what.to_owned(),
        reason: error.to_string(),
    })
}

/// Whether a close's reason can go back with the answer: only with a code that can.
fn check_answer(close: &Close) -> bool {
    close.answer().get() == close.code && crate::close::check_reason(&close.reason).is_ok()
}
