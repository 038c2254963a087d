//! Clients that send whatever they like, whenever they like.

use std::collections::BTreeSet;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use dormouse::testing::{Delivery, MemoryHost, Turn};
use dormouse::{Close, Fault, Frame, Input, SocketId};

use crate::kinds::{BUNDLED, KINDS};
use crate::object::Object;
use crate::words::{Speech, Visitor, Words};

const STEPS: usize = 24;

#[derive(Arbitrary, Debug)]
enum Step {
    Connect(Visitor),
    Text {
        client: u8,
        text: Speech,
    },
    Bytes {
        client: u8,
        bytes: Vec<u8>,
    },
    Oversize {
        client: u8,
        bytes: u32,
    },
    Close {
        client: u8,
        code: u16,
        reason: Words,
        was_clean: bool,
    },
    Wait {
        seconds: u16,
    },
    Ring,
    Sleep,
    /// What comes next shares a commit.
    Together {
        inputs: u8,
    },
}

/// Frames, upgrades and closes into each of the bundled rooms.
pub fn frames(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(kind) = u.choose(&KINDS[..BUNDLED]) else { return };
    let object = Object::wake(MemoryHost::new(), &format!("{}/hall", kind.name));
    let mut crowd = Crowd { object, sockets: Vec::new(), gathered: Vec::new(), missing: 0 };
    for _ in 0..STEPS {
        let Ok(step) = u.arbitrary() else { break };
        crowd.take(step);
        if u.is_empty() {
            break;
        }
    }
    crowd.commit();
    crowd.object.judge_sleep();
}

/// A room and the clients that there have been.
struct Crowd {
    object: Object,
    sockets: Vec<SocketId>,
    /// What waits for the others of its commit.
    gathered: Vec<Input>,
    missing: u8,
}

impl Crowd {
    fn take(&mut self, step: Step) {
        match step {
            Step::Connect(visitor) => {
                let socket = self.object.host.new_socket();
                self.sockets.push(socket);
                self.put(Input::Connect { socket, upgrade: visitor.into() });
            }
            Step::Text { client, text: Speech(text) } => {
                self.say(client, |socket| Input::Message { socket, frame: Frame::Text(text) });
            }
            Step::Bytes { client, bytes } => {
                self.say(client, |socket| Input::Message { socket, frame: Frame::Binary(bytes) });
            }
            Step::Oversize { client, bytes } => {
                let size = 65_537_usize.saturating_add(bytes as usize);
                self.say(client, |socket| Input::Oversize { socket, size });
            }
            Step::Close { client, code, reason: Words(reason), was_clean } => {
                let close = Close { code, reason, was_clean };
                self.say(client, |socket| Input::Close { socket, close });
            }
            Step::Wait { seconds } => {
                self.object.host.advance(Duration::from_secs(seconds.into()));
            }
            Step::Ring => {
                self.commit();
                self.object.ring();
            }
            Step::Sleep => {
                self.commit();
                let numbers = self.object.sleep();
                for socket in &mut self.sockets {
                    *socket = numbers.get(socket).copied().unwrap_or(*socket);
                }
            }
            Step::Together { inputs } => self.missing = inputs % 8,
        }
    }

    fn say(&mut self, client: u8, input: impl FnOnce(SocketId) -> Input) {
        if let Some(index) = usize::from(client).checked_rem(self.sockets.len()) {
            self.put(input(self.sockets[index]));
        }
    }

    fn put(&mut self, input: Input) {
        self.gathered.push(input);
        if self.missing > 0 {
            self.missing -= 1;
        } else {
            self.commit();
        }
    }

    fn commit(&mut self) {
        self.missing = 0;
        let inputs = std::mem::take(&mut self.gathered);
        if inputs.is_empty() {
            return;
        }
        let over: BTreeSet<_> = inputs
            .iter()
            .filter_map(|input| match input {
                Input::Close { socket, .. } => Some(*socket),
                _ => None,
            })
            .collect();
        let turn = self.object.turn(inputs.into_iter().map(|it| (it, Fault::None)).collect());
        self.answer_closes(&turn, &over);
    }

    /// A client answers the server's close, unless it was first.
    fn answer_closes(&mut self, turn: &Turn, over: &BTreeSet<SocketId>) {
        for (socket, delivery) in &turn.heard {
            if let Delivery::Close { code, reason } = delivery
                && !over.contains(socket)
            {
                let close = Close { code: *code, reason: reason.clone(), was_clean: true };
                self.object.put(Input::Close { socket: *socket, close });
            }
        }
    }
}
