//! How to simulate the bundled rooms: what their clients say, and what must hold.

use dormouse::rooms::{Chat, Echo, HistoryRoom, Lobby, ROOMS, Reminders, chat, history};
use dormouse::testing::{Dice, Simulation};
use dormouse::{Frame, Timestamp};

fn text(dice: &mut Dice) -> Frame {
    Frame::Text(dice.text())
}

pub(crate) fn echo() -> Simulation<Echo> {
    Simulation::<Echo>::new().frames(text)
}

pub(crate) fn lobby() -> Simulation<Lobby> {
    Simulation::<Lobby>::new().frames(text)
}

pub(crate) fn chat() -> Simulation<Chat> {
    Simulation::<Chat>::new()
        .messages(|dice| match dice.below(3) {
            0 => chat::Message::Typing {},
            _ => chat::Message::Say { text: dice.text() },
        })
        .invariant("created before now", |cx, _| {
            cx.state().is_none_or(|state| state.created_at <= cx.now())
        })
        .invariant("whoever is here has made the room", |cx, _| {
            cx.count() == 0 || cx.state().is_some()
        })
}

pub(crate) fn reminders() -> Simulation<Reminders> {
    Simulation::<Reminders>::new()
        .frames(|dice| match dice.below(3) {
            0 => text(dice),
            _ => Frame::Text(format!("/remind {} tea {}", dice.below(200), dice.text())),
        })
        .invariant("as many are pending as are scheduled", |cx, _| {
            let pending = cx.state().map_or(0, |state| state.pending);
            let failed = cx.failed_alarms().len();
            (pending == 0) == (cx.next_alarm().is_none() && failed == 0)
        })
}

pub(crate) fn history() -> Simulation<HistoryRoom> {
    Simulation::<HistoryRoom>::new()
        .messages(|dice| match dice.below(5) {
            0 | 1 => history::Message::Join { name: dice.text() },
            2 => history::Message::UpdateName { name: dice.text() },
            _ => history::Message::Chat { message: dice.text() },
        })
        .among(ROOMS)
        .invariant("what is heard is in the order of time", |_, clients| {
            // Who comes back and joins anew is told the backlog anew.
            clients.iter().filter(|client| !client.speaks_protocol()).all(|client| {
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
}
