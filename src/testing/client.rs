//! A client of a room in memory.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde::Serialize;

use super::room::TestRoom;
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::frame::{Decode, Frame};
use crate::room::room::Room;

/// A client of a [`TestRoom`]: the other end of a socket.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Chat>::new("lounge");
/// let ada = room.connect("ada");
/// ada.send_text("not JSON");
/// assert!(ada.receive_text().contains("invalid_event"));
/// assert!(ada.is_open());
/// ada.close(1000, "bye");
/// assert!(!ada.is_open());
/// ```
pub struct TestClient<R: Room> {
    room: TestRoom<R>,
    line: Rc<RefCell<Line>>,
}

/// The client's end of a socket.
pub(super) struct Line {
    client: usize,
    socket: SocketId,
    received: VecDeque<Frame>,
    closed: Option<Close>,
    closing: bool,
    /// Nothing arrives any more.
    cut: bool,
}

impl Line {
    pub(super) fn new(socket: SocketId, client: usize) -> Self {
        Self { client, socket, received: VecDeque::new(), closed: None, closing: false, cut: false }
    }

    /// How many connected before it.
    pub(super) const fn client(&self) -> usize {
        self.client
    }

    pub(super) fn receive(&mut self, frame: Frame) {
        if !self.cut {
            self.received.push_back(frame);
        }
    }

    /// The server's close frame came; whether the server was first.
    pub(super) fn close(&mut self, close: Close) -> bool {
        if !self.cut {
            self.closed.get_or_insert(close);
        }
        !self.closing
    }

    pub(super) fn renumber(&mut self, socket: SocketId) {
        self.socket = socket;
    }
}

impl<R: Room> Clone for TestClient<R> {
    fn clone(&self) -> Self {
        Self { room: self.room.clone(), line: Rc::clone(&self.line) }
    }
}

impl<R: Room> TestClient<R> {
    pub(super) fn new(room: TestRoom<R>, line: Rc<RefCell<Line>>) -> Self {
        Self { room, line }
    }

    /// Sends a message, as JSON.
    ///
    /// # Panics
    /// If it cannot be written as JSON.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send(&Message::Typing {});
    /// assert_eq!(bob.received().len(), 1);
    /// ```
    pub fn send(&self, message: &R::Message)
    where
        R::Message: Serialize,
    {
        self.send_text(serde_json::to_string(message).expect("a message as JSON"));
    }

    /// Sends a text frame.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send_text(r#"{"_tag":"Typing"}"#);
    /// assert_eq!(bob.received().len(), 1);
    /// ```
    pub fn send_text(&self, text: impl Into<String>) {
        self.send_frame(Frame::Text(text.into()));
    }

    /// Sends a frame.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send_frame(Frame::Binary(vec![0xff]));
    /// assert!(ada.receive_text().contains("invalid_event"));
    /// ```
    pub fn send_frame(&self, frame: Frame) {
        if !self.is_open() {
            return;
        }
        if let (Some(pair), Frame::Text(text)) = (R::AUTO_RESPONSE, &frame)
            && text == pair.request()
        {
            self.room.with_host(|host| host.answer(self.socket()));
            self.line.borrow_mut().receive(Frame::Text(pair.response().to_owned()));
        } else {
            self.room.message(self.socket(), frame);
        }
    }

    /// The oldest frame not yet received, as the room's broadcast.
    ///
    /// # Panics
    /// If there is none, or it is no such broadcast.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send(&Message::Typing {});
    /// assert_eq!(bob.receive(), Broadcast::Typing { user_id: "ada".into() });
    /// ```
    #[track_caller]
    pub fn receive(&self) -> R::Broadcast
    where
        R::Broadcast: Decode,
    {
        let frame = self.receive_frame();
        match R::Broadcast::decode(&frame) {
            Ok(message) => message,
            Err(error) => panic!("{frame:?} is no broadcast of this room: {error}"),
        }
    }

