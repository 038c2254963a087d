//! A room of chat with two people in it.

use dormouse::rooms::Chat;
use dormouse::testing::MemoryHost;
use dormouse::{Engine, Frame, Input, ObjectName, SocketId, Upgrade};

/// What is said, as it comes over the socket.
pub(crate) const SAY: &str = r#"{"_tag":"Say","text":"what people say to one another"}"#;

pub(crate) struct Lounge {
    host: MemoryHost,
    engine: Engine,
    ada: SocketId,
}

impl Lounge {
    pub(crate) fn new() -> Self {
        let mut host = MemoryHost::new();
        let mut engine = Engine::of::<Chat>(ObjectName::new("chat", "lounge").expect("a name"));
        let (ada, bob) = (host.new_socket(), host.new_socket());
        for (socket, id) in [(ada, "ada"), (bob, "bob")] {
            let upgrade = Upgrade { id: Some(id.into()), ..Upgrade::default() };
            engine.handle(&host, Input::Connect { socket, upgrade });
        }
        let commit = engine.commit(&host);
        host.perform(&commit).expect("a commit that the platform takes");
        Self { host, engine, ada }
    }

    /// Ada says so many things, which share one commit.
    pub(crate) fn say(&mut self, messages: usize) {
        for _ in 0..messages {
            let frame = Frame::Text(SAY.to_owned());
            self.engine.handle(&self.host, Input::Message { socket: self.ada, frame });
        }
        let commit = self.engine.commit(&self.host);
        self.host.perform(&commit).expect("a commit that the platform takes");
    }
}
