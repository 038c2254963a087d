//! Clients of the protocol `dormouse.1` that claim what is not theirs, and count as they like.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use dormouse::rooms::{Chat, HistoryRoom};
use dormouse::testing::{TestClient, TestRoom};
use dormouse::{Connection, Frame, Room, Upgrade};

use crate::words::{Speech, Words};

const STEPS: usize = 24;

#[derive(Arbitrary, Debug)]
enum Step {
    /// With a header that somebody made up.
    Connect {
        id: u8,
        header: Words,
    },
    /// With a claim on one of the sessions that there are.
    Claim {
        id: u8,
        session: u8,
        offset: u64,
        epoch: bool,
    },
    Send {
        client: u8,
        number: u8,
        text: Speech,
    },
    Text {
        client: u8,
        text: Words,
    },
    Bytes {
        client: u8,
        bytes: Vec<u8>,
    },
    Close {
        client: u8,
        code: u16,
    },
    Cut {
        client: u8,
    },
    Wait {
        seconds: u16,
    },
    Sleep,
    Crash,
}

/// Claims and numbered frames, beside a guest who does all as it should be.
pub fn sessions(data: &[u8]) {
    let mut u = Unstructured::new(data);
    if u.arbitrary().unwrap_or(false) {
        Crowd::<Chat>::new().live(&mut u);
    } else {
        Crowd::<HistoryRoom>::new().live(&mut u);
    }
}

struct Crowd<R: Room> {
    room: TestRoom<R>,
    guest: TestClient<R>,
    clients: Vec<TestClient<R>>,
    /// Session and epoch of every hello.
    hellos: Vec<(String, String)>,
}

const IDS: [&str; 3] = ["ada", "bob", "eve"];

impl<R: Room> Crowd<R> {
    fn new() -> Self {
        let room = TestRoom::new("hall");
        let guest = connect(&room, "guest", "dormouse.1").expect("the guest");
        Self { room, guest, clients: Vec::new(), hellos: Vec::new() }
    }

    fn live(mut self, u: &mut Unstructured<'_>) {
        for _ in 0..STEPS {
            let Ok(step) = u.arbitrary() else { break };
            self.take(step);
            self.judge();
            if u.is_empty() {
                break;
            }
        }
        // Whatever there was, the guest is heard and answered.
        self.guest.send_text("s1:{}");
        let answers = self.guest.received();
        let is_settled = |frame: &Frame| frame.to_text() == "k1";
        assert!(answers.iter().any(is_settled), "the guest is answered: {answers:?}");
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Connect { id, header: Words(header) } => {
                self.come(id, &format!("dormouse.1, {header}"));
            }
            Step::Claim { id, session, offset, epoch } => {
                let nth = usize::from(session) % self.hellos.len().max(1);
                let Some((session, known)) = self.hellos.get(nth) else { return };
                let epoch = if epoch { known.as_str() } else { "another" };
                self.come(id, &format!("dormouse.1, dormouse.resume.{session}.{epoch}.{offset}"));
            }
            Step::Send { client, number, text: Speech(text) } => {
                self.with(client, |it| it.send_text(format!("s{number}:{text}")));
            }
            Step::Text { client, text: Words(text) } => self.with(client, |it| it.send_text(text)),
            Step::Bytes { client, bytes } => {
                self.with(client, |it| it.send_frame(Frame::Binary(bytes)));
            }
            Step::Close { client, code } => self.with(client, |it| it.close(code, "")),
            Step::Cut { client } => self.with(client, TestClient::cut),
            Step::Wait { seconds } => self.room.advance(Duration::from_secs(seconds.into())),
            Step::Sleep => self.room.hibernate(),
            Step::Crash => {
                self.room.crash();
                self.clients.clear();
                self.guest = connect(&self.room, "guest", "dormouse.1").expect("the guest");
            }
        }
    }

    fn come(&mut self, id: u8, header: &str) {
        let id = IDS[usize::from(id) % IDS.len()];
        let Some(client) = connect(&self.room, id, header) else { return };
        let hello = client.receive_text();
        let hello = hello.strip_prefix('h').expect("a hello comes first");
        let hello: serde_json::Value = serde_json::from_str(hello).expect("a hello");
        let text = |name: &str| hello[name].as_str().expect("a text").to_owned();
        self.hellos.push((text("session"), text("epoch")));
        self.clients.push(client);
    }

    fn with(&mut self, client: u8, act: impl FnOnce(&TestClient<R>)) {
        if let Some(client) = self.clients.get(usize::from(client) % self.clients.len().max(1)) {
            act(client);
        }
    }

    /// Nobody's frames close the guest or fail the room, and the log has its bounds.
    fn judge(&self) {
        assert!(self.guest.is_open(), "the guest is closed by what another did");
        assert!(self.room.read(|cx| cx.present().contains("guest")));
        let open = self.clients.iter().filter(|client| client.is_open()).count();
        let (here, all) = self.room.read(|cx| {
            (cx.connections().filter(Connection::is_here).count(), cx.connections().count())
        });
        assert_eq!(here, open + 1, "who is open is here");
        assert_eq!(usize::try_from(self.room.count()), Ok(all), "who is away is counted too");
    }
}

fn connect<R: Room>(room: &TestRoom<R>, id: &str, header: &str) -> Option<TestClient<R>> {
    let (id, protocol) = (Some(id.to_owned()), Some(header.to_owned()));
    room.try_connect(Upgrade { id, protocol, ..Upgrade::default() }).ok()
}
