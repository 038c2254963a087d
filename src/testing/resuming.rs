//! A client that speaks the protocol `dormouse.1`: it comes back, and goes on.

use std::cell::RefCell;
use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use super::client::TestClient;
use super::room::TestRoom;
use crate::engine::envelope::PROTOCOL;
use crate::room::error::Result;
use crate::room::frame::{Decode, Frame};
use crate::room::room::Room;
use crate::room::upgrade::Upgrade;

/// A client of a [`TestRoom`] that loses its line and comes back, of a room with a
/// [`RESUME`](Room::RESUME).
///
/// It numbers what it sends, keeps it until it is settled, sends it again when it is back, and says
/// where it was, as the page's client does. What comes is read when it is asked for: a line that is
/// dropped loses what was not read.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::{Broadcast, Message};
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// let (ada, bob) = (room.join("ada"), room.join("bob"));
/// ada.drop_line();
/// bob.send(&Message::Typing {});
/// ada.send(&Message::Say { text: "said without a line".into() });
/// ada.reconnect();
///
/// // What was missed, and what is said when it is back.
/// let typing = Broadcast::Typing { user_id: "bob".into() };
/// assert!(ada.received().iter().any(|frame| frame.to_text().contains("Typing")));
/// assert!(bob.heard().iter().any(|text| text.contains("said without a line")));
/// assert!(ada.unsettled().is_empty());
/// assert!(bob.presence().is_empty(), "nobody was told that she was gone");
/// ```
pub struct ResumingClient<R: Room> {
    room: TestRoom<R>,
    knows: RefCell<Knows<R>>,
}

struct Knows<R: Room> {
    upgrade: Upgrade,
    line: Option<TestClient<R>>,
    /// Its session, and which log it counts.
    session: Option<(String, String)>,
    offset: u64,
    last: u64,
    unsettled: VecDeque<(u64, Frame)>,
    received: VecDeque<Frame>,
    settled: Vec<(u64, Option<String>)>,
    presence: Vec<String>,
    hellos: Vec<Value>,
    /// How many frames it hears, and says, before its line is lost.
    hears: Option<usize>,
    says: Option<usize>,
}

impl<R: Room> ResumingClient<R> {
    pub(super) fn new(room: TestRoom<R>, upgrade: Upgrade) -> Self {
        let knows = Knows {
            upgrade,
            line: None,
            session: None,
            offset: 0,
            last: 0,
            unsettled: VecDeque::new(),
            received: VecDeque::new(),
            settled: Vec::new(),
            presence: Vec::new(),
            hellos: Vec::new(),
            hears: None,
            says: None,
        };
        Self { room, knows: RefCell::new(knows) }
    }

    /// Comes back, on a new line, with all that it knows; what is not settled is sent again.
    ///
    /// # Panics
    /// If the room refuses.
    #[track_caller]
    pub fn reconnect(&self) {
        if let Err(error) = self.try_reconnect() {
            panic!("the room refused who came back: {error}");
        }
    }

    /// Comes back, if the room lets it.
    ///
    /// # Errors
    /// The room's.
    pub fn try_reconnect(&self) -> Result<()> {
        let mut knows = self.knows.borrow_mut();
        let claim = knows.session.as_ref().map(|(session, epoch)| {
            format!(", dormouse.resume.{session}.{epoch}.{}", knows.offset)
        });
        let protocol = Some(format!("{PROTOCOL}{}", claim.unwrap_or_default()));
        let upgrade = Upgrade { protocol, ..knows.upgrade.clone() };
        knows.line = Some(self.room.try_connect(upgrade)?);
        knows.read();
        for (number, frame) in knows.unsettled.clone() {
            knows.say(number, &frame);
        }
        knows.read();
        Ok(())
    }

    /// Sends a message, now or when it is back.
    ///
    /// # Panics
    /// If it cannot be written as JSON.
    pub fn send(&self, message: &R::Message)
    where
        R::Message: Serialize,
    {
        self.send_text(serde_json::to_string(message).expect("a message as JSON"));
    }

