//! The errors that a room's author or its users can meet, each where it is met.

use std::collections::BTreeMap;
use std::time::Duration;

use dormouse::testing::{MemoryHost, TestClient, TestRoom};
use dormouse::{
    ConnectionId, Context, Effects, Error, Handler, History, Keyed, Never, OnDuplicate, RateLimit,
    Result, Room, Text, Upgrade, When,
};
use serde::{Deserialize, Serialize};

const ROWS: History<u32> = History::new("rows");
const VALUES: Keyed<u32> = Keyed::new("values");
// The same names, read as something else: what a deploy with new types finds.
const OLD_ROWS: History<String> = History::new("rows");
const OLD_VALUES: Keyed<String> = Keyed::new("values");

struct Trouble;

#[derive(Default, Serialize, Deserialize)]
struct State {
    /// JSON has no keys that are lists.
    #[serde(default)]
    odd: BTreeMap<Vec<u8>, u8>,
}

#[derive(Deserialize)]
struct Config {
    #[allow(dead_code, reason = "only its absence is looked for")]
    wanted: u32,
}

impl Room for Trouble {
    const NAME: &'static str = "trouble";
    const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(20, Duration::from_secs(1)));
    type State = State;
    type Connection = u32;
    type Upgrade = u32;
    type Message = Text;
    type Broadcast = Text;
    type Alarm = u32;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, Text(what): Text) -> Result<Effects<Self>> {
        let effects = Effects::new();
        match what.as_str() {
            "encode" => Ok(effects.save(State { odd: BTreeMap::from([(vec![1], 1)]) })),
            "key" => Ok(effects.put(&VALUES, "\u{10ffff}", &1)),
            "old row" => Ok(effects.append(&OLD_ROWS, &"text".to_owned())),
            "row" => cx.history(&ROWS).last(1).map(|_| effects),
            "old value" => Ok(effects.put(&OLD_VALUES, "x", &"text".to_owned())),
            "value" => cx.keyed(&VALUES).get("x").map(|_| effects),
            "config" => cx.config::<Config>().map(|_| effects),
            "alarm" => Ok(effects.schedule("x", When::after(Duration::ZERO), 7)),
            _ => Ok(effects.broadcast(Text(what))),
        }
    }

    fn handle_alarm(_: &Context<Self>, alarm: u32) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(Text(alarm.to_string())))
    }

    fn handle_error(cx: &Context<Self>, _: Handler, error: &Error) -> Effects<Self> {
        let everyone: Vec<_> = cx.connections().collect();
        Effects::new().send(everyone, Text(error.to_string()))
    }
}

fn upgrade() -> Upgrade {
    Upgrade { data: 1.into(), ..Upgrade::default() }
}

fn client() -> (TestRoom<Trouble>, TestClient<Trouble>) {
    let room = TestRoom::new("here");
    let client = room.try_connect(upgrade()).unwrap();
    (room, client)
}

/// What the client hears after it has said these things.
fn hears(said: &[&str]) -> String {
    let (_, client) = client();
    for what in said {
        client.send_text(*what);
    }
    client.receive_text()
}

#[test]
fn a_state_that_json_cannot_hold_is_an_encode_error() {
    let heard = hears(&["encode"]);
    assert_eq!(heard, "the state cannot be written as JSON: key must be a string");
}

#[test]
fn a_key_behind_which_none_could_be_listed_is_refused() {
    assert!(hears(&["key"]).contains("has the character U+10FFFF in it"));
}

#[test]
fn what_an_older_version_stored_is_named_and_left_alone() {
    let row = hears(&["old row", "row"]);
    assert!(row.starts_with("a stored row does not decode as this history's"), "{row}");
    let value = hears(&["old value", "value"]);
    assert!(value.starts_with("a stored value does not decode as this kind's"), "{value}");

    let (room, client) = client();
    client.send_text("alarm");
    room.with_host(|host| host.rewrite_payload("x", "\"seven\""));
    room.hibernate();
    room.advance(Duration::ZERO);
    let payload = client.receive_text();
    assert!(payload.starts_with("a stored payload does not decode"), "{payload}");
    assert!(room.read(|cx| cx.alarm("x").is_some()));
}

