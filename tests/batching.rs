//! Inputs that are handled together are stored together, and nobody can tell the difference.

mod support;

use dormouse::testing::{Delivery, MemoryHost, TestRoom};
use dormouse::{
    Close, Engine, Error, Frame, Handler, Host, Input, ObjectName, OnDuplicate, SocketId, Upgrade,
    limits,
};
use proptest::prelude::*;
use support::{
    Do, FAIL, Puppet, alarm_at, append, cancel, close, failed, heard, in_seconds, note, order,
    save, say, upgrade,
};

#[test]
fn what_happens_together_is_one_commit() {
    let room = TestRoom::<Puppet>::new("stage");
    let clients = [room.connect("ada"), room.connect("bob"), room.connect("eve")];
    order(&clients[0], [save("")]);
    let before = room.commits();
    room.together(|| {
        for n in 0..20 {
            for client in &clients {
                order(client, [append("x"), say(&n.to_string())]);
            }
        }
    });
    assert_eq!(room.commits() - before, 1);
    assert_eq!(room.state(), Some("x".repeat(60)));
}

#[test]
fn messages_that_change_nothing_stored_are_no_commit() {
    let room = TestRoom::<Puppet>::new("stage");
    let ada = room.connect("ada");
    let before = room.commits();
    order(&ada, [say("hello")]);
    order(&ada, [append("there is no state to change")]);
    order(&ada, [cancel("what was never scheduled")]);
    assert_eq!(room.commits(), before);
}

#[test]
fn everyone_hears_the_same_in_one_order() {
    let room = TestRoom::<Puppet>::new("stage");
    let clients: Vec<_> = (0..10).map(|n| room.connect(&format!("client-{n}"))).collect();
    for client in &clients {
        client.received();
    }
    room.together(|| {
        for round in 0..20 {
            for (n, client) in clients.iter().enumerate() {
                order(client, [say(&format!("{n}/{round}"))]);
            }
        }
    });
    let first = heard(&clients[0]);
    let sent: Vec<_> =
        (0..20).flat_map(|round| (0..10).map(move |n| format!("{n}/{round}"))).collect();
    assert_eq!(first, sent);
    assert!(clients[1..].iter().all(|client| heard(client) == first));
}

#[test]
fn one_that_fails_in_the_middle_is_missing_and_no_other() {
    let room = TestRoom::<Puppet>::new("stage");
    let ada = room.connect("ada");
    room.together(|| {
        order(&ada, [save("a"), say("one")]);
        order(&ada, [append("b"), say("two"), FAIL]);
        order(&ada, [append("c"), say("three")]);
    });
    let error = failed(Handler::Message, &Error::execution("as told"));
    assert_eq!(heard(&ada), ["one", &error, "three"]);
    assert_eq!(room.state().as_deref(), Some("ac"));
}

#[test]
fn a_state_that_grows_too_large_in_the_middle_is_the_fault_of_the_one_who_did_it() {
    let room = TestRoom::<Puppet>::new("stage");
    let ada = room.connect("ada");
    let half = "x".repeat(limits::VALUE_BYTES / 2);
    let before = room.commits();
    room.together(|| {
        order(&ada, [save(&half), say("half"), note("kept")]);
        order(&ada, [append(&half), say("whole"), note("dropped"), alarm_at("e", in_seconds(1))]);
        order(&ada, [append("!"), say("a bit more"), Do::Look]);
    });
    let (limit, size) = (limits::VALUE_BYTES, limits::VALUE_BYTES + 2);
    let error = failed(Handler::Message, &Error::StateTooLarge { limit, size });
    let told = heard(&ada);
    assert_eq!(told[..3], ["half", &error, "a bit more"]);
    assert!(told[3].ends_with("; note kept"), "nor is anything scheduled");
    assert_eq!(room.state(), Some(half + "!"));
    assert_eq!(room.commits() - before, 1);
}

#[test]
fn inputs_of_one_batch_see_what_those_before_them_did() {
    let inputs = vec![
        connect(1, upgrade("ada", [Do::Look])),
        message(1, [save("s"), note("n"), alarm_at("e", in_seconds(9))]),
        message(1, [Do::Look]),
        connect(2, upgrade("bob", [Do::Look])),
        leave(1),
        message(1, [say("never heard")]),
        message(2, [Do::Look]),
        leave(2),
        connect(3, upgrade("eve", [Do::Look])),
    ];
    assert_eq!(
        run(&mut puppet(), &mut MemoryHost::new(), inputs),
        [
            "1: 1 here: ada",
            "1: 1 here: ada; state s; note n; next e",
            "1: bob joined",
            "1: 2 here: ada bob; state s; next e",
            "2: 2 here: ada bob; state s; next e",
            "1: closed 1000",
            "2: ada left with 1000",
            "2: 1 here: bob; state s; next e",
            "2: closed 1000",
            "3: 1 here: eve; state s; next e",
        ]
    );
}

fn puppet() -> Engine {
    Engine::of::<Puppet>(ObjectName::new("puppet", "stage").unwrap())
}

fn connect(socket: u32, upgrade: Upgrade) -> Input {
    Input::Connect { socket: SocketId(socket), upgrade }
}

