//! A room on an in-memory host.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::client::{Line, TestClient};
use super::host::{Delivery, MemoryHost};
use super::twice::{Happened, Mode};
use crate::engine::Engine;
use crate::engine::migrate::decode;
use crate::host::commit::{Answer, Commit};
use crate::host::handler_error::HandlerError;
use crate::host::input::Input;
use crate::host::letter::{Delivered, Letter};
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::error::{Error, Result};
use crate::room::frame::{Decode, Frame};
use crate::room::object_name::ObjectName;
use crate::room::room::Room;
use crate::room::time::Timestamp;
use crate::room::upgrade::Upgrade;

/// A room without a server: an [`Engine`] on a [`MemoryHost`].
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::Message;
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// room.send(&Message::Say { text: "from the API".into() }).unwrap();
/// assert!(room.state().is_none(), "before any state exists nothing is counted");
/// ```
pub struct TestRoom<R: Room>(pub(super) Rc<RefCell<World<R>>>);

pub(super) struct World<R: Room> {
    object: ObjectName,
    engine: Engine,
    room: PhantomData<R>,
    pub(super) host: MemoryHost,
    waiting: VecDeque<Input>,
    held: bool,
    commits: usize,
    mode: Mode,
    pub(super) happened: Happened,
    clients: usize,
    /// The clients' ends of their sockets, by socket.
    lines: BTreeMap<SocketId, Rc<RefCell<Line>>>,
}

impl<R: Room> Clone for TestRoom<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<R: Room> TestRoom<R> {
    /// A room that has never been awake.
    ///
    /// # Panics
    /// If the id is not one a room can have.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// let room = TestRoom::<Chat>::new("lounge");
    /// assert_eq!(room.state(), None);
    /// ```
    pub fn new(id: &str) -> Self {
        Self::on(MemoryHost::new(), id)
    }

    /// A room on a host that was made ready.
    ///
    /// # Panics
    /// If the id is not one a room can have.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// let room = TestRoom::<Chat>::on(MemoryHost::new().with_seed(7), "lounge");
    /// ```
    pub fn on(host: MemoryHost, id: &str) -> Self {
        Self::in_mode(Mode::Awake, host, id)
    }

    pub(super) fn in_mode(mode: Mode, host: MemoryHost, id: &str) -> Self {
        let object = ObjectName::new(R::NAME, id).expect("a room id");
        Self(Rc::new(RefCell::new(World {
            engine: Engine::of::<R>(object.clone()),
            room: PhantomData,
            object,
            host,
            waiting: VecDeque::new(),
            held: false,
            commits: 0,
            mode,
            happened: Happened::default(),
            clients: 0,
            lines: BTreeMap::new(),
        })))
    }

    /// Connects a client with an id.
    ///
    /// # Panics
    /// If the room refuses.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// let bob = room.connect("bob");
    /// assert!(bob.is_open());
    /// ```
    #[track_caller]
    pub fn connect(&self, id: &str) -> TestClient<R> {
        let upgrade = Upgrade { id: Some(id.to_owned()), ..Upgrade::default() };
        match self.try_connect(upgrade) {
            Ok(client) => client,
            Err(error) => panic!("the room refused {id:?}: {error}"),
        }
    }

    /// Connects a client the way a Worker does.
    ///
    /// # Errors
    /// What the room refused it with.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// let upgrade = dormouse::Upgrade { id: Some(String::new()), ..Default::default() };
    /// assert!(room.try_connect(upgrade).is_err(), "an id is not empty");
    /// ```
    pub fn try_connect(&self, upgrade: Upgrade) -> Result<TestClient<R>> {
        let mut world = self.0.borrow_mut();
        let socket = world.host.new_socket();
        let line = Rc::new(RefCell::new(Line::new(socket, world.clients)));
        world.clients += 1;
        world.lines.insert(socket, Rc::clone(&line));
        match world.call(Input::Connect { socket, upgrade }) {
            Ok(_) => Ok(TestClient::new(self.clone(), line)),
            Err(error) => {
                world.lines.remove(&socket);
                Err(error)
            }
        }
    }

