//! The history room with clients that lose their line.

#[path = "support/resuming.rs"]
mod support;

use std::time::Duration;

use dormouse::Upgrade;
use dormouse::rooms::HistoryRoom;
use dormouse::testing::TestRoom;
use serde_json::{Value, json};
use support::Client;

fn library() -> TestRoom<HistoryRoom> {
    TestRoom::new("library")
}

fn join(room: &TestRoom<HistoryRoom>, name: &str) -> Client<HistoryRoom> {
    let mut client = Client::without_id(room);
    client.send(&json!({ "type": "join", "name": name }).to_string());
    client.read();
    client.heard.clear();
    // The next comes later.
    room.advance(Duration::from_millis(1));
    client
}

fn say(client: &mut Client<HistoryRoom>, message: &str) {
    client.send(&json!({ "type": "chat", "message": message }).to_string());
}

/// What was said to a client of a kind, by the field that matters.
fn heard(client: &mut Client<HistoryRoom>, kind: &str, field: &str) -> Vec<Value> {
    client.read();
    let frames = client.heard.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
    frames.filter(|frame| frame["type"] == kind).map(|frame| frame[field].clone()).collect()
}

#[test]
fn who_has_joined_and_lost_the_line_gets_what_was_said_meanwhile() {
    let room = library();
    let (mut ada, mut bob) = (join(&room, "Ada"), join(&room, "Bob"));
    ada.drop_line();
    room.hibernate();
    for message in ["one", "two"] {
        say(&mut bob, message);
    }
    ada.connect();
    assert_eq!(heard(&mut ada, "chat", "message"), ["one", "two"]);
    say(&mut ada, "three");
    assert_eq!(heard(&mut bob, "chat", "message"), ["one", "two", "three"]);
}

#[test]
fn who_has_lost_the_line_is_still_listed_until_the_time_is_over() {
    let room = library();
    let (mut ada, mut bob) = (join(&room, "Ada"), join(&room, "Bob"));
    ada.drop_line();
    bob.read();
    bob.heard.clear();
    let _cyd = join(&room, "Cyd");
    room.advance(Duration::from_secs(20));
    let lists = heard(&mut bob, "users", "users");
    assert_eq!(lists, [json!(["Ada", "Bob", "Cyd"]), json!(["Bob", "Cyd"])]);
}

#[test]
fn two_who_are_away_are_two() {
    let room = library();
    let (mut ada, mut bob) = (join(&room, "Ada"), join(&room, "Bob"));
    let mut cyd = join(&room, "Cyd");
    ada.drop_line();
    bob.drop_line();
    say(&mut cyd, "only us now");
    ada.connect();
    bob.connect();
    for client in [&mut ada, &mut bob] {
        assert_eq!(heard(client, "chat", "message"), ["only us now"]);
    }
}

#[test]
fn who_brings_a_name_has_joined_at_once() {
    let room = library();
    let mut bob = join(&room, "Bob");
    say(&mut bob, "before");
    let named = |name: &str| Upgrade { data: json!({ "name": name }), ..Upgrade::default() };
    let ada = room.try_connect(named("Ada")).unwrap();
    let told: Vec<Value> = ada
        .received()
        .iter()
        .map(|frame| serde_json::from_str(&frame.to_text()).unwrap())
        .collect();
    let kinds: Vec<_> = told.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["chat", "system", "users"]);
    assert_eq!(told[2]["users"], json!(["Bob", "Ada"]));
    // It may speak.
    ada.send_text(r#"{"type":"chat","message":"here I am"}"#);
    assert_eq!(heard(&mut bob, "chat", "message"), ["before", "here I am"]);
    assert!(room.try_connect(named("")).is_err());
}