    /// Sends a text, now or when it is back.
    pub fn send_text(&self, text: impl Into<String>) {
        self.send_frame(Frame::Text(text.into()));
    }

    /// Sends a frame, now or when it is back.
    pub fn send_frame(&self, frame: Frame) {
        let mut knows = self.knows.borrow_mut();
        knows.last += 1;
        let number = knows.last;
        knows.say(number, &frame);
        knows.unsettled.push_back((number, frame));
    }

    /// The line is cut, and the room is told; what has come and was not read is lost with it.
    pub fn drop_line(&self) {
        if let Some(line) = self.take_line() {
            line.cut();
        }
    }

    /// The line is lost, and nobody has told the room, or the machine failed. The platform has forgotten
    /// its socket's tags, as it does when a frame did not arrive.
    pub fn forget_line(&self) -> Option<TestClient<R>> {
        let line = self.take_line();
        if let Some(line) = &line {
            self.room.with_host(|host| host.abort(line.socket()));
        }
        line
    }

    /// Reads what has come, and leaves for good.
    pub fn leave(&self) {
        self.read();
        if let Some(line) = self.take_line() {
            line.close(1000, "bye");
        }
    }

    fn take_line(&self) -> Option<TestClient<R>> {
        self.knows.borrow_mut().line.take()
    }

    /// Of what it says from now on so many frames reach the room; then its line is cut.
    pub fn cut_after_saying(&self, frames: usize) {
        self.knows.borrow_mut().says = Some(frames);
    }

    /// Of what comes from now on it reads so many frames; then its line is cut.
    pub fn cut_after_hearing(&self, frames: usize) {
        self.knows.borrow_mut().hears = Some(frames);
    }

    /// Reads all that has come.
    pub fn read(&self) {
        self.knows.borrow_mut().read();
    }

    /// The oldest message not yet received, as the room's broadcast.
    ///
    /// # Panics
    /// If there is none, or it is no such broadcast.
    #[track_caller]
    pub fn receive(&self) -> R::Broadcast
    where
        R::Broadcast: Decode,
    {
        self.read();
        let frame = self.knows.borrow_mut().received.pop_front().expect("a message");
        match R::Broadcast::decode(&frame) {
            Ok(message) => message,
            Err(error) => panic!("{frame:?} is no broadcast of this room: {error}"),
        }
    }

    /// All messages not yet received, over all its lines, the oldest first.
    pub fn received(&self) -> Vec<Frame> {
        self.read();
        self.knows.borrow_mut().received.drain(..).collect()
    }

    /// The same as texts, and they stay.
    pub fn heard(&self) -> Vec<String> {
        self.read();
        self.knows.borrow().received.iter().map(|frame| frame.to_text().into_owned()).collect()
    }

    /// The numbers of what it has sent and is not settled.
    pub fn unsettled(&self) -> Vec<u64> {
        self.read();
        self.knows.borrow().unsettled.iter().map(|(number, _)| *number).collect()
    }

    /// The numbers of what was settled, in that order, with the code of the error if it was refused.
    pub fn settled(&self) -> Vec<(u64, Option<String>)> {
        self.read();
        self.knows.borrow().settled.clone()
    }

    /// Who came and went, as it was told: `+ada`, `-ada`, and `~` for too many.
    pub fn presence(&self) -> Vec<String> {
        self.read();
        self.knows.borrow().presence.clone()
    }

    /// Every hello, the oldest first: see `docs/protocol.md`.
    pub fn hellos(&self) -> Vec<Value> {
        self.read();
        self.knows.borrow().hellos.clone()
    }

    /// The number of the last message that it has.
    pub fn offset(&self) -> u64 {
        self.read();
        self.knows.borrow().offset
    }

    /// Whether it has a line that is open.
    pub fn is_open(&self) -> bool {
        self.knows.borrow().line.as_ref().is_some_and(TestClient::is_open)
    }