fn message(socket: u32, orders: impl Into<Vec<Do>>) -> Input {
    let json = serde_json::to_string(&orders.into()).unwrap();
    Input::Message { socket: SocketId(socket), frame: Frame::Text(json) }
}

fn leave(socket: u32) -> Input {
    let close = Close { code: 1000, reason: String::new(), was_clean: true };
    Input::Close { socket: SocketId(socket), close }
}

/// Handles a batch; what arrives at which socket, in order.
fn run(engine: &mut Engine, host: &mut MemoryHost, batch: Vec<Input>) -> Vec<String> {
    for input in batch {
        engine.handle(host, input);
    }
    let commit = engine.commit(host);
    let deliveries = host.perform(&commit).unwrap().into_iter();
    let told = deliveries.map(|(socket, delivery)| match delivery {
        Delivery::Frame(frame) => {
            let text: String = serde_json::from_slice(frame.as_bytes()).unwrap();
            format!("{}: {text}", socket.0)
        }
        Delivery::Close { code, .. } => format!("{}: closed {code}", socket.0),
    });
    told.collect()
}

/// Inputs of which many fail; of sockets there are a few, each connected once at most.
fn inputs(order: impl Strategy<Value = Do> + 'static) -> impl Strategy<Value = Vec<Input>> {
    let order = order.boxed();
    let orders = || prop::collection::vec(order.clone(), 0..4);
    let rule =
        prop::sample::select(vec![OnDuplicate::Allow, OnDuplicate::Reject, OnDuplicate::Replace]);
    let connects = (1..4_u32, rule, orders()).prop_map(|(id, on_duplicate, orders)| {
        connect(0, Upgrade { on_duplicate, ..upgrade(&format!("id-{id}"), orders) })
    });
    let input = prop_oneof![
        3 => connects,
        6 => (1..6_u32, orders()).prop_map(|(socket, orders)| message(socket, orders)),
        1 => (1..6_u32).prop_map(leave),
    ];
    prop::collection::vec(input, 1..16).prop_map(|mut inputs| {
        inputs.insert(0, connect(0, upgrade("id-0", [save("")])));
        let sockets = inputs.iter_mut().filter_map(|input| match input {
            Input::Connect { socket, .. } => Some(socket),
            _ => None,
        });
        sockets.zip(1..).for_each(|(socket, number)| *socket = SocketId(number));
        inputs
    })
}

fn any_order() -> impl Strategy<Value = Do> {
    prop_oneof![
        2 => prop::sample::select(vec!["a", "b"]).prop_map(save),
        4 => prop::sample::select(vec!["c", "d"]).prop_map(append),
        2 => prop::sample::select(vec!["n", "m"]).prop_map(note),
        2 => (0..4_u32).prop_map(|n| close(&format!("id-{n}"))),
        2 => (1..4_u64).prop_map(|n| alarm_at(&n.to_string(), in_seconds(n))),
        1 => Just(cancel("2")),
        1 => Just(Do::Purge),
        1 => Just(FAIL),
        3 => Just(Do::Look),
    ]
}

fn growing_order() -> impl Strategy<Value = Do> {
    prop_oneof![
        2 => Just(Do::Grow),
        2 => prop::sample::select(vec!["c", "d"]).prop_map(append),
        2 => prop::sample::select(vec!["n", "m"]).prop_map(note),
        1 => (0..4_u32).prop_map(|n| close(&format!("id-{n}"))),
        1 => Just(FAIL),
    ]
}

/// Handles the inputs one by one, and in batches that end at the cuts.
fn compare(inputs: Vec<Input>, cuts: &[bool]) -> Result<(), TestCaseError> {
    let (mut alone, mut left, mut heard_alone) = (puppet(), MemoryHost::new(), Vec::new());
    let (mut together, mut right, mut heard_together) = (puppet(), MemoryHost::new(), Vec::new());
    let mut batch = Vec::new();
    let last = inputs.len() - 1;
    for (n, input) in inputs.into_iter().enumerate() {
        heard_alone.extend(run(&mut alone, &mut left, vec![input.clone()]));
        batch.push(input);
        if cuts[n] || n == last {
            heard_together.extend(run(&mut together, &mut right, std::mem::take(&mut batch)));
        }
    }
    prop_assert_eq!(heard_alone, heard_together);
    prop_assert!(left.state() == right.state(), "states too long to show");
    prop_assert_eq!(left.alarms(None, 9), right.alarms(None, 9));
    prop_assert_eq!(left.alarm(), right.alarm());
    prop_assert_eq!(left.sockets(None), right.sockets(None));
    for socket in left.sockets(None) {
        prop_assert_eq!(left.attachment(socket), right.attachment(socket));
    }
    Ok(())
}

fn cuts() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.3), 16)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn how_inputs_fall_into_batches_makes_no_difference(inputs in inputs(any_order()), cuts in cuts()) {
        compare(inputs, &cuts)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(15) })]

    #[test]
    fn nor_does_it_where_states_grow_too_large(inputs in inputs(growing_order()), cuts in cuts()) {
        compare(inputs, &cuts)?;
    }
}
