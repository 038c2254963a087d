//! What the log is told of handlers that fail: what nobody else hears, and each error once.

use std::time::Duration;

use dormouse::testing::{MemoryHost, TestRoom};
use dormouse::{
    Close, CloseCode, Context, Delivered, Effects, Engine, Error, Fault, Frame, Handler, Input,
    Never, ObjectName, OnDuplicate, Result, Room, SocketId, Text, Upgrade, When,
};

/// A room whose handlers fail as they are told.
struct Brittle;

fn broken() -> Error {
    Error::execution("the spring is broken")
}

impl Room for Brittle {
    const NAME: &'static str = "brittle";
    type State = String;
    type Connection = ();
    type Upgrade = Option<String>;
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = Never;

    fn handle_connect(_: &Context<Self>, upgrade: &Option<String>) -> Result<Effects<Self>> {
        match upgrade.as_deref() {
            Some("broken") => Err(broken()),
            Some("refused") => Err(Error::refuse("full", "there is no chair left")),
            _ => Ok(Effects::new().save(String::new())),
        }
    }

    fn handle_message(cx: &Context<Self>, Text(what): Text) -> Result<Effects<Self>> {
        let effects = Effects::<Self>::new();
        match what.as_str() {
            "broken" => Err(broken()),
            quoted if quoted.starts_with('>') => Err(Error::execution(quoted)),
            "refused" | "refused, and badly" => Err(Error::refuse("no", what)),
            "close" => Ok(effects.close(cx.sender(), CloseCode::new(1006)?, "")),
            "large" => Ok(effects.update(|state| *state = "x".repeat(2_100_000))),
            "write" => Ok(effects.announce::<Self>("other", &Text("hello".to_owned()))),
            "later" => Ok(effects.schedule("later", When::after(Duration::ZERO), "no".to_owned())),
            _ => Ok(effects.broadcast(Text(what))),
        }
    }

    fn handle_alarm(_: &Context<Self>, _: String) -> Result<Effects<Self>> {
        Err(Error::refuse("no", "not now"))
    }

    fn handle_close(_: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        if close.reason == "broken" { Err(broken()) } else { Ok(Effects::new()) }
    }

    fn handle_error(cx: &Context<Self>, _: Handler, error: &Error) -> Effects<Self> {
        let effects = Effects::new().send_error(cx.sender(), error);
        match error {
            Error::Refused { message, .. } if message.ends_with("badly") => {
                effects.close(cx.sender(), CloseCode::NORMAL, "x".repeat(124))
            }
            _ => effects,
        }
    }
}

/// The lines of the log since this was last asked.
fn log(room: &TestRoom<Brittle>) -> Vec<String> {
    room.take_errors().iter().map(ToString::to_string).collect()
}

const BROKEN: &str = "handle_message: the handler failed: the spring is broken";

#[test]
fn what_a_client_must_not_be_told_the_log_is_told() {
    let room = TestRoom::<Brittle>::new("shelf");
    let ada = room.connect("ada");
    ada.send_text("broken");
    assert_eq!(log(&room), [BROKEN]);
    assert!(!ada.receive_text().contains("spring"));
    ada.send_text("close");
    let [line] = &log(&room)[..] else { panic!("one line") };
    assert!(line.starts_with("handle_message: 1006 is not a close code"), "{line}");
}

#[test]
fn what_a_client_says_cannot_look_like_a_line_of_its_own() {
    let room = TestRoom::<Brittle>::new("shelf");
    room.connect("ada").send_text("> é\nroom bank/vault: \u{1b}[31mempty");
    let quoted = r"> é\nroom bank/vault: \u{1b}[31mempty";
    assert_eq!(log(&room), [format!("handle_message: the handler failed: {quoted}")]);
}

#[test]
fn what_a_client_is_told_the_log_is_not() {
    let room = TestRoom::<Brittle>::new("shelf");
    let ada = room.connect("ada");
    for said in ["refused", "large"] {
        ada.send_text(said);
        assert!(ada.receive_text().contains("Error"));
    }
    let upgrade = |data: &str| Upgrade { data: data.into(), ..Upgrade::default() };
    assert!(room.try_connect(upgrade("refused")).is_err());
    assert_eq!(log(&room), [""; 0]);
    assert!(room.try_connect(upgrade("broken")).is_err());
    assert_eq!(log(&room), ["handle_connect: the handler failed: the spring is broken"]);
}

#[test]
fn a_call_that_fails_inside_is_logged_too() {
    let room = TestRoom::<Brittle>::new("shelf");
    assert_eq!(room.send_json("\"broken\""), Err(broken()));
    assert_eq!(log(&room), [BROKEN]);
}

#[test]
fn an_alarm_a_close_and_a_letter_that_fail_are_logged_whatever_the_error() {
    let room = TestRoom::<Brittle>::new("shelf");
    let ada = room.connect("ada");
    ada.send_text("later");
    room.advance(Duration::ZERO);
    assert_eq!(log(&room), ["handle_alarm: not now"]);
    room.advance(Duration::from_secs(2));
    assert_eq!(log(&room), ["handle_alarm: not now"], "it was tried again");

    ada.send_text("write");
    let seq = room.take_letters()[0].seq;
    room.delivered(seq, Delivered::Error { message: "gone".into(), is_final: true });
    assert_eq!(log(&room), ["handle_reply: brittle/other gave no answer: gone"]);

    ada.close(1000, "broken");
    assert_eq!(log(&room), ["handle_close: the handler failed: the spring is broken"]);
}

#[test]
fn effects_of_handle_error_that_break_a_limit_are_logged() {
    let room = TestRoom::<Brittle>::new("shelf");
    let ada = room.connect("ada");
    ada.send_text("refused, and badly");
    let [line] = &log(&room)[..] else { panic!("one line") };
    assert!(line.starts_with("handle_error: a close reason of 124 bytes"), "{line}");
}

#[test]
fn a_batch_that_is_run_again_logs_each_error_once() {
    let room = TestRoom::<Brittle>::new("shelf");
    let ada = room.connect("ada");
    room.together(|| ["broken", "large", "well"].into_iter().for_each(|said| ada.send_text(said)));
    assert_eq!(ada.received().len(), 3, "two errors, and what went well");
    assert_eq!(log(&room), [BROKEN]);

    // The connection that was to be replaced stays after all, which takes another run.
    let replacement = Upgrade {
        id: Some("ada".to_owned()),
        on_duplicate: OnDuplicate::Replace,
        data: "broken".into(),
        ..Upgrade::default()
    };
    assert_eq!(room.try_connect(replacement).err(), Some(broken()));
    assert!(ada.is_open());
    assert_eq!(log(&room), ["handle_connect: the handler failed: the spring is broken"]);
}

#[test]
fn what_the_host_has_logged_itself_is_not_logged_again() {
    let host = MemoryHost::new();
    let mut engine = Engine::of::<Brittle>(ObjectName::new("brittle", "shelf").unwrap());
    engine.handle(&host, Input::Connect { socket: SocketId(1), upgrade: Upgrade::default() });
    for fault in [Fault::Calls(vec![1]), Fault::All, Fault::Failed(Error::Storage)] {
        let frame = Frame::Text("well".to_owned());
        engine.handle_again(&host, Input::Message { socket: SocketId(1), frame }, fault);
    }
    assert_eq!(engine.commit(&host).errors, []);
}
