//! The other bundled rooms, awake and with a sleep between any two steps.

use std::time::Duration;

use dormouse::rooms::history::{Broadcast, Message};
use dormouse::rooms::{Echo, HistoryRoom, Lobby, Reminders};
use dormouse::testing::{TestClient, TestRoom};
use dormouse::{
    AutoResponse, Close, Context, Effects, Frame, Never, Result, Room, Text, Upgrade, When,
};

/// Runs a scenario twice: with `pause` doing nothing, and with it putting the room to sleep.
fn awake_and_asleep<R: Room>(scenario: impl Fn(&TestRoom<R>, &dyn Fn())) {
    let room = TestRoom::new("hall");
    scenario(&room, &|| {});
    let room = TestRoom::new("hall");
    scenario(&room, &|| room.hibernate());
}

fn texts<R: Room>(client: &TestClient<R>) -> Vec<String> {
    client.received().iter().map(|frame| frame.to_text().into_owned()).collect()
}

#[test]
fn echo_gives_back_text_and_binary() {
    awake_and_asleep::<Echo>(|room, pause| {
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        pause();
        ada.send_text("hello");
        pause();
        ada.send_frame(Frame::Binary(vec![b'h', b'i', 0xff]));
        ada.send_text("");
        let expected =
            ["[Durable Object]: hello", "[Durable Object]: hi\u{fffd}", "[Durable Object]: "];
        assert_eq!(texts(&ada), expected);
        assert_eq!(texts(&bob), [""; 0]);
    });
}

#[test]
fn echo_counts_right_after_closes_of_every_kind() {
    awake_and_asleep::<Echo>(|room, pause| {
        assert_eq!(room.count(), 0);
        let clients: Vec<_> = (0..5).map(|n| room.connect(&n.to_string())).collect();
        pause();
        assert_eq!(room.count(), 5);
        clients[0].close(1000, "");
        clients[1].close_without_code();
        pause();
        clients[2].cut();
        assert_eq!(room.count(), 2);
        clients[3].send_text(&*"x".repeat(70_000));
        pause();
        assert_eq!(room.count(), 1);
    });
}

#[test]
fn the_lobby_says_everything_three_times() {
    awake_and_asleep::<Lobby>(|room, pause| {
        let ada = room.try_connect(Upgrade::default()).unwrap();
        let bob = room.try_connect(Upgrade::default()).unwrap();
        let session = ada.read(|cx| cx.sender_id().unwrap().to_string());
        assert_eq!(session.len(), 36);
        pause();
        ada.send_text("hi");
        let line = |to: &str| {
            format!("[Durable Object] message: hi, from: {session}, to: {to}. Total connections: 2")
        };
        assert_eq!(texts(&ada), [line("the initiating client"), line("all clients")]);
        let others = "all clients except the initiating client";
        assert_eq!(texts(&bob), [line("all clients"), line(others)]);
        pause();
        bob.close_without_code();
        ada.send_text("alone");
        assert!(texts(&ada).iter().all(|text| text.ends_with("Total connections: 1")));
    });
}

#[test]
fn the_lobby_answers_a_ping_without_waking() {
    let room = TestRoom::<Lobby>::new("main");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    ada.send_text("ping");
    assert_eq!(texts(&ada), ["pong"]);
    assert_eq!(texts(&bob), [""; 0]);
}

