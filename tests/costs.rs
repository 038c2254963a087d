//! What a batch reads follows what it changes, and not what is stored: reads of the host are counted at
//! 10, 1,000 and 10,000 of everything.
//!
//! `cargo test --test costs -- --nocapture` prints what was read.

use std::time::Duration;

use dormouse::testing::{MemoryHost, Object, Reads};
use dormouse::{
    Close, Context, Delivered, Effects, Error, Frame, Function, Host as _, Input, Keep,
    OnDuplicate, Result, Resume, Room, SocketId, Text, Upgrade, When, limits,
};
use serde_json::Value;

struct Hall;

impl Room for Hall {
    const NAME: &'static str = "hall";
    const RESUME: Option<Resume> =
        Some(Resume::keeping(Keep::newest(1_000)).grace(Duration::from_secs(10)));
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = String;

    fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        let count = cx.state().copied().unwrap_or_default() + 1;
        let (what, many) = text.split_once(' ').unwrap_or((&text, "1"));
        let many: usize = many.parse().unwrap_or(1);
        let effects = Effects::new();
        Ok(match what {
            "call" => (0..many).fold(effects, |effects, nth| {
                effects.call(&Function::<usize, u64>::new("f"), &nth, "r".to_owned())
            }),
            "plan" => (0..many).fold(effects, |effects, nth| {
                effects.schedule(
                    format!("{nth}"),
                    When::after(Duration::from_secs(1)),
                    String::new(),
                )
            }),
            "refuse" => return Err(Error::refuse("no", "not that")),
            "purge" => effects.purge(),
            "panic" => panic!("as told"),
            _ => effects.save(count).send(cx.sender(), Text(count.to_string())),
        })
    }

    fn handle_alarm(_: &Context<Self>, _: String) -> Result<Effects<Self>> {
        Ok(Effects::new())
    }
}

const SIZES: [usize; 3] = [10, 1_000, 10_000];

/// An object with so many clients of the protocol.
fn hall(many: usize) -> (Object, Vec<SocketId>) {
    let mut object = Object::new::<Hall>(MemoryHost::new(), "main");
    let sockets: Vec<_> = (0..many)
        .map(|nth| {
            let socket = object.host.new_socket();
            let upgrade = connects(nth, "dormouse.1", OnDuplicate::Allow);
            object.put(Input::Connect { socket, upgrade });
            socket
        })
        .collect();
    object.drain();
    (object, sockets)
}

fn connects(nth: usize, protocol: &str, on_duplicate: OnDuplicate) -> Upgrade {
    let (id, protocol) = (Some(format!("{nth}")), Some(protocol.to_owned()));
    Upgrade { id, protocol, on_duplicate, ..Upgrade::default() }
}

/// Handles what waits; what that has read, and in how many commits.
fn costs(object: &mut Object) -> (Reads, usize) {
    let before = object.host.reads();
    let turns = object.drain().len();
    (object.host.reads() - before, turns)
}

/// Holds the reads of a kind of work against a budget for each size: so many for each of it and so many
/// more, and so many lists.
#[track_caller]
fn budget(
    what: &str,
    sizes: &[usize],
    (each, more): (usize, usize),
    lists: impl Fn(usize) -> usize,
    work: impl Fn(usize) -> Reads,
) {
    for &many in sizes {
        let reads = work(many);
        println!(
            "{what}, {many}: {} reads, {} of them lists, {} rows",
            reads.total(),
            reads.lists(),
            reads.rows
        );
        let limit = each * many + more;
        assert!(reads.total() <= limit, "{many} {what}: over {limit} reads: {reads:?}");
        let limit = lists(many);
        assert!(reads.lists() <= limit, "{many} {what}: over {limit} lists: {reads:?}");
    }
}

#[test]
fn messages_of_one_batch() {
    budget(
        "messages",
        &SIZES,
        (0, 12),
        |_| 4,
        |many| {
            let (mut object, sockets) = hall(2);
            for nth in 1..=many {
                let frame = Frame::Text(format!("s{nth}:hello"));
                object.put(Input::Message { socket: sockets[0], frame });
            }
            costs(&mut object).0
        },
    );
}

#[test]
fn messages_of_a_room_that_just_woke() {
    budget(
        "messages after a sleep, of as many clients",
        &SIZES,
        (3, 12),
        |_| 4,
        |many| {
            let (mut object, sockets) = hall(many);
            let numbers = object.hibernate();
            for socket in sockets {
                let frame = Frame::Text("s1:hello".into());
                object.put(Input::Message { socket: numbers[&socket], frame });
            }
            costs(&mut object).0
        },
    );
}

#[test]
fn one_message_in_a_room_with_many_clients() {
    budget(
        "clients beside one that speaks after a sleep",
        &SIZES,
        (0, 16),
        |_| 4,
        |many| {
            let (mut object, sockets) = hall(many);
            let numbers = object.hibernate();
            let (socket, frame) = (numbers[&sockets[0]], Frame::Text("s1:hello".into()));
            object.put(Input::Message { socket, frame });
            costs(&mut object).0
        },
    );
}