    /// The oldest frame not yet received, as it came.
    ///
    /// # Panics
    /// If there is none.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send(&Message::Typing {});
    /// assert_eq!(bob.receive_frame(), Frame::Text(r#"{"_tag":"Typing","userId":"ada"}"#.into()));
    /// ```
    #[track_caller]
    pub fn receive_frame(&self) -> Frame {
        let frame = self.line.borrow_mut().received.pop_front();
        match frame {
            Some(frame) => frame,
            None => panic!("no frame has come"),
        }
    }

    /// The oldest frame not yet received, as text.
    ///
    /// # Panics
    /// If there is none.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send(&Message::Typing {});
    /// assert_eq!(bob.receive_text(), r#"{"_tag":"Typing","userId":"ada"}"#);
    /// ```
    #[track_caller]
    pub fn receive_text(&self) -> String {
        self.receive_frame().to_text().into_owned()
    }

    /// All frames not yet received, the oldest first.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.send(&Message::Typing {});
    /// ada.send(&Message::Typing {});
    /// assert_eq!(bob.received().len(), 2);
    /// assert_eq!(bob.received(), []);
    /// ```
    pub fn received(&self) -> Vec<Frame> {
        self.line.borrow_mut().received.drain(..).collect()
    }

    /// Whether neither side has closed.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// assert!(ada.is_open());
    /// ada.cut();
    /// assert!(!ada.is_open());
    /// ```
    pub fn is_open(&self) -> bool {
        let line = self.line.borrow();
        line.closed.is_none() && !line.closing
    }

    /// The server's close frame, when it has come.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// ada.close(4001, "enough");
    /// assert_eq!(ada.closed().unwrap().code, 4001, "the room answers with the same");
    /// ```
    pub fn closed(&self) -> Option<Close> {
        self.line.borrow().closed.clone()
    }

    /// Closes, with a code and a reason.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// bob.close(1000, "bye");
    /// assert_eq!(ada.receive(), Broadcast::UserLeft { user_id: "bob".into() });
    /// ```
    pub fn close(&self, code: u16, reason: &str) {
        self.leave(Close { code, reason: reason.to_owned(), was_clean: true });
    }

    /// Closes without a code; the room is told 1005.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// bob.close_without_code();
    /// assert_eq!(bob.closed().unwrap().code, 1000, "1005 cannot be sent");
    /// ```
    pub fn close_without_code(&self) {
        self.leave(Close { code: 1005, reason: String::new(), was_clean: true });
    }

    /// The line is cut; the room is told 1006.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// bob.cut();
    /// assert_eq!(ada.receive(), Broadcast::UserLeft { user_id: "bob".into() });
    /// ```
    pub fn cut(&self) {
        self.line.borrow_mut().cut = true;
        self.leave(Close::cut());
    }

    /// Looks at the room the way a handler with this client as sender would. A handler can be
    /// called on it, and its effects compared.
    ///
    /// ```
    /// use dormouse::rooms::Chat;
    /// use dormouse::rooms::chat::{Broadcast, Message};
    /// use dormouse::testing::TestRoom;
    /// use dormouse::{Effects, Room};
    ///
    /// let room = TestRoom::<Chat>::new("lounge");
    /// let ada = room.connect("ada");
    /// ada.read(|cx| {
    ///     let effects = Chat::handle_message(cx, Message::Typing {}).unwrap();
    ///     let typing = Broadcast::Typing { user_id: "ada".into() };
    ///     assert_eq!(effects, Effects::new().broadcast_except(cx.sender(), typing));
    /// });
    /// ```
    pub fn read<T>(&self, look: impl FnOnce(&Context<'_, R>) -> T) -> T {
        self.room.read_as(Some(self.socket()), look)
    }

    /// The socket's number, until the room sleeps.
    ///
    /// ```
    /// # use dormouse::rooms::{Chat, Echo, chat::Broadcast, chat::Message};
    /// # use dormouse::{Frame, testing::TestRoom};
    /// # let room = TestRoom::<Chat>::new("lounge");
    /// # let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    /// # ada.received();
    /// assert_ne!(ada.socket(), bob.socket());
    /// ```
    pub fn socket(&self) -> SocketId {
        self.line.borrow().socket
    }

    fn leave(&self, close: Close) {
        if self.is_open() {
            self.line.borrow_mut().closing = true;
            self.room.close(self.socket(), close);
        }
    }
}
