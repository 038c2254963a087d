//! A room does the same whether it slept or not.

use std::cell::Cell;
use std::time::Duration;

use dormouse::rooms::{Chat, Echo, HistoryRoom, Lobby, Reminders, chat, history};
use dormouse::testing::{TestRoom, awake_and_asleep};
use dormouse::{Context, Effects, Never, Result, Room, Text};

#[test]
fn chat() {
    awake_and_asleep(|room: &TestRoom<Chat>| {
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        for _ in 0..3 {
            ada.send(&chat::Message::Say { text: "hello".into() });
            bob.send(&chat::Message::Typing {});
            bob.send_text("nothing that a chat knows");
        }
        bob.cut();
        room.send(&chat::Message::Say { text: "from the API".into() }).unwrap();
        ada.close_without_code();
    });
}

#[test]
fn reminders() {
    awake_and_asleep(|room: &TestRoom<Reminders>| {
        let ada = room.connect("ada");
        for seconds in [5, 3, 8] {
            ada.send_text(format!("/remind {seconds} tea"));
        }
        room.advance(Duration::from_secs(4));
        room.sleep(Duration::from_secs(60));
        room.fire_alarm();
        assert_eq!(ada.received().len(), 6);
    });
}

#[test]
fn history() {
    awake_and_asleep(|room: &TestRoom<HistoryRoom>| {
        let ada = room.connect("ada");
        ada.send(&history::Message::Join { name: "ada".into() });
        // More than its rate limit lets pass, which has to know what went before.
        for nth in 0..15 {
            ada.send(&history::Message::Chat { message: format!("{nth}") });
        }
        room.advance(Duration::from_secs(2 * 24 * 3600));
        let bob = room.connect("bob");
        bob.send(&history::Message::Join { name: "bob".into() });
        ada.close(1000, "");
    });
}

#[test]
fn echo_and_lobby() {
    awake_and_asleep(|room: &TestRoom<Echo>| room.connect("ada").send_text("hello"));
    awake_and_asleep(|room: &TestRoom<Lobby>| {
        let (ada, _bob) = (room.connect("ada"), room.connect("bob"));
        ada.send_text("ping");
        room.together(|| {
            ada.send_text("one");
            ada.send_text("two");
        });
    });
}

thread_local! {
    static CONNECTED: Cell<u32> = const { Cell::new(0) };
}

/// Counts in memory, as rooms are written where nothing sleeps.
struct Counting;

impl Room for Counting {
    const NAME: &'static str = "counting";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_connect(_: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        CONNECTED.set(CONNECTED.get() + 1);
        Ok(Effects::new().broadcast(format!("{} are here", CONNECTED.get()).into()))
    }

    fn handle_message(_: &Context<Self>, said: Text) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(said))
    }
}

#[test]
#[should_panic(expected = "differs, first at input 1")]
fn what_counts_in_memory_is_found() {
    awake_and_asleep(|room: &TestRoom<Counting>| {
        room.connect("ada");
        room.connect("bob");
    });
}
