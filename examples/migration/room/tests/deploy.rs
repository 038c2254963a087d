//! The second version in the place of the first, and the first in its place again.

use std::time::Duration;

use dormouse::testing::{TestClient, TestRoom};
use dormouse::{Error, Host, Room, Upgrade};
use errands_room::v1::{self, Message};
use errands_room::v2::{Broadcast, Item, Member};
use errands_room::{v1::Errands as First, v2::Errands as Second};

fn item(text: &str, by: Option<&str>) -> Item {
    Item { text: text.into(), by: by.map(Into::into) }
}

fn add(text: &str) -> Message {
    Message::Add { text: text.into() }
}

/// A room of the first version with Ada in it, some errands and a reminder in a minute.
fn first(errands: &[&str]) -> TestRoom<First> {
    let room = TestRoom::<First>::new("home");
    let upgrade = Upgrade { data: "Ada".into(), ..Upgrade::default() };
    let ada = room.try_connect(upgrade).unwrap();
    for text in errands {
        ada.send(&add(text));
    }
    ada.send(&Message::Remind { text: "milk".into(), seconds: 60 });
    room
}

/// The one who is connected, with nothing left to hear.
fn ada<R: Room>(room: &TestRoom<R>) -> TestClient<R> {
    let ada = room.clients().remove(0);
    ada.received();
    ada
}

fn stored<R: Room>(room: &TestRoom<R>) -> Option<String> {
    room.with_host(|host| host.state())
}

#[test]
fn what_the_first_version_stored_is_read_by_the_second() {
    let room = first(&["milk", "bread"]).deploy::<Second>();
    let ada = ada(&room);
    assert_eq!(ada.read(|cx| cx.sender().unwrap().state().added), 0);
    ada.send(&add("tea"));
    let items = vec![item("milk", None), item("bread", None), item("tea", Some("Ada"))];
    assert_eq!(ada.receive(), Broadcast::List { items });
    let after = ada.read(|cx| cx.sender().unwrap().state().clone());
    assert_eq!(after, Member { name: "Ada".into(), added: 1 });
    room.advance(Duration::from_secs(60));
    assert_eq!(ada.receive(), Broadcast::Reminder { item: item("milk", None) });
}

#[test]
fn reading_alone_rewrites_nothing_so_that_the_first_version_can_come_back() {
    let room = first(&["milk"]).deploy::<Second>();
    let read = room.read(|cx| cx.state().cloned().unwrap());
    assert_eq!(read.items, [item("milk", None)]);
    assert_eq!(stored(&room).as_deref(), Some(r#"["milk"]"#));
    let back = room.deploy::<First>();
    let ada = ada(&back);
    ada.send(&add("tea"));
    let items = vec!["milk".into(), "tea".into()];
    assert_eq!(ada.receive(), v1::Broadcast::List { items });
}

#[test]
fn a_state_that_cannot_be_migrated_is_an_error_with_a_name_and_stays_for_the_first_version() {
    let room = first(&["milk", ""]).deploy::<Second>();
    let error = room.send(&add("tea")).unwrap_err();
    assert!(matches!(error, Error::StateUnreadable { .. }), "{error}");
    assert!(ada(&room).is_open());
    assert_eq!(stored(&room).as_deref(), Some(r#"["milk",""]"#));
    let back = room.deploy::<First>();
    ada(&back).send(&add("tea"));
    assert_eq!(back.state().unwrap(), ["milk", "", "tea"]);
    back.advance(Duration::from_secs(60));
    let text = "milk".into();
    assert!(ada_heard(&back).contains(&v1::Broadcast::Reminder { text }));
}

#[test]
fn what_the_second_version_wrote_the_first_refuses_and_keeps() {
    let room = first(&["milk"]).deploy::<Second>();
    ada(&room).send(&add("tea"));
    let written = stored(&room);
    let back = room.deploy::<First>();
    let error = back.send(&add("bread")).unwrap_err();
    assert!(matches!(error, Error::StateUnreadable { .. }), "{error}");
    assert_eq!(stored(&back), written);
}

fn ada_heard(room: &TestRoom<First>) -> Vec<v1::Broadcast> {
    let frames = room.clients().remove(0).received();
    frames.iter().map(|frame| serde_json::from_str(&frame.to_text()).unwrap()).collect()
}