#[test]
fn reminders_pass_chat_on_to_everyone() {
    awake_and_asleep::<Reminders>(|room, pause| {
        let (ada, bob) = (room.connect("0123456789"), room.connect("bob"));
        let chat = ["hello", "/remind -1 x", "/remind 5", "/remind 5 two\nlines", "/remind x y"];
        for text in chat {
            pause();
            ada.send_text(text);
            assert_eq!(texts(&ada), [format!("[01234567] {text}")]);
            assert_eq!(texts(&bob), [format!("[01234567] {text}")]);
        }
        ada.send_frame(Frame::Binary(b"bytes".to_vec()));
        assert_eq!(texts(&bob), ["[01234567] bytes"]);
        room.send_json(r#""from the Worker""#).unwrap();
        assert_eq!(texts(&bob), ["from the Worker"]);
        assert_eq!(room.alarm(), None);
    });
}

#[test]
fn reminders_come_when_they_are_due() {
    awake_and_asleep::<Reminders>(|room, pause| {
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        ada.send_text("/remind 60 late");
        pause();
        ada.send_text("/remind 5 soon, with spaces");
        let scheduled = |s| format!("[system] Reminder scheduled in {s}s");
        assert_eq!(texts(&ada), [scheduled(60), scheduled(5)]);
        assert_eq!(texts(&bob), [""; 0]);
        pause();
        room.advance(Duration::from_secs(5));
        assert_eq!(texts(&bob), ["[reminder] soon, with spaces"]);
        pause();
        room.advance(Duration::from_secs(55));
        assert_eq!(texts(&bob), ["[reminder] late"]);
        ada.send_text("/remind 0 now");
        room.advance(Duration::ZERO);
        assert_eq!(texts(&bob), ["[reminder] now"]);
        assert_eq!(room.alarm(), None);
    });
}

#[test]
fn sixty_reminders_at_one_instant_come_once_each_and_in_order() {
    awake_and_asleep::<Reminders>(|room, pause| {
        let ada = room.connect("ada");
        for n in 0..60 {
            ada.send_text(format!("/remind 10 {n}"));
        }
        texts(&ada);
        pause();
        room.advance(Duration::from_secs(10));
        let expected: Vec<_> = (0..60).map(|n| format!("[reminder] {n}")).collect();
        assert_eq!(texts(&ada), expected);
        pause();
        room.advance(Duration::from_secs(100));
        assert_eq!(texts(&ada), [""; 0]);
    });
}

#[test]
fn reminders_that_are_too_late_or_too_many_are_refused() {
    awake_and_asleep::<Reminders>(|room, pause| {
        let ada = room.connect("ada");
        for seconds in ["2592001", "99999999999999999999999"] {
            ada.send_text(format!("/remind {seconds} x"));
            assert_eq!(texts(&ada), ["[system] A reminder is at most 2592000s ahead"]);
        }
        for n in 0..100 {
            ada.send_text(format!("/remind 2592000 {n}"));
        }
        assert!(texts(&ada).iter().all(|text| text.contains("scheduled")));
        pause();
        ada.send_text("/remind 5 one more");
        assert_eq!(texts(&ada), ["[system] 100 reminders are pending, more are not taken"]);
        room.advance(Duration::from_secs(2_592_000));
        texts(&ada);
        ada.send_text("/remind 5 again");
        assert_eq!(texts(&ada), ["[system] Reminder scheduled in 5s"]);
    });
}

#[test]
fn a_period_over_a_long_sleep_makes_one_event_and_keeps_its_phase() {
    struct Clock;

    impl Room for Clock {
        const NAME: &'static str = "clock";
        type State = ();
        type Connection = ();
        type Upgrade = ();
        type Message = Text;
        type Broadcast = Text;
        type Alarm = ();
        type Reply = Never;

        fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
            let second = Duration::from_secs(1);
            Ok(Effects::new().schedule("tick", When::after(second).every(second), ()))
        }

        fn handle_alarm(cx: &Context<Self>, (): ()) -> Result<Effects<Self>> {
            Ok(Effects::new().broadcast(Text(cx.now().to_string())))
        }
    }

    let room = TestRoom::<Clock>::new("tower");
    let ada = room.connect("ada");
    ada.send_text("wind up");
    let start = room.now();
    room.advance(Duration::from_millis(3_500));
    assert_eq!(texts(&ada).len(), 3);
    room.hibernate();
    room.sleep(Duration::from_secs(3_600));
    room.fire_alarm();
    assert_eq!(texts(&ada).len(), 1);
    assert_eq!(room.alarm().map(|at| (at - start).as_millis() % 1_000), Some(0));
    assert_eq!(room.alarm().map(|at| (at - room.now()).as_millis()), Some(500));
}

/// A room that takes connections without a sign of life for gone.
struct Watched;

impl Room for Watched {
    const NAME: &'static str = "watched";
    const AUTO_RESPONSE: Option<AutoResponse> = Some(AutoResponse::new("ping", "pong"));
    const PRESUMED_GONE_AFTER: Option<Duration> = Some(Duration::from_secs(60));
    type State = u8;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        Ok(match text.as_str() {
            "purge" => Effects::new().purge(),
            name => Effects::new().cancel(name),
        })
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let gone = format!("{} {}", cx.sender_id().unwrap(), close.code);
        Ok(Effects::new().broadcast(Text(gone)))
    }
}

