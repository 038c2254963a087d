//! What a room finds when it wakes, and nobody of this version has stored: it is left as it is, and
//! harms nothing beside it.

use std::time::Duration;

use dormouse::rooms::HistoryRoom;
use dormouse::testing::{MemoryHost, TestRoom};
use dormouse::{
    Commit, Context, Delivered, Effects, Ends, Errand, Error, History, Host as _, Letter, Never,
    Order, Result, Room, ScheduledAlarm, Timestamp, Write,
};
use serde::{Deserialize, Serialize};

/// A room that tells others, and says what it sees.
struct Teller;

#[derive(Debug, Serialize, Deserialize)]
enum Message {
    Tell(String),
    Look,
    Fail,
}

const LOG: History<String> = History::new("log");

impl Room for Teller {
    const NAME: &'static str = "teller";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Message;
    type Broadcast = String;
    type Alarm = Message;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        Ok(match message {
            Message::Tell(to) => Effects::new().tell::<Self>(&to, &Message::Look),
            Message::Look => Effects::new().broadcast(format!("{} rows", cx.history(&LOG).len())),
            Message::Fail => return Err(Error::execution("as told")),
        })
    }

    fn handle_alarm(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        Self::handle_message(cx, message)
    }
}

const LETTERS: &str = "\u{1}letter/";
const LETTER: &str = "\u{1}letter/00000000000000000001/00000000000000000001/18/teller/b";
const LAST_LETTER: &str = "\u{1}last-letter";
const FROM_EVE: &str = "\u{1}from/teller/eve";

fn waking_on(writes: Vec<Write>) -> TestRoom<Teller> {
    let mut host = MemoryHost::new();
    host.perform(&Commit { writes, ..Commit::default() }).unwrap();
    TestRoom::on(host, "a")
}

fn value(key: &str, value: &str) -> Write {
    Write::Value { key: key.to_owned(), value: value.to_owned() }
}

fn alarm(payload: &str) -> ScheduledAlarm {
    ScheduledAlarm::once("e", Timestamp::from_millis(1), payload)
}

fn tell(room: &TestRoom<Teller>, to: &str) -> Letter {
    room.send(&Message::Tell(to.to_owned())).unwrap();
    room.take_letters().pop().expect("a letter")
}

#[test]
fn a_letter_that_cannot_be_read_keeps_no_other_from_its_way() {
    let room = waking_on(vec![value(LETTER, "of a later version")]);
    let first = tell(&room, "b");
    let second = tell(&room, "c");
    assert_eq!(second.floor, second.seq, "the first is for another");
    room.delivered(second.seq, Delivered::Ok(true.into()));
    // The first was lost: the answer of its receiver never came, nor any word of it.
    room.with_host(|host| host.landed(first.seq));
    room.advance(Duration::from_secs(2));
    let again = room.take_letters();
    assert_eq!(again.len(), 1, "the first is tried again");
    assert_eq!(again[0].seq, first.seq);
    room.delivered(first.seq, Delivered::Ok(true.into()));
    assert_eq!(letters(&room), ["of a later version"]);
    let alarm = room.alarm().expect("it is looked at again");
    assert!(alarm > room.now() + Duration::from_secs(3_600), "and not at once: {alarm}");
}

fn letters(room: &TestRoom<Teller>) -> Vec<String> {
    let rows = room.with_host(|host| host.values(LETTERS, None, 9, Order::Forwards).rows);
    rows.into_iter().map(|(_, json)| json).collect()
}

#[test]
fn what_was_received_is_not_overwritten_if_it_cannot_be_read() {
    let room = waking_on(vec![value(FROM_EVE, "of a later version")]);
    let ada = room.connect("ada");
    let json = serde_json::to_string(&Message::Look).unwrap();
    let errand = Errand::Message { room: "teller/a".into(), json };
    let letter = Letter { seq: 7, floor: 7, hops: 0, errand };
    let refused = room.receive("teller/eve", letter.clone());
    assert!(matches!(refused, Err(Error::ValueUnreadable { .. })), "{refused:?}");
    assert_eq!(ada.received(), []);
    room.with_host(|host| assert_eq!(host.value(FROM_EVE).as_deref(), Some("of a later version")));
    room.receive("teller/bob", letter).unwrap();
    assert_eq!(ada.receive(), "0 rows");
}

#[test]
fn letters_are_numbered_after_the_clock_when_the_last_number_has_none_after_it() {
    let room = waking_on(vec![value(LAST_LETTER, &u64::MAX.to_string())]);
    let (first, second) = (tell(&room, "b"), tell(&room, "b"));
    assert_eq!(first.seq, room.now().as_millis() << 10);
    assert_eq!(second.seq, first.seq + 1);
}

#[test]
fn an_alarm_with_a_period_of_0_comes_once() {
    let alarm = ScheduledAlarm { period: Some(0), ..alarm(r#""Look""#) };
    let room = waking_on(vec![Write::Alarm(alarm)]);
    let ada = room.connect("ada");
    room.fire_alarm();
    assert_eq!(ada.received().len(), 1);
    room.read(|cx| assert_eq!(cx.alarm("e"), None));
    assert_eq!(room.alarm(), None);
}

#[test]
fn an_alarm_that_failed_too_often_to_count_fails_for_good() {
    let error = Some("as told".to_owned());
    let alarm = ScheduledAlarm { failures: u32::MAX, error, ..alarm(r#""Fail""#) };
    let room = waking_on(vec![Write::Alarm(alarm)]);
    room.fire_alarm();
    room.read(|cx| assert!(cx.alarm("e").is_some_and(|alarm| alarm.failed)));
    assert_eq!(room.alarm(), None);
}

#[test]
fn an_attachment_that_a_rate_does_not_fit_into_stays_as_it_is() {
    // Of a version that had no rate limit, which leaves room for it.
    let name = "x".repeat(16_379 - 57);
    let before = format!(r#"{{"id":"ada","at":1,"nth":1,"state":{{"name":"{name}","since":1}}}}"#);
    assert_eq!(before.len(), 16_379, "the largest that the platform takes");
    let room = TestRoom::<HistoryRoom>::new("a");
    let ada = room.connect("ada");
    room.with_host(|host| host.set_attachment(ada.socket(), &before));
    room.hibernate();
    for _ in 0..11 {
        ada.send_text(r#"{"type":"chat","message":"hi"}"#);
    }
    assert_eq!(ada.received().len(), 11);
    room.with_host(|host| assert_eq!(host.attachment(ada.socket()), Some(before)));
}

#[test]
fn a_history_trimmed_beyond_its_end_is_empty() {
    let ends = Ends { last: 3, last_at: Timestamp::from_millis(1), trimmed: 5 };
    let room = waking_on(vec![Write::Ends { history: "log", ends }]);
    room.read(|cx| assert!(cx.history(&LOG).is_empty()));
}
