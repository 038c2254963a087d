//! Callers of a room's API, all of whose arguments are text.

use arbitrary::{Arbitrary, Unstructured};
use dormouse::host::Answer;
use dormouse::testing::MemoryHost;
use dormouse::{Error, Fault, Host as _, Input, ObjectName, SocketId, Upgrade, limits};

use crate::kinds::{KINDS, ROOMS};
use crate::object::{Object, answer};
use crate::words::{Speech, Visitor, Words};

const STEPS: usize = 24;

#[derive(Arbitrary, Debug)]
enum Step {
    Send {
        json: Speech,
    },
    Broadcast {
        json: Speech,
        tag: Option<Words>,
    },
    Connect(Visitor),
    /// An upgrade as it stands in a header.
    Upgrade {
        json: Description,
    },
    ReadState,
    ReadCount,
    ReadConnections {
        tag: Option<Words>,
    },
    Ring,
    Sleep,
    Name {
        name: Words,
    },
    NameOf {
        room: Words,
        id: Words,
    },
}

/// What is nearly an upgrade.
#[derive(Debug)]
struct Description(String);

impl<'a> Arbitrary<'a> for Description {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let Words(words) = u.arbitrary()?;
        if u.ratio(1, 4)? {
            return Ok(Self(words));
        }
        let upgrade = Upgrade::from(u.arbitrary::<Visitor>()?);
        let mut json = serde_json::to_string(&upgrade).expect("an upgrade as JSON");
        let at = u.choose_index(json.len() + 1)?;
        json.insert_str(json.floor_char_boundary(at), &words);
        Ok(Self(json))
    }
}

/// Messages, upgrades and names through the API of each room.
pub fn api(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok(kind) = u.choose(&KINDS) else { return };
    let mut object = Object::wake(MemoryHost::new(), &format!("{}/hall", kind.name));
    for _ in 0..STEPS {
        let Ok(step) = u.arbitrary() else { break };
        take(&mut object, step);
        if u.is_empty() {
            break;
        }
    }
    object.judge_sleep();
}

fn take(object: &mut Object, step: Step) {
    match step {
        Step::Send { json: Speech(json) } => {
            object.put(Input::Send { json });
        }
        Step::Broadcast { json: Speech(json), tag } => {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
            let tag = tag.map(|Words(tag)| tag);
            let turn = object.put(Input::Broadcast { json, tag });
            if let Answer::Ok(_) = answer(&turn) {
                assert!(is_json && turn.commit.outputs.len() == 1, "a message is JSON");
            }
            assert!(turn.commit.writes.is_empty(), "a message is not stored");
        }
        Step::Connect(visitor) => {
            let socket = object.host.new_socket();
            connect(object, socket, visitor.into(), Fault::None);
        }
        Step::Upgrade { json: Description(json) } => {
            let socket = object.host.new_socket();
            match serde_json::from_str(&json) {
                Ok(upgrade) => connect(object, socket, upgrade, Fault::None),
                Err(error) => {
                    let error = Error::InvalidUpgrade { reason: error.to_string() };
                    let count = object.host.count();
                    connect(object, socket, Upgrade::default(), Fault::Failed(error));
                    assert_eq!(object.host.count(), count, "what is no upgrade opens nothing");
                }
            }
        }
        Step::ReadState => drop(object.put(Input::ReadState)),
        Step::ReadCount => drop(object.put(Input::ReadCount)),
        Step::ReadConnections { tag } => {
            object.put(Input::ReadConnections { tag: tag.map(|Words(tag)| tag) });
        }
        Step::Ring => object.ring(),
        Step::Sleep => drop(object.sleep()),
        Step::Name { name: Words(name) } => {
            judge_name(&name, ObjectName::parse(&name));
            assert!(ROOMS.open(&name).is_err() || ObjectName::parse(&name).is_ok());
        }
        Step::NameOf { room: Words(room), id: Words(id) } => {
            let name = ROOMS.object_name(&room, &id);
            if name.is_ok() {
                assert!(ROOMS.open(&format!("{room}/{id}")).is_ok(), "what has a name can wake");
            }
            judge_name(&format!("{room}/{id}"), name);
        }
    }
}

fn connect(object: &mut Object, socket: SocketId, upgrade: Upgrade, fault: Fault) {
    let turn = object.turn(vec![(Input::Connect { socket, upgrade }, fault)]);
    let is_open = object.host.sockets(None).contains(&socket);
    assert_eq!(matches!(answer(&turn), Answer::Ok(_)), is_open, "who is accepted is in");
}

/// A name says where a room is, and cannot be mistaken for another's.
fn judge_name(text: &str, name: dormouse::Result<ObjectName>) {
    let Ok(name) = name else { return };
    assert_eq!(name.to_string(), text);
    assert!((1..=limits::ROOM_ID_CHARS).contains(&name.id().len()));
    assert!(name.id().bytes().all(|byte| byte.is_ascii_graphic()) && !name.id().contains('/'));
    assert_eq!(ObjectName::parse(&name.to_string()), Ok(name));
}