#[test]
fn a_state_of_another_version_is_not_overwritten() {
    let mut host = MemoryHost::new();
    host.set_state("\"another version\"");
    let room = TestRoom::<Trouble>::on(host, "here");
    let refused = room.try_connect(upgrade()).err();
    assert!(matches!(refused, Some(Error::StateUnreadable { .. })));
    assert!(matches!(room.send_json("\"hello\""), Err(Error::StateUnreadable { .. })));
    room.with_host(|host| {
        use dormouse::Host as _;
        assert_eq!(host.state().as_deref(), Some("\"another version\""));
    });
}

#[test]
fn a_missing_variable_is_named() {
    let heard = hears(&["config"]);
    assert!(heard.contains("the Worker's configuration does not fit: missing field `wanted`"));
}

#[test]
fn an_upgrade_that_does_not_fit_the_room_is_refused_with_400() {
    let room = TestRoom::<Trouble>::new("here");
    let wrong = Upgrade { data: "text".into(), ..Upgrade::default() };
    let error = room.try_connect(wrong).err().unwrap();
    assert!(error.to_string().contains("data: invalid type"), "{error}");
    assert_eq!(error.status(), 400);
    let unknown = serde_json::from_str::<Upgrade>(r#"{"user":"ada"}"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field `user`"));
}

#[test]
fn one_who_is_too_fast_is_told_how_long_to_wait() {
    let (_, client) = client();
    for _ in 0..20 {
        client.send_text("hello");
    }
    assert_eq!(client.received().len(), 20);
    client.send_text("hello");
    let error =
        r#"{"_tag":"Error","code":"rate_limited","message":"too fast: wait 1000 milliseconds"}"#;
    assert_eq!(client.receive_text(), error);
}

#[test]
fn a_full_room_takes_nobody_more() {
    let mut host = MemoryHost::new();
    host.crowd(dormouse::limits::CONNECTIONS);
    let room = TestRoom::<Trouble>::on(host, "here");
    let refused = room.try_connect(upgrade()).err().unwrap();
    assert_eq!(refused, Error::TooManyConnections { limit: 32_768 });
    assert_eq!(refused.status(), 503);
}

#[test]
fn a_full_room_lets_a_connection_be_replaced() {
    let room = TestRoom::<Trouble>::new("here");
    let ada = || Upgrade { id: Some("ada".into()), ..upgrade() };
    let first = room.try_connect(ada()).unwrap();
    room.with_host(|host| host.crowd(dormouse::limits::CONNECTIONS - 1));
    let reject = Upgrade { on_duplicate: OnDuplicate::Reject, ..ada() };
    assert_eq!(room.try_connect(reject).err().unwrap().status(), 409);
    let replace = Upgrade { on_duplicate: OnDuplicate::Replace, ..ada() };
    assert!(room.try_connect(replace).unwrap().is_open());
    assert!(!first.is_open());
}

#[test]
fn what_breaks_a_limit_says_the_limit_the_value_and_what_to_do() {
    let (limit, size) = (1111, 2222);
    let too_large = [
        Error::FrameTooLarge { limit, size },
        Error::AttachmentTooLarge { limit, size },
        Error::StateTooLarge { limit, size },
        Error::PayloadTooLarge { limit, size },
        Error::ValueTooLarge { limit, size },
        Error::KeyTooLong { limit, size },
        Error::TooManyTags { limit, count: size },
        Error::TagTooLong { limit, size },
        Error::CloseReasonTooLong { limit, size },
        Error::InvalidAlarmTime { limit: 1111, at: 2222 },
        Error::InvalidPeriod { limit: 1111, period: 2222 },
        Error::InvalidAlarmName { limit, size },
        Error::TooDeep { what: "the state".into(), limit, depth: size },
    ];
    for error in too_large {
        let message = error.to_string();
        assert!(message.contains("1111") && message.contains("2222"), "{message}");
        assert!(message.contains(": "), "what to do is missing in: {message}");
        assert!(message.len() <= 123 || !matches!(error, Error::FrameTooLarge { .. }));
    }
}

#[test]
fn every_error_has_a_code_a_status_and_a_message_that_names_the_value() {
    let long = "x".repeat(200);
    let error = ConnectionId::new(&long).unwrap_err();
    assert_eq!((error.code(), error.status()), ("invalid_upgrade", 400));
    assert!(error.public_message().contains("1 to 128 bytes"));
    assert!(!error.public_message().contains(&"x".repeat(201)));
    let inside = Error::execution("secret");
    assert_eq!((inside.code(), inside.status()), ("internal", 500));
    assert!(!inside.public_message().contains("secret"));
}
