//! Clients that mean no good: what they try, and what comes of it.

use std::time::Duration;

use dormouse::rooms::{Chat, chat};
use dormouse::testing::{MemoryHost, TestClient, TestRoom};
use dormouse::{
    ConnectionId, Context, Effects, Error, Frame, Host as _, Keyed, Never, RateLimit, Result, Room,
    Upgrade, limits,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A room that keeps whatever its clients send, and tells how it came.
struct Pinboard;

const PINS: Keyed<Value> = Keyed::new("pins");

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "_tag")]
enum Message {
    /// Keeps a value under a key.
    Pin { key: String, value: Value },
    /// Tells what is under a key.
    Read { key: String },
    /// Keeps a value in the state, inside something of the room's own.
    Wrap { value: Value },
    /// Passes something on to another room.
    Forward { value: Value },
    /// Tells who says so.
    Who,
}

impl Room for Pinboard {
    const NAME: &'static str = "pinboard";
    const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(20, Duration::from_millis(500)));
    type State = Value;
    type Connection = ();
    type Upgrade = ();
    type Message = Message;
    type Broadcast = Value;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let effects = Effects::new();
        Ok(match message {
            Message::Pin { key, value } => {
                effects.put(&PINS, &key, &value).broadcast(json!({ "pinned": key }))
            }
            Message::Read { key } => {
                effects.send(cx.sender(), json!({ "found": cx.keyed(&PINS).get(&key)? }))
            }
            Message::Wrap { value } => effects.save(json!({ "by": "a client", "value": [value] })),
            Message::Forward { value } => {
                effects.tell::<Self>("other", &Message::Pin { key: "forwarded".into(), value })
            }
            Message::Who => {
                let who = match (cx.sibling(), cx.sender_id()) {
                    (Some(sibling), _) => format!("the room {sibling}"),
                    (None, Some(id)) => format!("the client {id}"),
                    (None, None) => "the Worker".to_owned(),
                };
                effects.broadcast(json!({ "who": who }))
            }
        })
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// The codes of the errors that a client was told.
fn codes(client: &TestClient<Pinboard>) -> Vec<String> {
    let frames = client.received();
    let frames = frames.iter().map(|frame| serde_json::from_slice::<Value>(frame.as_bytes()));
    frames.filter_map(|frame| frame.unwrap()["code"].as_str().map(str::to_owned)).collect()
}

fn wall() -> (TestRoom<Pinboard>, [TestClient<Pinboard>; 2]) {
    let room = TestRoom::new("wall");
    let clients = [room.connect("ada"), room.connect("eve")];
    (room, clients)
}

fn pin(key: &str, value: impl Into<Value>) -> Message {
    Message::Pin { key: key.to_owned(), value: value.into() }
}