    /// Its line, to send and to hear frames as they are.
    pub fn line(&self) -> Option<TestClient<R>> {
        self.knows.borrow().line.clone()
    }

    /// The same client of another version of the room, its line lost.
    pub fn after<Other: Room>(self, room: &TestRoom<Other>) -> ResumingClient<Other> {
        let old = self.knows.into_inner();
        let client = ResumingClient::new(room.clone(), old.upgrade);
        let mut knows = client.knows.borrow_mut();
        (knows.session, knows.offset, knows.last) = (old.session, old.offset, old.last);
        (knows.unsettled, knows.received) = (old.unsettled, old.received);
        (knows.settled, knows.presence, knows.hellos) = (old.settled, old.presence, old.hellos);
        drop(knows);
        client
    }
}

impl<R: Room> Knows<R> {
    fn say(&mut self, number: u64, frame: &Frame) {
        let Some(line) = &self.line else { return };
        if self.says == Some(0) {
            self.says = None;
            return self.lose_line();
        }
        self.says = self.says.map(|left| left - 1);
        line.send_frame(match frame {
            Frame::Text(text) => Frame::Text(format!("s{number}:{text}")),
            Frame::Binary(bytes) => Frame::Binary([&number.to_be_bytes()[..], bytes].concat()),
        });
    }

    fn lose_line(&mut self) {
        if let Some(line) = self.line.take() {
            line.cut();
        }
    }

    fn read(&mut self) {
        for frame in self.line.as_ref().map(TestClient::received).unwrap_or_default() {
            if self.hears == Some(0) {
                self.hears = None;
                return self.lose_line();
            }
            self.hears = self.hears.map(|left| left - 1);
            self.hear(frame);
        }
    }

    fn hear(&mut self, frame: Frame) {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => {
                let (number, bytes) = bytes.split_first_chunk().expect("a number in front");
                let frame = Frame::Binary(bytes.to_vec());
                return self.message(u64::from_be_bytes(*number), frame);
            }
        };
        let (kind, rest) = text.split_at(text.len().min(1));
        match kind {
            "h" => self.hello(serde_json::from_str(rest).expect("a hello")),
            "m" => {
                let (number, text) = rest.split_once(':').expect("a number and a message");
                let number = number.parse().expect("a number");
                self.message(number, Frame::Text(text.to_owned()));
            }
            "k" => {
                let through: u64 = rest.parse().expect("a number");
                while self.unsettled.front().is_some_and(|(number, _)| *number <= through) {
                    let (number, _) = self.unsettled.pop_front().expect("the first");
                    self.settled.push((number, None));
                }
            }
            "e" => {
                let (number, error) = rest.split_once(':').expect("a number and an error");
                let number: u64 = number.parse().expect("a number");
                let error: Value = serde_json::from_str(error).expect("an error");
                if let Some(at) = self.unsettled.iter().position(|(other, _)| *other == number) {
                    self.unsettled.remove(at);
                    let code = error["code"].as_str().unwrap_or_default().to_owned();
                    self.settled.push((number, Some(code)));
                }
            }
            "+" | "-" | "~" => self.presence.push(text),
            other => panic!("a frame of dormouse.1 does not begin with {other:?}"),
        }
    }

    fn message(&mut self, number: u64, frame: Frame) {
        assert!(number > self.offset, "{number} came after {}", self.offset);
        self.offset = number;
        self.received.push_back(frame);
    }

    fn hello(&mut self, hello: Value) {
        let text = |name: &str| hello[name].as_str().expect("a text").to_owned();
        let offset = hello["offset"].as_u64().expect("a number");
        let session = text("session");
        if hello["resumed"] == true {
            assert_eq!(offset, self.offset, "it goes on where it was");
        }
        if self.session.as_ref().is_some_and(|(known, _)| *known != session) {
            // Nobody knows what became of what it sent.
            self.last = 0;
            self.unsettled.clear();
        }
        self.session = Some((session, text("epoch")));
        self.offset = offset;
        self.hellos.push(hello);
    }
}
