//! The history room with clients that lose their line.

use std::time::Duration;

use dormouse::Upgrade;
use dormouse::rooms::HistoryRoom;
use dormouse::testing::{ResumingClient, TestRoom};
use serde_json::{Value, json};

fn library() -> TestRoom<HistoryRoom> {
    TestRoom::new("library")
}

fn join(room: &TestRoom<HistoryRoom>, name: &str) -> ResumingClient<HistoryRoom> {
    let client = room.join_as(Upgrade::default());
    client.send_text(json!({ "type": "join", "name": name }).to_string());
    client.read();
    client.received();
    // The next comes later.
    room.advance(Duration::from_millis(1));
    client
}

fn say(client: &ResumingClient<HistoryRoom>, message: &str) {
    client.send_text(json!({ "type": "chat", "message": message }).to_string());
}

/// What was said to a client of a kind, by the field that matters.
fn heard(client: &ResumingClient<HistoryRoom>, kind: &str, field: &str) -> Vec<Value> {
    client.read();
    let frames =
        client.heard().into_iter().map(|text| serde_json::from_str::<Value>(&text).unwrap());
    frames.filter(|frame| frame["type"] == kind).map(|frame| frame[field].clone()).collect()
}

#[test]
fn who_has_joined_and_lost_the_line_gets_what_was_said_meanwhile() {
    let room = library();
    let (ada, bob) = (join(&room, "Ada"), join(&room, "Bob"));
    ada.drop_line();
    room.hibernate();
    for message in ["one", "two"] {
        say(&bob, message);
    }
    ada.reconnect();
    assert_eq!(heard(&ada, "chat", "message"), ["one", "two"]);
    say(&ada, "three");
    assert_eq!(heard(&bob, "chat", "message"), ["one", "two", "three"]);
}

#[test]
fn who_has_lost_the_line_is_still_listed_until_the_time_is_over() {
    let room = library();
    let (ada, bob) = (join(&room, "Ada"), join(&room, "Bob"));
    ada.drop_line();
    bob.read();
    bob.received();
    let _cyd = join(&room, "Cyd");
    room.advance(Duration::from_secs(20));
    let lists = heard(&bob, "users", "users");
    assert_eq!(lists, [json!(["Ada", "Bob", "Cyd"]), json!(["Bob", "Cyd"])]);
}

#[test]
fn two_who_are_away_are_two() {
    let room = library();
    let (ada, bob) = (join(&room, "Ada"), join(&room, "Bob"));
    let cyd = join(&room, "Cyd");
    ada.drop_line();
    bob.drop_line();
    say(&cyd, "only us now");
    ada.reconnect();
    bob.reconnect();
    for client in [&ada, &bob] {
        assert_eq!(heard(client, "chat", "message"), ["only us now"]);
    }
}

#[test]
fn who_brings_a_name_has_joined_at_once() {
    let room = library();
    let bob = join(&room, "Bob");
    say(&bob, "before");
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
    assert_eq!(heard(&bob, "chat", "message"), ["before", "here I am"]);
    assert!(room.try_connect(named("")).is_err());
}
