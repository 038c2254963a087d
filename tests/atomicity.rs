//! A handler that fails changes nothing: no state, no frame, no schedule, no attachment, no close.

use std::time::Duration;

use dormouse::testing::TestRoom;
use dormouse::{
    CloseCode, Context, Effects, Error, Handler, History, Keyed, Never, Result, Room, Text, When,
    limits,
};

const SAID: History<String> = History::new("said");
const LABELS: Keyed<String> = Keyed::new("labels");

/// A room that wants one of everything, and then fails in the way it is told.
struct Wanting;

impl Room for Wanting {
    const NAME: &'static str = "wanting";
    type State = u32;
    type Connection = u32;
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = Never;

    fn admit(
        cx: &Context<Self>,
        newcomer: dormouse::Newcomer<()>,
    ) -> Result<dormouse::Admission<u32>> {
        Ok(dormouse::Admission::new(newcomer.id_or_uuid(cx), 0))
    }

    fn handle_message(cx: &Context<Self>, Text(how): Text) -> Result<Effects<Self>> {
        let everything = want_everything(cx);
        let beyond = "x".repeat(limits::VALUE_BYTES);
        match how.as_str() {
            "well" => Ok(everything),
            "refuse" => Err(Error::refuse("no", "not now")),
            "reason" => Ok(everything.close(cx.sender(), CloseCode::NORMAL, "x".repeat(124))),
            "name" => Ok(everything.schedule("", When::after(Duration::ZERO), String::new())),
            "period" => {
                let never = When::after(Duration::ZERO).every(Duration::ZERO);
                Ok(everything.schedule("x", never, String::new()))
            }
            "payload" => Ok(everything.schedule("x", When::after(Duration::ZERO), beyond)),
            "row" => Ok(everything.append(&SAID, &beyond)),
            "value" => Ok(everything.put(&LABELS, "x", &beyond)),
            "key" => Ok(everything.put(&LABELS, "x".repeat(513), &String::new())),
            other => Err(Error::execution(other)),
        }
    }

    fn handle_alarm(cx: &Context<Self>, how: String) -> Result<Effects<Self>> {
        Self::handle_message(cx, Text(how))
    }

    fn handle_error(cx: &Context<Self>, during: Handler, error: &Error) -> Effects<Self> {
        Effects::new().send(cx.sender(), format!("{during:?}: {error:?}").into())
    }
}

fn want_everything(cx: &Context<Wanting>) -> Effects<Wanting> {
    let others: Vec<_> = cx.connections().filter(|other| Some(other) != cx.sender()).collect();
    let effects = Effects::new()
        .save(cx.state().unwrap_or(&0) + 1)
        .broadcast("news".into())
        .schedule("alarm", When::after(Duration::from_secs(60)), "well".into())
        .append(&SAID, &"something".to_owned())
        .put(&LABELS, "key", &"value".to_owned())
        .close(&others, CloseCode::AWAY, "out");
    match cx.sender() {
        Some(sender) => effects.set_connection(sender, sender.state() + 1),
        None => effects,
    }
}

/// Everything that a handler can change, as far as it can be seen.
fn everything(room: &TestRoom<Wanting>) -> String {
    let seen = room.read(|cx| {
        let mut states: Vec<_> =
            cx.connections().map(|one| (one.id().to_string(), *one.state())).collect();
        states.sort();
        let said = cx.history(&SAID).last(10).unwrap();
        let labels = cx.keyed(&LABELS).first("", 10).unwrap();
        format!("{states:?} {said:?} {labels:?} {:?}", cx.next_alarm())
    });
    format!("{:?} {seen} {:?}", room.state(), room.alarm())
}

#[test]
fn a_message_that_fails_changes_nothing_and_names_the_limit() {
    let limit = limits::VALUE_BYTES;
    let size = limit + 2;
    let fails = [
        ("refuse", Error::refuse("no", "not now")),
        ("otherwise", Error::execution("otherwise")),
        ("reason", Error::CloseReasonTooLong { limit: 123, size: 124 }),
        ("name", Error::InvalidAlarmName { limit: 256, size: 0 }),
        ("period", Error::InvalidPeriod { limit: 3_153_600_000_000, period: 0 }),
        ("payload", Error::PayloadTooLarge { limit, size }),
        ("row", Error::ValueTooLarge { limit, size }),
        ("value", Error::ValueTooLarge { limit, size }),
        ("key", Error::KeyTooLong { limit: 512, size: "labels/".len() + 513 }),
    ];
    for (how, error) in fails {
        let room = TestRoom::<Wanting>::new("shop");
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        let before = everything(&room);
        ada.send_text(how);
        assert_eq!(ada.receive_text(), format!("Message: {error:?}"));
        assert!(ada.received().is_empty() && bob.received().is_empty());
        assert_eq!(everything(&room), before);
        assert!(ada.is_open() && bob.is_open());
        room.hibernate();
        assert_eq!(everything(&room), before);

        ada.send_text("well");
        assert_ne!(everything(&room), before);
        assert!(!bob.is_open());
    }
}

#[test]
fn in_a_batch_only_the_message_that_fails_is_missing() {
    let room = TestRoom::<Wanting>::new("shop");
    let ada = room.connect("ada");
    let before = room.commits();
    room.together(|| {
        for how in ["well", "reason", "well", "refuse", "well"] {
            ada.send_text(how);
        }
    });
    assert_eq!(room.state(), Some(3));
    assert_eq!(room.commits() - before, 1);
    room.read(|cx| {
        let numbers: Vec<_> =
            cx.history(&SAID).last(9).unwrap().iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, [1, 2, 3]);
    });
}

#[test]
fn an_alarm_that_fails_stays_and_the_others_have_their_turn() {
    let room = TestRoom::<Wanting>::new("shop");
    let ada = room.connect("ada");
    ada.send_text("well");
    ada.received();
    let before = room.state();
    room.advance(Duration::from_secs(60));
    // The alarm that is due succeeds, and wants itself again in a minute.
    assert_eq!(room.state(), before.map(|count| count + 1));
    room.read(|cx| assert_eq!(cx.next_alarm().unwrap().name, "alarm"));
}

#[test]
fn an_api_call_that_fails_says_why_and_changes_nothing() {
    let room = TestRoom::<Wanting>::new("shop");
    let ada = room.connect("ada");
    let before = everything(&room);
    assert_eq!(room.send_json("\"refuse\""), Err(Error::refuse("no", "not now")));
    assert!(matches!(room.send_json("7"), Err(Error::InvalidMessage { .. })));
    assert_eq!(everything(&room), before);
    assert!(ada.received().is_empty());
}

/// A room whose `handle_error` breaks a limit in its turn.
struct Clumsy;

impl Room for Clumsy {
    const NAME: &'static str = "clumsy";
    type State = u32;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = dormouse::Never;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        Err(Error::refuse("no", "not now"))
    }

    fn handle_error(cx: &Context<Self>, _: Handler, _: &Error) -> Effects<Self> {
        Effects::new().save(1).close(cx.sender(), CloseCode::NORMAL, "x".repeat(124))
    }
}

#[test]
fn a_hook_that_breaks_a_limit_is_dropped_and_the_first_error_told() {
    let room = TestRoom::<Clumsy>::new("shop");
    let ada = room.connect("ada");
    ada.send_text("x");
    assert_eq!(ada.receive_text(), r#"{"_tag":"Error","code":"no","message":"not now"}"#);
    assert_eq!(room.state(), None);
    assert!(ada.is_open());
}