#[test]
fn a_connection_without_a_sign_of_life_is_closed_once_and_others_stay() {
    awake_and_asleep::<Watched>(|room, pause| {
        let (lively, silent) = (room.connect("lively"), room.connect("silent"));
        for _ in 0..5 {
            pause();
            room.advance(Duration::from_secs(30));
            lively.send_text("ping");
        }
        assert!(lively.is_open() && !silent.is_open());
        let heard = texts(&lively);
        assert_eq!(heard.iter().filter(|text| *text == "silent 1006").count(), 1);
        room.read(|cx| assert!(cx.next_alarm().is_none(), "the engine's own alarm is not shown"));
        lively.close(1000, "");
        room.advance(Duration::from_secs(200));
        assert_eq!(room.alarm(), None, "nobody is left to look after");
    });
}

#[test]
fn no_room_can_end_the_watch_for_silent_peers() {
    for message in ["purge", "\u{1}sweep"] {
        let room = TestRoom::<Watched>::new("x");
        let ada = room.connect("ada");
        ada.send_text(message);
        room.advance(Duration::from_secs(200));
        assert!(!ada.is_open(), "{message:?}");
    }
}

fn join(client: &TestClient<HistoryRoom>, name: &str) {
    client.send(&Message::Join { name: name.into() });
}

fn say(client: &TestClient<HistoryRoom>, message: &str) {
    client.send(&Message::Chat { message: message.into() });
}

fn frames(client: &TestClient<HistoryRoom>) -> Vec<Broadcast> {
    let received = client.received();
    received.iter().map(|frame| serde_json::from_slice(frame.as_bytes()).unwrap()).collect()
}

fn messages(client: &TestClient<HistoryRoom>) -> Vec<String> {
    let of = |frame| match frame {
        Broadcast::Chat { message, .. } => Some(message),
        _ => None,
    };
    frames(client).into_iter().filter_map(of).collect()
}

/// Says things at a pace that the room allows.
fn say_slowly(room: &TestRoom<HistoryRoom>, client: &TestClient<HistoryRoom>, count: usize) {
    for n in 0..count {
        room.advance(Duration::from_millis(500));
        say(client, &n.to_string());
    }
}

#[test]
fn one_who_joins_gets_the_last_hundred_and_is_announced() {
    awake_and_asleep::<HistoryRoom>(|room, pause| {
        let ada = room.connect("ada");
        join(&ada, "Ada");
        let timestamp = room.now();
        let users = |users: &[&str]| Broadcast::Users {
            users: users.iter().map(|user| (*user).to_owned()).collect(),
        };
        let system = |name: &str| Broadcast::System {
            message: format!("{name} joined the room"),
            timestamp,
        };
        assert_eq!(frames(&ada), [system("Ada"), users(&["Ada"])]);

        say_slowly(room, &ada, 150);
        pause();
        frames(&ada);
        let bob = room.connect("bob");
        join(&bob, "Bob");
        let timestamp = room.now();
        let heard = frames(&bob);
        let expected: Vec<_> = (50..150).map(|n| n.to_string()).collect();
        assert_eq!(heard.len(), 102);
        for (frame, text) in heard.iter().zip(&expected) {
            assert!(
                matches!(frame, Broadcast::Chat { message, from, .. } if message == text && from == "Ada")
            );
        }
        let system = Broadcast::System { message: "Bob joined the room".into(), timestamp };
        assert_eq!(heard[100..], [system.clone(), users(&["Ada", "Bob"])]);
        assert_eq!(frames(&ada), [system, users(&["Ada", "Bob"])]);
        pause();
        bob.cut();
        assert_eq!(frames(&ada), [users(&["Ada"])]);
    });
}

#[test]
fn what_is_said_before_one_joins_reaches_it_with_the_backlog_once() {
    awake_and_asleep::<HistoryRoom>(|room, pause| {
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        join(&ada, "Ada");
        pause();
        say_slowly(room, &ada, 130);
        assert_eq!(frames(&bob), []);
        pause();
        join(&bob, "Bob");
        say(&ada, "after");
        let mut expected: Vec<_> = (0..130).map(|n| n.to_string()).collect();
        expected.push("after".into());
        assert_eq!(messages(&bob), expected);
        // A second join renames, and brings no second backlog.
        room.advance(Duration::from_secs(10));
        join(&bob, "Robert");
        let [Broadcast::System { message, .. }, Broadcast::Users { users }] = &frames(&bob)[..]
        else {
            panic!("an announcement and a list");
        };
        assert_eq!(
            (message.as_str(), &users[..]),
            ("Robert joined the room", &["Ada".to_owned(), "Robert".into()][..])
        );
    });
}

