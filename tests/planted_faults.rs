//! Rooms with one fault each, of the kinds that people really make: the simulation finds every one of
//! them, and tells it in a few steps.
//!
//! `cargo test planted -- --nocapture` prints what was found, here and in the engine's own variants.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use dormouse::testing::{SimulatedClient, Simulation};
use dormouse::{Close, Context, Effects, Never, Result, Room, Text};

/// Finds a fault, and writes a line of the table.
fn find<R: Room>(simulation: impl Fn() -> Simulation<R>, rule: &str) {
    const SEEDS: u64 = 50;
    let found = simulation().seeds(0..SEEDS).failing().len();
    let failure = simulation().seeds(0..SEEDS).check().expect_err(R::NAME);
    let (steps, shortest) = (failure.steps, failure.trace.len());
    println!("| {} | {found} of {SEEDS} | {steps} → {shortest} | {} |", R::NAME, failure.rule);
    assert_eq!(failure.rule, rule);
    assert!(found > 25, "found in {found} of {SEEDS} lives alone");
    assert!(shortest <= 6, "it takes {shortest} steps to show");
}

const SLEEP: &str = "a room that slept does what one that was awake does";

/// Tells of a count before it is sure to save it.
struct ForgetsToSave;

impl Room for ForgetsToSave {
    const NAME: &'static str = "forgets-to-save";
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        let count = cx.state().copied().unwrap_or_default() + 1;
        let told = Effects::new().broadcast(count.to_string().into());
        // Only when somebody is there to see.
        Ok(if cx.sender().is_some() { told.save(count) } else { told })
    }
}

fn numbers_heard(clients: &[SimulatedClient]) -> impl Iterator<Item = u64> {
    clients.iter().flat_map(SimulatedClient::received).filter_map(|it| it.to_text().parse().ok())
}

#[test]
fn planted_a_room_that_forgets_to_save() {
    let told = "what was told is stored";
    find(
        || {
            Simulation::<ForgetsToSave>::new()
                .frames(|_| dormouse::Frame::Text("count".to_owned()))
                .invariant(told, |cx, clients| {
                    numbers_heard(clients).max() <= Some(cx.state().copied().unwrap_or_default())
                })
        },
        told,
    );
}

/// Counts who is here in memory.
struct CountsInMemory;

thread_local! {
    static CONNECTED: Cell<u32> = const { Cell::new(0) };
    static NAMES: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

impl Room for CountsInMemory {
    const NAME: &'static str = "counts-in-memory";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_connect(_: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        CONNECTED.set(CONNECTED.get() + 1);
        Ok(Effects::new())
    }

    fn handle_message(cx: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        Ok(Effects::new().send(cx.sender(), format!("{} are here", CONNECTED.get()).into()))
    }
}

#[test]
fn planted_a_room_that_counts_in_memory() {
    find(Simulation::<CountsInMemory>::new, SLEEP);
}

/// Keeps what it knows of each session in a map that sleep takes away.
struct KeepsASessionMap;

impl Room for KeepsASessionMap {
    const NAME: &'static str = "keeps-a-session-map";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        let id = cx.sender().map(|sender| sender.id().to_string()).unwrap_or_default();
        NAMES.with_borrow_mut(|names| names.insert(id, "a friend".to_owned()));
        Ok(Effects::new())
    }

    fn handle_message(cx: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        let id = cx.sender().map(|sender| sender.id().to_string()).unwrap_or_default();
        let name = NAMES.with_borrow(|names| names.get(&id).cloned());
        let name = name.unwrap_or_else(|| "a stranger".to_owned());
        Ok(Effects::new().send(cx.sender(), format!("hello, {name}").into()))
    }
}

#[test]
fn planted_a_room_that_keeps_a_session_map() {
    find(Simulation::<KeepsASessionMap>::new, SLEEP);
}

/// Tells that somebody is gone who is here on another, newer socket.
struct AnnouncesTheReplaced;

impl Room for AnnouncesTheReplaced {
    const NAME: &'static str = "announces-the-replaced";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        Ok(say(cx, "here"))
    }

    fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        Ok(Effects::new())
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(say(cx, "gone"))
    }
}

fn say(cx: &Context<AnnouncesTheReplaced>, what: &str) -> Effects<AnnouncesTheReplaced> {
    match cx.sender() {
        Some(sender) => Effects::new().broadcast(format!("{what}: {}", sender.id()).into()),
        None => Effects::new(),
    }
}

#[test]
fn planted_a_room_that_announces_the_replaced_as_gone() {
    let rule = "nobody who is here was last heard of as gone";
    let wrongly_gone = |cx: &Context<AnnouncesTheReplaced>, client: &SimulatedClient| {
        let mut last = BTreeMap::new();
        for frame in client.received() {
            if let Some((what, who)) = frame.to_text().split_once(": ") {
                last.insert(who.to_owned(), what.to_owned());
            }
        }
        last.iter()
            .any(|(who, what)| what == "gone" && cx.connection(&who.parse().unwrap()).is_some())
    };
    find(
        || {
            Simulation::<AnnouncesTheReplaced>::new().invariant(rule, move |cx, clients| {
                !clients.iter().any(|client| client.is_open() && wrongly_gone(cx, client))
            })
        },
        rule,
    );
}