#[test]
fn json_that_is_nested_too_deep_is_no_event() {
    let (room, [ada, eve]) = wall();
    let before = room.commits();
    for depth in [127, 128, 1_000, 30_000] {
        let json = format!(r#"{{"_tag":"Pin","key":"x","value":{}}}"#, nested(depth));
        eve.send_text(json.clone());
        assert_eq!(codes(&eve), ["invalid_event"], "{depth}");
        eve.send_frame(Frame::Binary(json.into_bytes()));
        assert_eq!(codes(&eve), ["invalid_event"], "{depth}");
    }
    eve.send_text("[".repeat(60_000));
    assert_eq!(codes(&eve), ["invalid_event"]);
    assert_eq!((room.commits(), ada.received().len()), (before, 0));
    assert!(serde_json::from_str::<Upgrade>(&format!(r#"{{"data":{}}}"#, nested(128))).is_err());
    assert!(room.broadcast(&nested(60_000), None).is_ok(), "which is looked through, not built");
}

#[test]
fn a_value_is_read_back_as_deep_as_an_event_can_bring_it() {
    let (room, [_, eve]) = wall();
    eve.send_text(format!(r#"{{"_tag":"Pin","key":"deep","value":{}}}"#, nested(126)));
    room.hibernate();
    eve.received();
    eve.send(&Message::Read { key: "deep".into() });
    assert!(eve.receive_text().len() > 2 * 126);
}

#[test]
fn what_a_room_wraps_deeper_than_127_is_refused_and_the_old_state_kept() {
    let (room, [_, eve]) = wall();
    let stored = |room: &TestRoom<Pinboard>| room.with_host(|host| host.state());
    eve.send_text(format!(r#"{{"_tag":"Wrap","value":{}}}"#, nested(125)));
    room.hibernate();
    eve.send(&Message::Who);
    assert_eq!(codes(&eve), [""; 0], "as deep as can be");
    let before = stored(&room);

    eve.send_text(format!(r#"{{"_tag":"Wrap","value":{}}}"#, nested(126)));
    assert_eq!(codes(&eve), ["too_deep"]);
    room.hibernate();
    eve.send(&Message::Who);
    assert_eq!(codes(&eve), [""; 0], "and the room lives on");
    assert_eq!(stored(&room), before);
}

#[test]
fn keys_ids_and_room_names_that_mean_something_elsewhere_are_names_like_others() {
    let room = TestRoom::<Pinboard>::new("__proto__");
    for name in ["__proto__", "constructor", "toString", "state", "hasOwnProperty"] {
        let client = room.connect(name);
        client.send(&Message::Read { key: name.into() });
        assert_eq!(client.receive_text(), r#"{"found":null}"#, "{name}");
        client.send(&pin(name, name));
        room.hibernate();
        client.received();
        client.send(&Message::Read { key: name.into() });
        assert_eq!(client.receive_text(), format!(r#"{{"found":"{name}"}}"#));
        client.close(1000, "");
    }
    for key in ["../state", "'; DROP TABLE room_values; --", "%", "\u{1}letter/1", "\u{0}", ""] {
        let client = room.connect("eve");
        client.send(&pin(key, 1));
        client.received();
        client.send(&Message::Read { key: key.into() });
        assert_eq!(client.receive_text(), r#"{"found":1}"#, "{key:?}");
        client.close(1000, "");
    }
    assert_eq!(room.state(), None, "no key reaches the state");
    assert_eq!(room.take_letters(), [], "nor a letter");
}

#[test]
fn what_a_client_says_of_itself_in_an_event_is_not_believed() {
    let (_, [_, eve]) = wall();
    for json in [
        r#"{"_tag":"Who","sender":"ada"}"#,
        r#"{"_tag":"Who","sibling":"pinboard/other"}"#,
        r#"{"_tag":"Who","__proto__":{"sender":"ada"}}"#,
    ] {
        eve.send_text(json);
        assert_eq!(eve.receive_text(), r#"{"who":"the client eve"}"#);
    }
}

#[test]
fn a_letter_that_a_client_writes_is_a_frame_like_others() {
    let (room, [_, eve]) = wall();
    let letter = r#"{"seq":1,"floor":1,"hops":0,"errand":{"message":{"room":"pinboard/wall","json":"{\"_tag\":\"Who\"}"}}}"#;
    let receipt = r#"{"seq":1,"ok":null}"#;
    for forged in [letter, receipt] {
        eve.send_text(forged);
        assert_eq!(codes(&eve), ["invalid_event"]);
    }
    // The same by the hand of a sibling.
    room.receive("pinboard/other", serde_json::from_str(letter).unwrap()).unwrap();
    assert_eq!(eve.receive_text(), r#"{"who":"the room pinboard/other"}"#);
}

#[test]
fn a_letter_is_no_larger_than_storage_takes_it_twice_over() {
    let (room, [_, eve]) = wall();
    let forward = |size: usize| room.send(&Message::Forward { value: "x".repeat(size).into() });
    let rest = r#"{"_tag":"Pin","key":"forwarded","value":""}"#.len();
    let limit = limits::LETTER_BYTES;
    assert_eq!(forward(limit - rest), Ok(()));
    assert_eq!(room.take_letters().len(), 1);
    assert_eq!(forward(limit + 1 - rest), Err(Error::ValueTooLarge { limit, size: limit + 1 }));
    assert_eq!((room.take_letters().len(), codes(&eve).len()), (0, 0));
}

#[test]
fn of_a_flood_only_the_burst_is_handled_and_nothing_else_is_stored_or_heard() {
    let (room, [ada, eve]) = wall();
    let before = room.commits();
    for nth in 0..10_000 {
        eve.send(&pin("flood", nth));
    }
    assert_eq!(ada.received().len(), 20);
    assert_eq!(room.commits(), before + 20);
    assert_eq!(codes(&eve), vec!["rate_limited"; 9_980]);
    room.hibernate();
    eve.send(&pin("flood", "again"));
    assert_eq!(codes(&eve), ["rate_limited"], "sleep does not fill the bucket");
    // Others have buckets of their own.
    ada.send(&Message::Who);
    assert_eq!(ada.receive_text(), r#"{"who":"the client ada"}"#);
}

#[test]
fn frames_that_are_no_events_count_against_the_rate_too() {
    let (_, [_, eve]) = wall();
    for _ in 0..30 {
        eve.send_text("no message");
    }
    let codes = codes(&eve);
    assert_eq!(codes[..20], ["invalid_event"; 20]);
    assert_eq!(codes[20..], ["rate_limited"; 10]);
}

#[test]
fn who_comes_anew_has_a_full_bucket() {
    let (room, [_, eve]) = wall();
    for _ in 0..30 {
        eve.send(&Message::Who);
    }
    assert_eq!(codes(&eve).len(), 10);
    eve.close(1000, "");
    let eve = room.connect("eve");
    eve.send(&Message::Who);
    assert_eq!(eve.receive_text(), r#"{"who":"the client eve"}"#);
}

#[test]
fn the_last_place_is_given_once_and_a_place_that_is_left_is_given_anew() {
    let mut host = MemoryHost::new();
    host.crowd(limits::CONNECTIONS - 1);
    let room = TestRoom::<Pinboard>::on(host, "wall");
    let last = room.connect("last");
    let refused = |room: &TestRoom<Pinboard>| {
        let upgrade = Upgrade { id: Some("more".into()), ..Upgrade::default() };
        room.try_connect(upgrade).err()
    };
    let full = Error::TooManyConnections { limit: limits::CONNECTIONS };
    assert_eq!(full.status(), 503);
    for _ in 0..100 {
        assert_eq!(refused(&room), Some(full.clone()));
    }
    room.hibernate();
    assert_eq!(refused(&room), Some(full));
    last.close(1000, "");
    assert_eq!(refused(&room), None);
}

#[test]
fn an_error_does_not_give_a_long_frame_back() {
    let room = TestRoom::<Chat>::new("lounge");
    let (ada, eve) = (room.connect("ada"), room.connect("eve"));
    ada.received();
    for frame in [
        format!(r#"{{"_tag":"{}"}}"#, "x".repeat(60_000)),
        format!(r#"{{"_tag":"Say","{}":1}}"#, "é".repeat(30_000)),
    ] {
        eve.send_text(frame);
        let told = eve.receive_text();
        assert!(told.contains("invalid_event") && told.len() < 600, "{} bytes", told.len());
    }
    assert_eq!(ada.received(), []);
    eve.send(&chat::Message::Typing {});
    assert_eq!(ada.received().len(), 1);
}

#[test]
fn of_what_went_wrong_inside_a_client_learns_nothing() {
    let reason = || "/srv/rooms/secret.rs:17".to_owned();
    let inside = [
        Error::execution(reason()),
        Error::Panicked,
        Error::Storage,
        Error::InvalidCloseCode { code: 1005 },
        Error::CloseReasonTooLong { limit: 123, size: 124 },
        Error::Encode { what: "the state".into(), reason: reason() },
        Error::StateUnreadable { reason: reason() },
        Error::RowUnreadable { reason: reason() },
        Error::ValueUnreadable { reason: reason() },
        Error::PayloadUnreadable { reason: reason() },
        Error::Undelivered { to: "billing".into(), reason: reason() },
        Error::InvalidConfig { reason: reason() },
        Error::TooManyHops { limit: limits::HOPS },
    ];
    for error in inside {
        assert_eq!((error.code(), error.status()), ("internal", 500), "{error}");
        assert_eq!(error.public_message(), "something went wrong in the room");
    }
}

#[test]
fn an_id_may_look_like_another() {
    // Only control characters are refused: whoever shows ids has to mind the rest.
    for id in ["ada\u{202e}", "ada\u{200b}", "аda"] {
        assert!(ConnectionId::new(id).is_ok_and(|made| made.as_str() != "ada"));
    }
    for id in ["ada\u{0}", "ada\r\n", "\u{1}ada", "ada\u{7f}", "ada\u{85}"] {
        assert!(ConnectionId::new(id).is_err(), "{id:?}");
    }
}
