//! A handler that panics: what its client hears, what the log has, and what becomes of the others.

use std::time::Duration;

use dormouse::testing::TestRoom;
use dormouse::{
    Admission, Close, Context, Effects, Error, Keep, Newcomer, Result, Resume, Room, Text, When,
};
use serde::{Deserialize, Deserializer, Serialize};

struct Fragile;

impl Room for Fragile {
    const NAME: &'static str = "fragile";
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = String;

    fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        let count = cx.state().copied().unwrap_or_default() + 1;
        match text.as_str() {
            "panic" => panic!("as told"),
            "plan" => {
                let soon = || When::after(Duration::from_secs(1));
                Ok(Effects::new()
                    .schedule("a", soon(), "a".to_owned())
                    .schedule("b", soon(), "panic".to_owned())
                    .schedule("c", soon(), "c".to_owned()))
            }
            "large" => Ok(Effects::new().send(cx.sender(), Text("x".repeat(10)))),
            _ => Ok(Effects::new().save(count).broadcast(Text(format!("{count}: {text}")))),
        }
    }

    fn handle_alarm(_: &Context<Self>, alarm: String) -> Result<Effects<Self>> {
        assert!(alarm != "panic", "as planned");
        Ok(Effects::new().broadcast(Text(alarm)))
    }

    fn handle_close(_: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        assert!(close.code != 4000, "as closed");
        Ok(Effects::new().broadcast(Text("bye".to_owned())))
    }
}

fn heard<R: Room>(client: &dormouse::testing::TestClient<R>) -> Vec<String> {
    client.received().iter().map(|frame| frame.to_text().into_owned()).collect()
}

fn panicked(room: &TestRoom<Fragile>) -> Vec<String> {
    let errors = room.take_errors().into_iter();
    errors.filter(|it| it.error == Error::Panicked).map(|it| it.handler.to_string()).collect()
}

const TOLD: &str =
    r#"{"_tag":"Error","code":"internal","message":"something went wrong in the room"}"#;

#[test]
fn a_handler_that_panics_costs_nobody_a_connection() {
    let room = TestRoom::<Fragile>::new("main");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    ada.send_text("panic");
    assert_eq!(panicked(&room), ["handle_message"]);
    bob.send_text("hello");
    assert_eq!(heard(&ada), [TOLD, "1: hello"]);
    assert_eq!(heard(&bob), ["1: hello"]);
    assert!(ada.is_open());
}

#[test]
fn those_who_were_in_the_batch_are_handled_once_and_in_their_order() {
    let room = TestRoom::<Fragile>::new("main");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    room.together(|| {
        bob.send_text("one");
        ada.send_text("panic");
        bob.send_text("two");
        ada.send_text("panic");
        bob.send_text("three");
    });
    assert_eq!(panicked(&room).len(), 2);
    assert_eq!(heard(&bob), ["1: one", "2: two", "3: three"]);
    assert_eq!(heard(&ada), ["1: one", TOLD, "2: two", TOLD, "3: three"]);
    assert_eq!(room.state(), Some(3));
}

#[test]
fn an_api_call_hears_of_it() {
    let room = TestRoom::<Fragile>::new("main");
    assert_eq!(room.send_json("\"panic\""), Err(Error::Panicked));
    assert_eq!(panicked(&room), ["handle_message"]);
}

#[test]
fn an_alarm_that_panics_stands_in_no_others_way_and_is_tried_again() {
    let room = TestRoom::<Fragile>::new("main");
    let ada = room.connect("ada");
    ada.send_text("plan");
    room.advance(Duration::from_secs(1));
    assert_eq!(heard(&ada), ["a", "c"]);
    assert_eq!(panicked(&room), ["handle_alarm"]);
    assert_eq!(
        room.read(|cx| cx.next_alarm().map(|it| (it.name, it.failures))),
        Some(("b".into(), 1))
    );
    room.advance(Duration::from_secs(3_600));
    assert!(panicked(&room).len() > 1);
}

