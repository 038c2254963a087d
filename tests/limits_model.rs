//! The checks against the platform's rules, written down a second time and plainly.

use std::time::Duration;

use dormouse::testing::TestRoom;
use dormouse::{
    Close, CloseCode, ConnectionId, Context, Effects, Error, Handler, History, Keyed, Never,
    ObjectName, Result, Room, Tag, Timestamp, Upgrade, When, limits,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A room that does one thing with what it is told, and remembers the error that came of it.
struct Prober;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Probe {
    Attach(String),
    Close(String),
    Schedule { name: String, at: u64 },
    Every(u64),
    Save(String),
    Append(String),
    Payload(String),
    Row(String),
    Value(String),
}

const ROWS: History<String> = History::new("rows");
const VALUES: Keyed<String> = Keyed::new("values");

impl Room for Prober {
    const NAME: &'static str = "prober";
    const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;
    type State = String;
    type Connection = String;
    type Upgrade = ();
    type Message = Probe;
    type Broadcast = String;
    type Alarm = String;
    type Reply = Never;

    fn admit(
        _: &Context<Self>,
        newcomer: dormouse::Newcomer<()>,
    ) -> Result<dormouse::Admission<String>> {
        let (id, tags) = (ConnectionId::new("p")?, newcomer.tags);
        Ok(dormouse::Admission { id, tags, state: String::new() })
    }

    fn handle_message(cx: &Context<Self>, probe: Probe) -> Result<Effects<Self>> {
        let done = Effects::new().broadcast("done".into());
        Ok(match probe {
            Probe::Attach(pad) => match cx.sender() {
                Some(sender) => done.set_connection(sender, pad),
                None => done,
            },
            Probe::Close(reason) => done.close(cx.sender(), CloseCode::NORMAL, reason),
            Probe::Schedule { name, at } => {
                done.schedule(name, When::at(Timestamp::from_millis(at)), String::new())
            }
            Probe::Every(micros) => {
                let period = Duration::from_micros(micros);
                done.schedule("tick", When::after(Duration::ZERO).every(period), String::new())
            }
            Probe::Save(text) => done.save(text),
            Probe::Payload(text) => done.schedule("x", When::after(Duration::ZERO), text),
            Probe::Row(text) => done.append(&ROWS, &text),
            Probe::Value(text) => done.put(&VALUES, "x", &text),
            Probe::Append(text) => done.update(move |state: &mut String| state.push_str(&text)),
        })
    }

    fn handle_close(_: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(Effects::new())
    }

    fn handle_error(cx: &Context<Self>, _: Handler, error: &Error) -> Effects<Self> {
        Effects::new().send(cx.sender(), format!("{error:?}"))
    }
}

/// The error that a probe meets, as its debug form; none if it was done.
fn probe(probe: &Probe) -> Option<String> {
    let room = TestRoom::<Prober>::new("lab");
    let client = room.connect("p");
    client.send(probe);
    let answer = client.receive();
    assert!(client.received().is_empty(), "a list that breaks a limit is dropped whole");
    (answer != "done").then_some(answer)
}

fn told(error: &Error) -> String {
    format!("{error:?}")
}

/// Text of which each character is one to four bytes of UTF-8, and one or two bytes of V8's.
fn text(characters: impl Strategy<Value = usize>) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!['x', 'é', '€', '🐭']);
    (characters, letter).prop_map(|(count, letter)| String::from(letter).repeat(count))
}