    /// Sends an event by API.
    ///
    /// # Errors
    /// The room's.
    ///
    /// # Panics
    /// If the event cannot be written as JSON.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// let room = TestRoom::<Chat>::new("lounge");
    /// let bob = room.connect("bob");
    /// room.send(&Message::Say { text: "hello".into() }).unwrap();
    /// assert!(bob.receive_text().contains("system"));
    /// ```
    pub fn send(&self, message: &<R::Message as Decode>::Inside) -> Result<()>
    where
        <R::Message as Decode>::Inside: Serialize,
    {
        self.send_json(&serde_json::to_string(message).expect("a message as JSON"))
    }

    /// Sends an event by API, as JSON that need not be right.
    ///
    /// # Errors
    /// The room's.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// room.send_json("\"dinner\"").unwrap();
    /// assert_eq!(ada.receive_text(), "dinner");
    /// assert!(room.send_json("not JSON").is_err());
    /// ```
    pub fn send_json(&self, json: &str) -> Result<()> {
        self.0.borrow_mut().call(Input::Send { json: json.to_owned() }).map(|_| ())
    }

    /// Says something to all connections by API, or to those with a tag, as JSON.
    ///
    /// # Errors
    /// [`Error::InvalidMessage`] if it is no JSON.
    ///
    /// ```
    /// use dormouse::rooms::Lobby;
    /// use dormouse::testing::TestRoom;
    ///
    /// let room = TestRoom::<Lobby>::new("main");
    /// let ada = room.connect("ada");
    /// room.broadcast("\"closing time\"", None).unwrap();
    /// assert_eq!(ada.receive_text(), "closing time");
    /// ```
    pub fn broadcast(&self, json: &str, tag: Option<&str>) -> Result<()> {
        let (json, tag) = (json.to_owned(), tag.map(ToOwned::to_owned));
        self.0.borrow_mut().call(Input::Broadcast { json, tag }).map(|_| ())
    }

    /// The stored state; one of an older version as `migrate_state` makes it.
    ///
    /// # Panics
    /// If it does not decode.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("/remind 5 tea");
    /// assert_eq!(room.state().unwrap().pending, 1);
    /// ```
    pub fn state(&self) -> Option<R::State> {
        use crate::host::host::Host as _;
        let json = self.0.borrow().host.state()?;
        Some(decode(&json, R::migrate_state).expect("the stored state as the room's State"))
    }

    /// The number of connections as the API tells it.
    ///
    /// # Panics
    /// Never: it cannot fail.
    ///
    /// ```
    /// use dormouse::rooms::Echo;
    /// use dormouse::testing::TestRoom;
    ///
    /// let room = TestRoom::<Echo>::new("main");
    /// let ada = room.connect("ada");
    /// assert_eq!(room.count(), 1);
    /// ada.cut();
    /// assert_eq!(room.count(), 0);
    /// ```
    pub fn count(&self) -> u64 {
        let count = self.0.borrow_mut().call(Input::ReadCount);
        count.ok().and_then(|count| count.as_u64()).expect("a number")
    }

    /// The connections as the API tells them: `[{id, tags, state, connectedAt}]`.
    ///
    /// # Errors
    /// [`Error::InvalidTag`], [`Error::TagTooLong`].
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// assert_eq!(room.connections(None).unwrap()[0]["id"], "ada");
    /// ```
    pub fn connections(&self, tag: Option<&str>) -> Result<Value> {
        let tag = tag.map(ToOwned::to_owned);
        self.0.borrow_mut().call(Input::ReadConnections { tag })
    }

