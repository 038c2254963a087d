//! The same scenario awake and asleep.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use super::host::{Delivery, MemoryHost};
use super::room::TestRoom;
use crate::host::commit::Commit;
use crate::room::room::Room;

/// How a room spends the time between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It sleeps when it is told to, and nobody compares it.
    Alone,
    /// The same, and what happens is kept to be compared.
    Awake,
    /// It sleeps after each, and wakes on another machine.
    Asleep,
}

/// What came of each batch, for all to see.
#[derive(Debug, Default)]
pub(super) struct Happened {
    /// By client: one socket is told before another in the order of their numbers, which change.
    told: BTreeMap<usize, Vec<Delivery>>,
    batches: Vec<String>,
}

impl Happened {
    pub(super) fn delivered(&mut self, client: usize, delivery: &Delivery) {
        self.told.entry(client).or_default().push(delivery.clone());
    }

    pub(super) fn batch(&mut self, host: &MemoryHost, commit: &Commit) {
        let mut batch = String::new();
        let lines: [(&str, &dyn Debug); 5] = [
            ("answered", &commit.answers),
            ("told, by client", &self.told),
            ("logged", &commit.errors),
            ("state", &host.stored_state()),
            ("alarm", &host.alarm()),
        ];
        for (what, value) in lines {
            writeln!(batch, "{what}: {value:?}").expect("a string");
        }
        self.told.clear();
        self.batches.push(batch);
    }
}

/// Runs a scenario twice, on a room that stays awake and on one that sleeps after every input and wakes
/// on another machine, and sees that both tell the same and store the same.
///
/// What it finds is the commonest fault of a room that hibernates: something that counts was kept in
/// memory. [`Simulation`](super::Simulation) looks for the same in scenarios that chance makes up.
///
/// # Panics
/// If the two differ, with the first difference; and if the scenario does.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::Message;
/// use dormouse::testing::{TestRoom, awake_and_asleep};
///
/// awake_and_asleep(|room: &TestRoom<Chat>| {
///     let (ada, bob) = (room.connect("ada"), room.connect("bob"));
///     ada.send(&Message::Say { text: "hello".into() });
///     bob.close(1000, "bye");
/// });
/// ```
#[track_caller]
pub fn awake_and_asleep<R: Room>(scenario: impl Fn(&TestRoom<R>)) {
    let [awake, asleep] = [Mode::Awake, Mode::Asleep].map(|mode| {
        let room = TestRoom::in_mode(mode, MemoryHost::new(), "main");
        scenario(&room);
        let connections = room.connections(None);
        let world = room.0.borrow();
        let mut seen = world.happened.batches.clone();
        seen.push(format!("{}connections: {connections:#?}", world.object.host.stored()));
        seen
    });
    for (nth, (awake, asleep)) in awake.iter().zip(&asleep).enumerate() {
        assert!(
            awake == asleep,
            "a room that sleeps between its inputs differs, first at input {nth}\n\
             awake\n{awake}\nasleep\n{asleep}",
        );
    }
    assert_eq!(awake.len(), asleep.len(), "as many inputs awake as asleep");
}