#[test]
fn what_is_stored_has_at_most_2_000_000_bytes_as_json() {
    let limit = limits::VALUE_BYTES;
    for (size, is_over) in [(limit - 1, false), (limit, false), (limit + 1, true)] {
        // With its quotes.
        let text = "x".repeat(size - 2);
        let met = |of: Probe, error: Error| {
            assert_eq!(probe(&of), is_over.then(|| told(&error)), "{size}");
        };
        met(Probe::Save(text.clone()), Error::StateTooLarge { limit, size });
        met(Probe::Payload(text.clone()), Error::PayloadTooLarge { limit, size });
        met(Probe::Row(text.clone()), Error::ValueTooLarge { limit, size });
        met(Probe::Value(text.clone()), Error::ValueTooLarge { limit, size });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_tag_is_at_most_256_bytes_without_control_characters(tag in text(0..300_usize)) {
        let made = Tag::new(tag.clone());
        if tag.len() > 256 {
            prop_assert_eq!(made, Err(Error::TagTooLong { limit: 256, size: tag.len() }));
        } else {
            prop_assert_eq!(made.map(|made| made.as_str().to_owned()), Ok(tag));
        }
    }

    #[test]
    fn control_characters_are_in_no_tag_and_no_id(before in "[a-z]{0,9}", c in 0..32_u8, after in "[a-z]{0,9}") {
        let text = format!("{before}{}{after}", char::from(c));
        prop_assert!(Tag::new(text.clone()).is_err());
        prop_assert!(ConnectionId::new(text.clone()).is_err());
        prop_assert!(ObjectName::new("chat", &text).is_err());
    }

    #[test]
    fn a_connection_has_at_most_nine_different_tags(count in 0..14_usize) {
        let tags = (0..count).map(|i| format!("tag-{i}")).collect();
        let room = TestRoom::<Prober>::new("lab");
        let made = room.try_connect(Upgrade { tags, ..Upgrade::default() });
        match made {
            Ok(_) => prop_assert!(count <= 9),
            Err(error) => prop_assert_eq!(error, Error::TooManyTags { limit: 9, count }),
        }
    }

    #[test]
    fn a_connection_id_is_1_to_128_bytes(id in text(0..140_usize)) {
        prop_assert_eq!(ConnectionId::new(id.clone()).is_ok(), (1..=128).contains(&id.len()));
    }

    #[test]
    fn a_room_id_is_of_characters_that_a_url_takes(id in ".{0,140}") {
        let good = (1..=128).contains(&id.len())
            && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'%'));
        prop_assert_eq!(ObjectName::new("chat", &id).is_ok(), good);
    }

    #[test]
    fn an_object_is_named_after_its_type_and_its_room(name in "[a-c~/]{0,9}") {
        let parsed = ObjectName::parse(&name);
        match name.split_once('/') {
            Some((room, id)) if !id.is_empty() && !id.contains('/') => {
                let parsed = parsed.unwrap();
                prop_assert_eq!((parsed.room(), parsed.id()), (room, id));
                prop_assert_eq!(parsed.to_string(), name);
            }
            _ => prop_assert!(parsed.is_err()),
        }
    }

    #[test]
    fn what_an_error_quotes_is_cut(size in 129..5_000_usize) {
        let long = "é".repeat(size);
        let cut = if size > 200 { "é".repeat(200) + "…" } else { long.clone() };
        let id = cut.clone();
        prop_assert_eq!(ConnectionId::new(long.clone()), Err(Error::InvalidConnectionId { id }));
        prop_assert_eq!(ObjectName::new("chat", &long), Err(Error::InvalidRoomId { id: cut }));
    }

    #[test]
    fn a_close_reason_is_at_most_123_bytes(reason in text(0..140_usize)) {
        let size = reason.len();
        let error = (size > 123).then_some(Error::CloseReasonTooLong { limit: 123, size });
        prop_assert_eq!(probe(&Probe::Close(reason)), error.as_ref().map(told));
    }

    #[test]
    fn an_alarm_has_a_name_of_1_to_256_bytes(name in text(0..300_usize)) {
        let size = name.len();
        let error = (size == 0 || size > 256).then_some(Error::InvalidAlarmName { limit: 256, size });
        let met = probe(&Probe::Schedule { name, at: 1 });
        prop_assert_eq!(met, error.as_ref().map(told));
    }

    #[test]
    fn an_alarm_is_after_0_and_before_2189(
        at in prop_oneof![0..3_u64, any::<u64>(), 6_911_049_599_998..6_911_049_600_003_u64],
    ) {
        let limit = 6_911_049_600_000;
        let error = (at == 0 || at > limit).then_some(Error::InvalidAlarmTime { limit, at });
        let met = probe(&Probe::Schedule { name: "x".into(), at });
        prop_assert_eq!(met, error.as_ref().map(told));
    }

    #[test]
    fn a_period_is_a_millisecond_or_more(micros in 0..3_000_u64) {
        let limit = 100 * 365 * 24 * 60 * 60 * 1_000;
        let error = (micros < 1_000).then_some(Error::InvalidPeriod { limit, period: 0 });
        prop_assert_eq!(probe(&Probe::Every(micros)), error.as_ref().map(told));
    }

    #[test]
    fn an_attachment_is_at_most_16384_bytes_as_v8_writes_it(
        pad in prop_oneof![text(16_330..16_350_usize), text(8_140..8_160_usize), text(4_070..4_080_usize)],
    ) {
        // {"id":"p","at":1700000000000,"nth":1,"state":"…"}
        let rest = r#"{"id":"p","at":1700000000000,"nth":1,"state":""}"#.len();
        let units = rest + pad.encode_utf16().count();
        let wide = pad.chars().any(|c| u32::from(c) > 0xff);
        // Version (2), tag, a length of two or three bytes, and a byte to even it out for wide text.
        let content = if wide { 2 * units } else { units };
        let length = if content < 1 << 14 { 2 } else { 3 };
        let header = 3 + length;
        let size = header + content + if wide { header % 2 } else { 0 };
        let error = (size > 16_384).then_some(Error::AttachmentTooLarge { limit: 16_384, size });
        prop_assert_eq!(probe(&Probe::Attach(pad)), error.as_ref().map(told));
    }
}

#[test]
fn a_close_code_is_good_exactly_if_the_platform_sends_it() {
    for code in 0..=u16::MAX {
        let good = (1000..=1003).contains(&code)
            || (1007..=1014).contains(&code)
            || (1016..=4999).contains(&code);
        let wanted = if good { Ok(code) } else { Err(Error::InvalidCloseCode { code }) };
        assert_eq!(CloseCode::new(code).map(CloseCode::get), wanted);
    }
}

#[test]
fn a_state_is_at_most_a_stored_value_and_a_larger_one_keeps_the_old() {
    let limit = limits::VALUE_BYTES;
    let quotes = 2;
    assert_eq!(probe(&Probe::Save("x".repeat(limit - quotes))), None);
    let error = Error::StateTooLarge { limit, size: limit + 1 };
    assert_eq!(probe(&Probe::Save("x".repeat(limit + 1 - quotes))), Some(told(&error)));

    let room = TestRoom::<Prober>::new("lab");
    let client = room.connect("p");
    room.together(|| {
        client.send(&Probe::Save("one".into()));
        client.send(&Probe::Append("x".repeat(limit)));
        client.send(&Probe::Append(" two".into()));
    });
    assert_eq!(client.receive(), "done");
    assert!(client.receive().contains("StateTooLarge"));
    assert_eq!(client.receive(), "done");
    assert_eq!(room.state().as_deref(), Some("one two"));
}