#[test]
fn letters_posted_and_settled_together() {
    let posted = |many| {
        let mut object = Object::new::<Hall>(MemoryHost::new(), "main");
        object.put(Input::Send { json: format!("\"call {many}\"") });
        let reads = costs(&mut object).0;
        (object, reads)
    };
    budget("letters posted", &SIZES, (0, 16), |_| 6, |many| posted(many).1);
    budget(
        "letters settled",
        &SIZES,
        (2, 40),
        |many| 6 + many / 100,
        |many| {
            let mut object = posted(many).0;
            for letter in object.host.take_letters() {
                let delivered = Delivered::Ok(Value::Null);
                object.put(Input::Delivered { seq: letter.seq, delivered });
            }
            costs(&mut object).0
        },
    );
}

/// Lets all alarms go off that are due after a while.
fn ring(object: &mut Object, wait: Duration) -> (Reads, usize) {
    object.host.advance(wait);
    let before = object.host.reads();
    let mut turns = 0;
    while object.host.alarm().is_some_and(|at| at <= object.host.now()) {
        object.fire_alarm();
        turns += object.drain().len();
        assert!(turns < 1_000, "an alarm without end");
    }
    (object.host.reads() - before, turns)
}

#[test]
fn letters_that_are_tried_again() {
    budget(
        "letters tried again",
        &SIZES,
        (8, 40),
        |many| 40 + many / 8,
        |many| {
            let mut object = Object::new::<Hall>(MemoryHost::new(), "main");
            object.put(Input::Send { json: format!("\"call {many}\"") });
            object.drain();
            for letter in object.host.take_letters() {
                object.host.landed(letter.seq);
            }
            ring(&mut object, Duration::from_secs(3)).0
        },
    );
}

#[test]
fn lines_lost_together_and_those_who_leave() {
    let lost = |many| {
        let (mut object, sockets) = hall(many);
        for socket in sockets {
            object.put(Input::Close { socket, close: Close::cut() });
        }
        let reads = costs(&mut object).0;
        (object, reads)
    };
    budget("lines lost together", &SIZES, (3, 16), |_| 6, |many| lost(many).1);
    budget(
        "who are away leave",
        &SIZES,
        (6, 40),
        |many| 40 + limits::PRESENT + many / 8,
        |many| {
            let mut object = lost(many).0;
            ring(&mut object, Duration::from_secs(11)).0
        },
    );
}

#[test]
fn those_who_come_back_together() {
    budget(
        "who come back together",
        &SIZES,
        (6, 40),
        |many| 2 * many + 16,
        |many| {
            let (mut object, sockets) = hall(many);
            for socket in sockets {
                object.put(Input::Close { socket, close: Close::cut() });
            }
            object.drain();
            for nth in 0..many {
                let socket = object.host.new_socket();
                let upgrade = connects(nth, "dormouse.1", OnDuplicate::Allow);
                object.put(Input::Connect { socket, upgrade });
            }
            costs(&mut object).0
        },
    );
}

#[test]
fn connects_that_are_refused() {
    budget(
        "connects refused",
        &SIZES,
        (4, 40),
        |many| 2 * many + 16,
        |many| {
            let (mut object, _) = hall(many);
            for nth in 0..many {
                let socket = object.host.new_socket();
                let upgrade = connects(nth, "dormouse.1", OnDuplicate::Reject);
                object.put(Input::Connect { socket, upgrade });
            }
            costs(&mut object).0
        },
    );
}

#[test]
fn alarms_that_are_due_together() {
    budget(
        "alarms due together",
        &SIZES,
        (3, 40),
        |many| 40 + many / 8,
        |many| {
            let mut object = Object::new::<Hall>(MemoryHost::new(), "main");
            object.put(Input::Send { json: format!("\"plan {many}\"") });
            object.drain();
            ring(&mut object, Duration::from_secs(2)).0
        },
    );
}

#[test]
fn a_purge_beside_many_who_are_there() {
    budget(
        "clients beside a purge",
        &SIZES,
        (4, 60),
        |many| 60 + many / 100,
        |many| {
            let (mut object, _) = hall(many);
            object.put(Input::Send { json: "\"purge\"".into() });
            costs(&mut object).0
        },
    );
}

/// Each run reads anew, since the instance is another; there are as many runs as traps, and a bit.
#[test]
fn traps_cost_no_more_together_than_one_by_one() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    budget(
        "traps in one batch",
        &[10, 100, 1_000],
        (40, 40),
        |many| 10 * many + 10,
        |many| {
            let (mut object, sockets) = hall(many);
            for socket in sockets {
                let frame = Frame::Text("s1:panic".into());
                object.put(Input::Message { socket, frame });
            }
            let (reads, turns) = costs(&mut object);
            assert!(turns <= 2 * many + 1, "{turns} commits");
            reads
        },
    );
    std::panic::set_hook(quiet);
}
