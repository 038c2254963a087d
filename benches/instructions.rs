//! Does one thing many times, for `valgrind --tool=callgrind` to count: `npm run bench:instructions`.

mod common;

use std::hint::black_box;

use common::{Lounge, SAY};
use dormouse::rooms::chat::{Broadcast, Message};
use dormouse::{Decode, Encode, Frame, Timestamp};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(Ok(times))) =
        (arguments.next(), arguments.next().map(|times| times.parse::<usize>()))
    else {
        // `cargo bench` runs it too, with arguments of its own.
        println!("use `npm run bench:instructions`");
        return;
    };
    match what.as_str() {
        "message" => {
            let mut lounge = Lounge::new();
            (0..times).for_each(|_| lounge.say(1));
        }
        "batched" => Lounge::new().say(times),
        "decode" => {
            let frame = Frame::Text(SAY.to_owned());
            (0..times).for_each(|_| drop(black_box(Message::decode(black_box(&frame)))));
        }
        "encode" => {
            let message = Broadcast::Message {
                text: "what people say to one another".into(),
                user_id: "ada".into(),
                ts: Timestamp::from_millis(1_700_000_000_000),
            };
            (0..times).for_each(|_| drop(black_box(black_box(&message).encode())));
        }
        other => println!("there is no {other}"),
    }
}