    /// Looks at the room the way a handler without a sender would.
    ///
    /// # Panics
    /// If the stored state does not decode.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// assert_eq!(room.read(|cx| cx.count()), 1);
    /// ```
    pub fn read<T>(&self, look: impl FnOnce(&Context<'_, R>) -> T) -> T {
        self.read_as(None, look)
    }

    pub(super) fn read_as<T>(
        &self,
        socket: Option<SocketId>,
        look: impl FnOnce(&Context<'_, R>) -> T,
    ) -> T {
        let World { engine, host, .. } = &mut *self.0.borrow_mut();
        engine.read(host, socket, look).expect("the stored state as the room's State")
    }

    /// The time.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// let before = room.now();
    /// room.advance(Duration::from_secs(1));
    /// assert_eq!(room.now() - before, Duration::from_secs(1));
    /// ```
    pub fn now(&self) -> Timestamp {
        use crate::host::host::Host as _;
        self.0.borrow().host.now()
    }

    /// Where the alarm stands.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("/remind 5 tea");
    /// assert_eq!(room.alarm(), Some(room.now() + Duration::from_secs(5)));
    /// ```
    pub fn alarm(&self) -> Option<Timestamp> {
        self.0.borrow().host.alarm()
    }

    /// The letters to other rooms and functions that are on their way since this was last asked.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// assert!(room.take_letters().is_empty());
    /// ```
    pub fn take_letters(&self) -> Vec<Letter> {
        self.0.borrow_mut().host.take_letters()
    }

    /// The errors of handlers that went to the log since this was last asked: those whose words no
    /// client hears.
    ///
    /// ```
    /// # use dormouse::rooms::Reminders;
    /// # use dormouse::testing::TestRoom;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("/remind 5 tea");
    /// assert_eq!(room.take_errors(), []);
    /// room.with_host(|host| host.set_state("the state of another room"));
    /// room.hibernate();
    /// ada.send_text("/remind 5 tea");
    /// assert_eq!(room.take_errors()[0].handler, dormouse::Handler::Message);
    /// ```
    pub fn take_errors(&self) -> Vec<HandlerError> {
        self.0.borrow_mut().host.take_errors()
    }

    /// Tells how the delivery of a letter went.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// use dormouse::Delivered;
    /// room.delivered(1, Delivered::Ok(serde_json::Value::Null));
    /// assert!(room.take_letters().is_empty(), "nobody waits for that");
    /// ```
    pub fn delivered(&self, seq: u64, delivered: Delivered) {
        let mut world = self.0.borrow_mut();
        world.host.landed(seq);
        world.put(Input::Delivered { seq, delivered });
    }

    /// A letter arrives from the room of an object's name.
    ///
    /// # Errors
    /// The room's.
    ///
    /// # Panics
    /// If the name is not one of an object.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// use dormouse::{Errand, Letter};
    /// let errand = Errand::Message { room: "reminders/kitchen".into(), json: "\"dinner\"".into() };
    /// room.receive("chat/lounge", Letter { seq: 1, floor: 1, hops: 0, errand }).unwrap();
    /// assert_eq!(ada.receive_text(), "dinner");
    /// ```
    pub fn receive(&self, from: &str, letter: Letter) -> Result<Value> {
        let from = ObjectName::parse(from).expect("an object's name");
        self.0.borrow_mut().call(Input::Receive { from, letter })
    }

    /// Moves the clock, and lets the alarm go off each time it is due on the way.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("/remind 5 tea");
    /// room.advance(Duration::from_secs(5));
    /// assert_eq!(ada.received().len(), 2);
    /// ```
    pub fn advance(&self, duration: Duration) {
        let end = self.now() + duration;
        while let Some(at) = self.alarm().filter(|at| *at <= end) {
            let wait = at - self.now();
            self.0.borrow_mut().host.advance(wait);
            self.fire_alarm();
        }
        let rest = end - self.now();
        self.0.borrow_mut().host.advance(rest);
    }

    /// Moves the clock and lets no alarm go off: the object slept through it.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("/remind 5 tea");
    /// room.sleep(Duration::from_secs(60));
    /// assert_eq!(ada.received().len(), 1);
    /// ```
    pub fn sleep(&self, duration: Duration) {
        self.0.borrow_mut().host.advance(duration);
    }

    /// Lets the alarm go off now, due or not.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("/remind 5 tea");
    /// room.fire_alarm();
    /// assert_eq!(ada.received().len(), 1, "it was not due");
    /// ```
    pub fn fire_alarm(&self) {
        let mut world = self.0.borrow_mut();
        world.host.take_alarm();
        world.put(Input::AlarmFired);
    }

    /// Puts the object to sleep; the next event wakes it. Sockets stay open.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// room.hibernate();
    /// ada.send_text("good morning");
    /// assert_eq!(ada.receive_text(), "[ada] good morning");
    /// ```
    pub fn hibernate(&self) {
        self.0.borrow_mut().hibernate();
    }

    /// The machine fails: every socket is lost, no close is told of, and what is stored stays.
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::TestRoom;
    /// let room = TestRoom::<Chat>::new("lounge");
    /// room.connect("ada");
    /// room.crash();
    /// assert_eq!(room.count(), 0);
    /// ```
    pub fn crash(&self) {
        let mut world = self.0.borrow_mut();
        world.hibernate();
        world.host.lose_sockets();
        world.lines.clear();
        // It wakes elsewhere, and begins by looking at its alarm.
        let at = world.host.alarm();
        world.put(Input::AlarmStands { at });
    }

    /// Deploys another version of the room, which finds what this one has stored, and its sockets
    /// open. This one is left without any.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Lobby};
    /// # use dormouse::testing::TestRoom;
    /// let room = TestRoom::<Chat>::new("lounge");
    /// let ada = room.connect("ada");
    /// let other = room.deploy::<Lobby>();
    /// assert_eq!((room.count(), other.count()), (0, 1));
    /// ```
    pub fn deploy<Other: Room>(&self) -> TestRoom<Other> {
        let mut world = self.0.borrow_mut();
        world.hibernate();
        let other = TestRoom::on(std::mem::take(&mut world.host), world.object.id());
        let mut next = other.0.borrow_mut();
        (next.lines, next.clients) = (std::mem::take(&mut world.lines), world.clients);
        drop(next);
        other
    }

    /// The clients whose sockets are open, in the order in which they came.
    ///
    /// ```
    /// # use dormouse::rooms::Chat;
    /// # use dormouse::testing::TestRoom;
    /// let room = TestRoom::<Chat>::new("lounge");
    /// room.connect("ada");
    /// assert_eq!(room.clients().len(), 1);
    /// ```
    pub fn clients(&self) -> Vec<TestClient<R>> {
        let world = self.0.borrow();
        let mut lines: Vec<_> = world.lines.values().map(Rc::clone).collect();
        lines.sort_by_key(|line| line.borrow().client());
        lines.into_iter().map(|line| TestClient::new(self.clone(), line)).collect()
    }

    /// What happens inside is handled as one batch, with one commit.
    ///
    /// ```
    /// use dormouse::rooms::Chat;
    /// use dormouse::rooms::chat::Message;
    /// use dormouse::testing::TestRoom;
    ///
    /// let room = TestRoom::<Chat>::new("lounge");
    /// let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// let before = room.commits();
    /// room.together(|| {
    ///     ada.send(&Message::Say { text: "one".into() });
    ///     bob.send(&Message::Say { text: "two".into() });
    /// });
    /// assert_eq!(room.commits() - before, 1);
    /// ```
    pub fn together(&self, happen: impl FnOnce()) {
        self.0.borrow_mut().held = true;
        happen();
        let mut world = self.0.borrow_mut();
        world.held = false;
        world.drain();
    }

    /// How many commits stored something.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// ada.send_text("chat is not stored");
    /// assert_eq!(room.commits(), 0);
    /// ```
    pub fn commits(&self) -> usize {
        self.0.borrow().commits
    }

    /// The host, to make it ready for a test or to look at.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Reminders, chat::Message};
    /// # use dormouse::testing::{MemoryHost, TestRoom};
    /// # use std::time::Duration;
    /// # let room = TestRoom::<Reminders>::new("kitchen");
    /// # let ada = room.connect("ada");
    /// room.with_host(|host| host.set_state(r#"{"made":7,"pending":0}"#));
    /// assert_eq!(room.state().unwrap().made, 7);
    /// ```
    pub fn with_host<T>(&self, act: impl FnOnce(&mut MemoryHost) -> T) -> T {
        act(&mut self.0.borrow_mut().host)
    }

    pub(super) fn message(&self, socket: SocketId, frame: Frame) {
        self.0.borrow_mut().put(Input::Message { socket, frame });
    }

    pub(super) fn close(&self, socket: SocketId, close: Close) {
        self.0.borrow_mut().put(Input::Close { socket, close });
    }
}

impl<R: Room> World<R> {
    fn put(&mut self, input: Input) {
        self.waiting.push_back(input);
        if !self.held {
            self.drain();
        }
    }

    fn call(&mut self, input: Input) -> Result<Value, Error> {
        self.waiting.push_back(input);
        match self.drain().pop().expect("an answer") {
            Answer::Ok(value) => Ok(value),
            Answer::Error(failure) => Err(failure.error),
        }
    }

    fn drain(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        while !self.waiting.is_empty() {
            let batch = std::mem::take(&mut self.waiting);
            let mut over = Vec::new();
            for input in &batch {
                if let Input::Close { socket, .. } = input {
                    over.push(*socket);
                }
            }
            let commit = match self.mode {
                Mode::Awake => run(&mut self.engine, &self.host, batch),
                Mode::Asleep => {
                    run_on_a_fresh_machine::<R>(&mut self.host, self.object.clone(), batch)
                }
            };
            if !commit.writes.is_empty() || commit.alarm.is_some() {
                self.commits += 1;
            }
            for (socket, delivery) in self.host.perform(&commit) {
                self.deliver(socket, delivery);
            }
            for socket in over {
                self.host.forget(socket);
                self.lines.remove(&socket);
            }
            self.happened.batch(&self.host, &commit);
            answers.extend(commit.answers);
            if self.mode == Mode::Asleep {
                self.hibernate();
            }
        }
        answers
    }

    fn deliver(&mut self, socket: SocketId, delivery: Delivery) {
        let Some(line) = self.lines.get(&socket) else {
            return;
        };
        let mut line = line.borrow_mut();
        self.happened.delivered(line.client(), &delivery);
        match delivery {
            Delivery::Frame(frame) => line.receive(frame),
            Delivery::Close { code, reason } => {
                let close = Close { code, reason, was_clean: true };
                if line.close(close.clone()) {
                    // The client answers, and so the platform tells of the close in its turn.
                    self.waiting.push_back(Input::Close { socket, close });
                }
            }
        }
    }

    fn hibernate(&mut self) {
        self.engine.reset();
        self.host.lose_letters();
        let numbers = self.host.renumber();
        for input in &mut self.waiting {
            if let Input::Message { socket, .. } | Input::Close { socket, .. } = input
                && let Some(after) = numbers.get(socket)
            {
                *socket = *after;
            }
        }
        self.lines = std::mem::take(&mut self.lines)
            .into_iter()
            .filter_map(|(before, line)| {
                let after = *numbers.get(&before)?;
                line.borrow_mut().renumber(after);
                Some((after, line))
            })
            .collect();
    }
}

fn run(engine: &mut Engine, host: &MemoryHost, batch: impl IntoIterator<Item = Input>) -> Commit {
    for input in batch {
        let alarm = matches!(input, Input::AlarmFired);
        engine.handle(host, input);
        if alarm {
            for name in engine.due(host) {
                engine.handle(host, Input::Alarm { name });
            }
        }
    }
    engine.commit(host)
}

/// On a thread of its own, where no variable of a thread has ever been touched.
fn run_on_a_fresh_machine<R: Room>(
    host: &mut MemoryHost,
    object: ObjectName,
    batch: VecDeque<Input>,
) -> Commit {
    let ran = thread::scope(|scope| {
        // Moved, not lent: it is not made to be read from two threads.
        let run = move || run(&mut Engine::of::<R>(object), host, batch);
        scope.spawn(run).join()
    });
    ran.unwrap_or_else(|panic| resume_unwind(panic))
}
