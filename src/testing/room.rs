//! A room on an in-memory host.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::client::{Line, TestClient};
use super::host::{Delivery, MemoryHost};
use super::object::{Object, Ran, Ticket, Turn};
use super::resuming::ResumingClient;
use super::twice::{Happened, Mode};
use crate::engine::migrate::decode;
use crate::host::commit::{Answer, Write};
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

/// A room without a server: an [`Engine`](crate::Engine) on a [`MemoryHost`].
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
    pub(super) object: Object,
    room: PhantomData<R>,
    held: bool,
    commits: usize,
    mode: Mode,
    pub(super) happened: Happened,
    answers: BTreeMap<Ticket, Answer>,
    clients: usize,
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
        Self::in_mode(Mode::Alone, host, id)
    }

    pub(super) fn in_mode(mode: Mode, host: MemoryHost, id: &str) -> Self {
        let mut object = Object::new::<R>(host, id);
        object.settings.is_fresh = mode == Mode::Asleep;
        Self(Rc::new(RefCell::new(World {
            object,
            room: PhantomData,
            held: false,
            commits: 0,
            mode,
            happened: Happened::default(),
            answers: BTreeMap::new(),
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
        let socket = world.object.host.new_socket();
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

    /// Connects a client that comes back when its line is lost, with an id.
    ///
    /// # Panics
    /// If the room refuses: it has to have a [`RESUME`](Room::RESUME).
    ///
    /// ```
    /// use dormouse::{rooms::Chat, testing::TestRoom};
    /// let room = TestRoom::<Chat>::new("lounge");
    /// let ada = room.join("ada");
    /// ada.drop_line();
    /// assert!(!ada.is_open());
    /// ada.reconnect();
    /// assert_eq!(ada.hellos()[1]["same"], true);
    /// ```
    #[track_caller]
    pub fn join(&self, id: &str) -> ResumingClient<R> {
        self.join_as(Upgrade { id: Some(id.to_owned()), ..Upgrade::default() })
    }

    /// The same with all that the Worker gives.
    ///
    /// # Panics
    /// If the room refuses.
    ///
    /// ```
    /// use dormouse::{Upgrade, rooms::Chat, testing::TestRoom};
    /// let room = TestRoom::<Chat>::new("lounge");
    /// let ada = room.join_as(Upgrade { tags: vec!["red".into()], ..Upgrade::default() });
    /// assert!(ada.is_open());
    /// ```
    #[track_caller]
    pub fn join_as(&self, upgrade: Upgrade) -> ResumingClient<R> {
        let client = ResumingClient::new(self.clone(), upgrade);
        client.reconnect();
        client
    }

    /// Sends a message by API.
    ///
    /// # Errors
    /// The room's.
    ///
    /// # Panics
    /// If the message cannot be written as JSON.
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

    /// Sends a message by API, as JSON that need not be right.
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
        let world = self.0.borrow();
        let json = world.object.host.stored_state()?;
        Some(decode(json, R::migrate_state).expect("the stored state as the room's State"))
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
        let object = &mut self.0.borrow_mut().object;
        object.read(socket, look).expect("the stored state as the room's State")
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
        self.0.borrow().object.host.now()
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
        self.0.borrow().object.host.alarm()
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
        self.0.borrow_mut().object.host.take_letters()
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
        self.0.borrow_mut().object.host.take_errors()
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
        self.0.borrow_mut().put(Input::Delivered { seq, delivered });
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
            self.0.borrow_mut().object.host.advance(wait);
            self.fire_alarm();
        }
        let rest = end - self.now();
        self.0.borrow_mut().object.host.advance(rest);
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
        self.0.borrow_mut().object.host.advance(duration);
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
        world.object.fire_alarm();
        world.happen();
    }

    /// Puts the object to sleep; the next input wakes it. Sockets stay open.
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
        let mut world = self.0.borrow_mut();
        world.object.host.lose_letters();
        world.hibernate();
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
        world.object.crash();
        world.lines.clear();
        // It wakes elsewhere, and begins by looking at its alarm.
        world.object.wake();
        world.happen();
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
        let other = TestRoom::on(std::mem::take(&mut world.object.host), world.object.name().id());
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
        act(&mut self.0.borrow_mut().object.host)
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
        self.object.put(input);
        self.happen();
    }

    fn call(&mut self, input: Input) -> Result<Value, Error> {
        let ticket = self.object.put(input);
        self.drain();
        match self.answers.remove(&ticket).expect("an answer") {
            Answer::Ok(value) => Ok(value),
            Answer::Error(failure) => Err(failure.error),
        }
    }

    /// What was put into the inbox is handled, now or together with what follows.
    fn happen(&mut self) {
        if !self.held {
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(ran) = self.object.next() {
            let turn = match ran {
                Ran::Ready(ready) => self.object.perform(ready),
                Ran::Trapped(_) => None,
                Ran::GaveUp(turn) => Some(turn),
            };
            if let Some(turn) = turn {
                self.happened(turn);
            }
        }
    }

    fn happened(&mut self, turn: Turn) {
        let Turn { inputs, commit, heard, answers } = turn;
        for write in &commit.writes {
            if let Write::State(json) = write {
                // A NaN is written as null: unread, it would work until the room sleeps.
                decode(json, R::migrate_state).expect("a state that can be read again");
            }
        }
        if !commit.writes.is_empty() || commit.alarm.is_some() {
            self.commits += 1;
        }
        for (socket, delivery) in heard {
            self.deliver(socket, delivery);
        }
        for entry in inputs {
            if let Input::Close { socket, .. } = entry.input {
                self.lines.remove(&socket);
            }
        }
        if self.mode != Mode::Alone {
            self.happened.batch(&self.object.host, &commit);
        }
        self.answers.extend(answers);
        if self.mode == Mode::Asleep {
            self.hibernate();
        }
    }

    fn deliver(&mut self, socket: SocketId, delivery: Delivery) {
        let Some(line) = self.lines.get(&socket) else {
            return;
        };
        let mut line = line.borrow_mut();
        if self.mode != Mode::Alone {
            self.happened.delivered(line.client(), &delivery);
        }
        match delivery {
            Delivery::Frame(frame) => line.receive(frame),
            Delivery::Close { code, reason } => {
                let close = Close { code, reason, was_clean: true };
                if line.close(close.clone()) {
                    // The client answers, and so the platform tells of the close in its turn.
                    self.object.put(Input::Close { socket, close });
                }
            }
        }
    }

    fn hibernate(&mut self) {
        let numbers = self.object.hibernate();
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

impl<R: Room> Drop for World<R> {
    /// A panic that the room survived is a fault all the same, unless the test has asked for it.
    fn drop(&mut self) {
        let errors = self.object.host.take_errors();
        let panicked = errors.iter().find(|it| it.error == Error::Panicked);
        if let Some(panicked) = panicked
            && !thread::panicking()
        {
            panic!("{panicked}; a test that expects it looks at `take_errors`");
        }
    }
}
