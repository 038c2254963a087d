//! The engine without a runtime around it: `cargo bench`.

mod common;

use common::Lounge;
use divan::{Bencher, black_box};
use dormouse::rooms::chat::{Broadcast, Message};
use dormouse::rooms::{Chat, Lobby};
use dormouse::testing::Simulation;
use dormouse::{Decode, Encode, Frame, Room, Timestamp};

fn main() {
    divan::main();
}

/// A typed message: decoded, handled, checked, committed, and the commit performed in memory.
#[divan::bench(args = [1, 16, 256])]
fn chat_messages_in_one_commit(bencher: Bencher, messages: usize) {
    bencher
        .counter(divan::counter::ItemsCount::new(messages))
        .with_inputs(Lounge::new)
        .bench_local_refs(|lounge| lounge.say(messages));
}

#[divan::bench]
fn decode(bencher: Bencher) {
    let frame = Frame::Text(common::SAY.to_owned());
    bencher.bench(|| Message::decode(black_box(&frame)).unwrap());
}

#[divan::bench]
fn encode_a_broadcast(bencher: Bencher) {
    let message = Broadcast::Message {
        text: "what people say to one another".into(),
        user_id: "ada".into(),
        ts: Timestamp::from_millis(1_700_000_000_000),
    };
    bencher.bench(|| black_box(&message).encode().unwrap());
}

const STEPS: usize = 2_000;

/// A life of a room that chance makes up; a step is an item.
#[divan::bench]
fn simulated_steps(bencher: Bencher) {
    let simulation = Simulation::<Lobby>::new().frames(|dice| Frame::Text(dice.text()));
    live(bencher, &simulation.steps(STEPS).seeds(0..1));
}

/// The same where clients resume: sessions, a log, and those who come back to it.
#[divan::bench]
fn simulated_steps_with_resume(bencher: Bencher) {
    let simulation = Simulation::<Chat>::new().messages(|dice| Message::Say { text: dice.text() });
    live(bencher, &simulation.steps(STEPS).seeds(0..1));
}

fn live<R: Room>(bencher: Bencher, simulation: &Simulation<R>) {
    bencher.counter(divan::counter::ItemsCount::new(STEPS)).bench_local(|| {
        assert!(simulation.failing().is_empty());
    });
}