#[test]
fn a_close_that_panics_is_answered_and_over() {
    let room = TestRoom::<Fragile>::new("main");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    ada.close(4000, "");
    assert_eq!(ada.closed().map(|close| close.code), Some(4000));
    assert_eq!(panicked(&room), ["handle_close"]);
    assert_eq!(room.count(), 1);
    bob.send_text("still here");
    assert_eq!(heard(&bob), ["1: still here"]);
}

#[test]
#[should_panic(expected = "a test that expects it looks at `take_errors`")]
fn a_panic_that_no_test_expects_fails_it() {
    let room = TestRoom::<Fragile>::new("main");
    room.connect("ada").send_text("panic");
}

/// Keeps a text of each connection. One of its versions panics at some of them.
struct Notes<const STUMBLES: bool>;

#[derive(Serialize)]
struct Note<const STUMBLES: bool>(String);

impl<'de, const STUMBLES: bool> Deserialize<'de> for Note<STUMBLES> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        assert!(!STUMBLES || !text.starts_with("stone"), "over {text}");
        Ok(Self(text))
    }
}

impl<const STUMBLES: bool> Room for Notes<STUMBLES> {
    const NAME: &'static str = "notes";
    const RESUME: Option<Resume> = Some(Resume::keeping(Keep::newest(1_000)));
    type State = ();
    type Connection = Note<STUMBLES>;
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = ();

    fn admit(cx: &Context<Self>, newcomer: Newcomer<()>) -> Result<Admission<Note<STUMBLES>>> {
        Ok(Admission::new(newcomer.id_or_uuid(cx), Note(String::new())))
    }

    fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        let count = cx.connections().count();
        let effects = Effects::new().broadcast(Text(format!("{text}, {count}")));
        Ok(effects.set_connection(cx.sender().expect("a sender"), Note(text)))
    }
}

/// One who talks, one who is away and so many who are here, each with a note that the next version
/// stumbles over.
fn stumbling(stones: usize) -> TestRoom<Notes<true>> {
    let room = TestRoom::<Notes<false>>::new("main");
    let (_ada, away) = (room.connect("ada"), room.join("away"));
    away.send_text("stone");
    away.drop_line();
    for nth in 0..stones {
        room.connect(&format!("eve {nth}")).send_text(format!("stone {nth}"));
    }
    room.deploy()
}

#[test]
fn a_connection_that_cannot_be_read_without_a_panic_costs_no_other_anything() {
    for stones in [1, 3, 20] {
        let room = stumbling(stones);
        let ada = room.clients().remove(0);
        let _ = heard(&ada);
        for said in ["one", "two"] {
            ada.send_text(said);
        }
        assert_eq!(heard(&ada), ["one, 1", "two, 1"], "{stones} stones");
        room.advance(Duration::from_secs(60));
        assert_eq!(room.count(), 1);
        let _ = room.take_errors();
    }
}

#[test]
fn a_version_that_can_read_hardly_anyone_loses_none() {
    let room = stumbling(200);
    room.clients()[0].send_text("one");
    let _ = room.take_errors();
    let room = room.deploy::<Notes<false>>();
    assert_eq!(room.count(), 202);
    let ada = room.clients().remove(0);
    let _ = heard(&ada);
    ada.send_text("two");
    assert_eq!(heard(&ada), ["two, 202"]);
}

#[test]
fn what_a_storage_refuses_is_tried_alone_and_told() {
    let room = TestRoom::<Fragile>::new("main");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    room.with_host(|host| host.refuse(2));
    room.together(|| {
        ada.send_text("one");
        bob.send_text("two");
    });
    assert_eq!(heard(&ada), [TOLD, "1: two"]);
    assert_eq!(heard(&bob), ["1: two"]);
    assert!(room.take_errors().iter().all(|it| it.error == Error::Storage));
}

#[test]
fn a_batch_that_reads_more_than_there_is_memory_ends_there() {
    let room = TestRoom::<Fragile>::new("main");
    let ada = room.connect("ada");
    // 70 MB, in a state that no commit could have stored.
    room.with_host(|host| host.set_state(format!("7{}", " ".repeat(70_000_000))));
    room.hibernate();
    ada.send_text("hello");
    assert!(!panicked(&room).is_empty());
    assert_eq!(heard(&ada), [TOLD]);
    assert!(ada.is_open());
}
