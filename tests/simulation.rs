//! The bundled rooms, through lives that chance makes up.

use dormouse::rooms::{Chat, Echo, HistoryRoom, Lobby, ROOMS, Reminders, chat, history};
use dormouse::testing::{Dice, Simulation};
use dormouse::{Frame, Timestamp};

fn text(dice: &mut Dice) -> Frame {
    Frame::Text(dice.text())
}

#[test]
fn echo() {
    Simulation::<Echo>::new().frames(text).run();
}

#[test]
fn lobby() {
    Simulation::<Lobby>::new().frames(text).run();
}

fn said(dice: &mut Dice) -> chat::Event {
    match dice.below(3) {
        0 => chat::Event::Typing {},
        _ => chat::Event::Say { text: dice.text() },
    }
}

#[test]
fn chat() {
    Simulation::<Chat>::new()
        .events(said)
        .invariant("created before now", |cx, _| {
            cx.state().is_none_or(|state| state.created_at <= cx.now())
        })
        .invariant("whoever is here has made the room", |cx, _| {
            cx.count() == 0 || cx.state().is_some()
        })
        .run();
}

#[test]
fn reminders() {
    Simulation::<Reminders>::new()
        .frames(|dice| match dice.below(3) {
            0 => text(dice),
            _ => Frame::Text(format!("/remind {} tea {}", dice.below(200), dice.text())),
        })
        .invariant("as many are pending as are scheduled", |cx, _| {
            let pending = cx.state().map_or(0, |state| state.pending);
            let failed = cx.failed_events().len();
            (pending == 0) == (cx.next_event().is_none() && failed == 0)
        })
        .run();
}

#[test]
fn history() {
    let event = |dice: &mut Dice| match dice.below(5) {
        0 | 1 => history::Event::Join { name: dice.text() },
        2 => history::Event::UpdateName { name: dice.text() },
        _ => history::Event::Chat { message: dice.text() },
    };
    Simulation::<HistoryRoom>::new()
        .events(event)
        .among(ROOMS)
        .invariant("what is heard is in the order of time", |_, clients| {
            clients.iter().all(|client| {
                let times =
                    client.received().iter().filter_map(|frame| {
                        match serde_json::from_str(&frame.to_text()) {
                            Ok(history::Broadcast::Chat { timestamp, .. }) => Some(timestamp),
                            _ => None,
                        }
                    });
                times.collect::<Vec<Timestamp>>().is_sorted()
            })
        })
        .run();
}