#[test]
fn the_order_and_the_time_are_the_server_s() {
    let room = TestRoom::<HistoryRoom>::new("hall");
    let ada = room.connect("ada");
    join(&ada, "Ada");
    frames(&ada);
    ada.send_text(r#"{"type":"chat","message":"from 1970","timestamp":1}"#);
    say(&ada, "in the same millisecond");
    let timestamp = room.now();
    let chat =
        |message: &str| Broadcast::Chat { from: "Ada".into(), message: message.into(), timestamp };
    assert_eq!(frames(&ada), [chat("from 1970"), chat("in the same millisecond")]);
}

#[test]
fn without_a_name_nothing_can_be_said() {
    awake_and_asleep::<HistoryRoom>(|room, pause| {
        let ada = room.connect("ada");
        join(&ada, "Ada");
        frames(&ada);
        let eve = room.connect("eve");
        pause();
        say(&eve, "hello");
        let close = eve.closed().unwrap();
        assert_eq!((close.code, close.reason.as_str()), (1011, "Session without name"));
        assert_eq!(messages(&ada), [""; 0]);
    });
}

#[test]
fn names_and_messages_have_their_lengths() {
    let room = TestRoom::<HistoryRoom>::new("hall");
    let (ada, eve) = (room.connect("ada"), room.connect("eve"));
    join(&ada, "Ada");
    join(&eve, &"é".repeat(64));
    frames(&ada);
    frames(&eve);
    let bad = [
        r#"{"type":"join"}"#.to_owned(),
        r#"{"type":"join","name":""}"#.to_owned(),
        format!(r#"{{"type":"join","name":"{}"}}"#, "x".repeat(65)),
        r#"{"type":"update-name","name":""}"#.to_owned(),
        r#"{"type":"chat","message":""}"#.to_owned(),
        format!(r#"{{"type":"chat","message":"{}"}}"#, "x".repeat(4_097)),
        r#"{"type":"chat"}"#.to_owned(),
    ];
    for frame in bad {
        room.advance(Duration::from_secs(1));
        eve.send_text(frame);
        assert!(matches!(&frames(&eve)[..], [Broadcast::Error { .. }]));
        assert_eq!(frames(&ada), []);
    }
    say(&eve, &"🐭".repeat(4_096));
    assert_eq!(messages(&ada).len(), 1);
    eve.send(&Message::UpdateName { name: "Eve".into() });
    assert_eq!(frames(&ada), [Broadcast::Users { users: vec!["Ada".into(), "Eve".into()] }]);
}

#[test]
fn ten_frames_at_once_then_two_a_second_and_joins_always() {
    awake_and_asleep::<HistoryRoom>(|room, pause| {
        let ada = room.connect("ada");
        join(&ada, "Ada");
        frames(&ada);
        for n in 0..10 {
            say(&ada, &n.to_string());
        }
        assert_eq!(messages(&ada).len(), 10);
        pause();
        for _ in 0..50 {
            say(&ada, "too much");
            assert_eq!(frames(&ada), [Broadcast::RateLimit { retry_after: 1 }]);
        }
        join(&ada, "Ada again");
        assert_eq!(frames(&ada).len(), 2);
        pause();
        // What was refused has not lengthened the wait.
        room.advance(Duration::from_secs(1));
        say(&ada, "one");
        say(&ada, "two");
        say(&ada, "three");
        assert_eq!(messages(&ada), ["one", "two"]);
        room.advance(Duration::from_secs(60));
        for n in 0..11 {
            say(&ada, &n.to_string());
        }
        assert_eq!(messages(&ada).len(), 10);
    });
}

#[test]
fn old_messages_are_cleaned_up() {
    let room = TestRoom::<HistoryRoom>::new("hall");
    let ada = room.connect("ada");
    join(&ada, "Ada");
    say(&ada, "old");
    room.advance(Duration::from_secs(29 * 86_400));
    say(&ada, "young");
    room.hibernate();
    room.advance(Duration::from_secs(2 * 86_400));
    let bob = room.connect("bob");
    join(&bob, "Bob");
    assert_eq!(messages(&bob), ["young"]);
    room.advance(Duration::from_secs(60 * 86_400));
    assert_eq!(room.alarm(), None, "nothing is left to clean up");
    say(&ada, "new");
    let eve = room.connect("eve");
    join(&eve, "Eve");
    assert_eq!(messages(&eve), ["new"]);
}
