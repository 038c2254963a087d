//! What the first page promises, where it is hardest to keep: for those who are away, after faults,
//! across purges, at the edges of what the platform takes.

use std::time::Duration;

use dormouse::testing::{MemoryHost, Object, ResumingClient, TestRoom};
use dormouse::{
    Admission, Answer, Audience, AutoResponse, Close, Context, Effects, Engine, Errand, Error,
    Frame, Function, Host as _, Input, Keep, Letter, Newcomer, ObjectName, OnDuplicate, Order,
    Range, RateLimit, Result, Resume, Room, ScheduledAlarm, Side, SocketId, Tag, Text, Upgrade,
    When, Write, limits,
};

fn texts<R: Room>(client: &dormouse::testing::TestClient<R>) -> Vec<String> {
    client.received().iter().map(|it| it.to_text().into_owned()).collect()
}

/// Does what it is told.
struct Hall;

impl Room for Hall {
    const NAME: &'static str = "hall";
    const RESUME: Option<Resume> =
        Some(Resume::keeping(Keep::newest(1_000)).grace(Duration::from_secs(10)));
    const PRESUMED_GONE_AFTER: Option<Duration> = Some(Duration::from_secs(60));
    type State = u64;
    type Connection = u64;
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = String;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<()>) -> Result<Admission<u64>> {
        Ok(Admission { id: newcomer.id_or_uuid(cx), tags: newcomer.tags, state: 0 })
    }

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        Ok(Effects::new()
            .broadcast_except(cx.sender(), Text(format!("{} comes", cx.sender_id().unwrap()))))
    }

    fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        let effects = Effects::<Self>::new();
        Ok(match text.as_str() {
            "plan" => {
                effects.schedule("tea", When::after(Duration::from_secs(86_400)), "tea".into())
            }
            "call" => effects.call(&Function::<u64, u64>::new("f"), &1, "r".to_owned()),
            "not eve" => {
                let eve = cx.connections().filter(|it| it.id().as_str() == "eve");
                effects.broadcast_to(Audience::everyone().except(eve), Text("secret".into()))
            }
            "to red" => effects.broadcast_tagged(Tag::new("red")?, Text("for the red".into())),
            "give all a point" => {
                let all: Vec<_> = cx.connections().collect();
                all.iter().fold(effects, |effects, it| effects.set_connection(it, it.state() + 1))
            }
            "points" => effects.send(cx.sender(), Text(cx.sender().unwrap().state().to_string())),
            "announce controls" => {
                let frame = Text("\u{1}".repeat(limits::LETTER_BYTES));
                effects.announce::<Self>("other", &frame)
            }
            "announce quotes" => {
                let frame = Text("\"".repeat(limits::LETTER_BYTES));
                effects.announce::<Self>("other", &frame)
            }
            "purge" => effects.purge(),
            "count" => effects.save(cx.state().unwrap_or(&0) + 1),
            _ => effects.broadcast(Text(text)),
        })
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(Text(format!("{} goes", cx.sender_id().unwrap()))))
    }
}

fn hall() -> TestRoom<Hall> {
    TestRoom::new("main")
}

fn place<R: Room>(client: &ResumingClient<R>) -> (String, String) {
    let text = |name: &str| client.hellos().last().unwrap()[name].as_str().unwrap().to_owned();
    (text("session"), text("epoch"))
}

#[test]
fn the_next_event_of_the_room_is_found_behind_three_of_the_engine() {
    let room = hall();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.send_text("plan");
    ada.send_text("call");
    bob.drop_line();
    assert!(room.read(|cx| cx.alarm("tea").is_some()));
    assert_eq!(room.read(|cx| cx.next_alarm().map(|it| it.name)), Some("tea".to_owned()));
}

#[test]
fn a_client_hears_nothing_that_was_said_before_it_ever_came() {
    let room = hall();
    let ada = room.join("ada");
    ada.send_text("said before eve ever came");
    let eve = room.join("eve");
    assert!(eve.heard().is_empty());
    let (session, epoch) = place(&eve);
    eve.drop_line();
    let eve = room
        .try_connect(Upgrade {
            id: Some("eve".into()),
            protocol: Some(format!("dormouse.1, dormouse.resume.{session}.{epoch}.0")),
            ..Upgrade::default()
        })
        .unwrap();
    let heard = texts(&eve);
    assert!(!heard.iter().any(|it| it.contains("before eve ever came")), "{heard:#?}");
}

#[test]
fn who_is_excepted_while_away_does_not_hear_it_on_coming_back() {
    let room = hall();
    let (ada, eve) = (room.join("ada"), room.join("eve"));
    eve.drop_line();
    ada.send_text("not eve");
    eve.reconnect();
    assert_eq!(eve.heard(), Vec::<String>::new());
}

#[test]
fn what_was_said_to_a_tag_is_for_those_who_wore_it_then() {
    let room = hall();
    let red = |id: &str, tags: &[&str], claim: String| {
        room.try_connect(Upgrade {
            id: Some(id.into()),
            tags: tags.iter().map(|it| (*it).to_owned()).collect(),
            protocol: Some(format!("dormouse.1{claim}")),
            ..Upgrade::default()
        })
        .unwrap()
    };
    let bob = room.join("bob");
    let eve = room.join("eve");
    eve.read();
    let (session, epoch) = place(&eve);
    let offset = eve.hellos()[0]["offset"].as_u64().unwrap();
    eve.leave();
    bob.send_text("to red");
    // An hour may pass; now the Worker gives her the tag.
    let eve = red("eve", &["red"], format!(", dormouse.resume.{session}.{epoch}.{offset}"));
    let heard = texts(&eve);
    assert!(!heard.iter().any(|it| it.contains("for the red")), "{heard:#?}");
}

fn letter(seq: u64, text: &str) -> Letter {
    let errand = Errand::Message { room: "hall/main".into(), json: format!("{text:?}") };
    Letter { seq, floor: 1, hops: 0, errand }
}

#[test]
fn a_letter_that_purges_is_handled_once() {
    let room = hall();
    room.receive("hall/other", letter(1, "purge")).unwrap();
    room.send_json("\"count\"").unwrap();
    assert_eq!(room.state(), Some(1));
    // Its answer was lost, and it comes again.
    room.receive("hall/other", letter(1, "purge")).unwrap();
    assert_eq!(room.state(), Some(1), "the purge was handled twice");
}

#[test]
fn a_purge_does_not_make_older_letters_new() {
    let room = hall();
    room.receive("hall/other", letter(1, "count")).unwrap();
    room.send_json("\"purge\"").unwrap();
    room.receive("hall/other", letter(1, "count")).unwrap();
    assert_eq!(room.state(), None, "handled twice");
}

fn with_rule(
    room: &TestRoom<Hall>,
    id: &str,
    on_duplicate: OnDuplicate,
    protocol: &str,
) -> Result<dormouse::testing::TestClient<Hall>> {
    room.try_connect(Upgrade {
        id: Some(id.into()),
        on_duplicate,
        protocol: Some(protocol.to_owned()),
        ..Upgrade::default()
    })
}

#[test]
fn reject_means_one_connection_an_id_also_with_one_that_is_away() {
    let room = hall();
    let ada = room.join("ada");
    let (session, epoch) = place(&ada);
    ada.drop_line();
    let second = with_rule(&room, "ada", OnDuplicate::Reject, "dormouse.1");
    let back = with_rule(
        &room,
        "ada",
        OnDuplicate::Reject,
        &format!("dormouse.1, dormouse.resume.{session}.{epoch}.0"),
    );
    let open = room.read(|cx| cx.connections_with_id(&"ada".try_into().unwrap()).len());
    assert!(
        open <= 1,
        "{open} connections of ada, second {} back {}",
        second.is_ok(),
        back.is_ok()
    );
}

#[test]
fn replace_ends_the_one_that_is_away_and_nobody_is_announced_as_gone_after_coming_back() {
    let room = hall();
    let bob = room.join("bob");
    let ada = room.join("ada");
    ada.drop_line();
    let ada = with_rule(&room, "ada", OnDuplicate::Replace, "dormouse.1").unwrap();
    room.advance(Duration::from_secs(11));
    bob.read();
    assert!(ada.is_open());
    assert_ne!(bob.heard().last().unwrap(), "ada goes", "{:?}", bob.heard());
}

#[test]
fn a_state_that_is_set_for_one_who_is_away_is_there_when_it_comes_back() {
    for sleeps in [false, true] {
        let room = hall();
        let (ada, eve) = (room.join("ada"), room.join("eve"));
        eve.drop_line();
        ada.send_text("give all a point");
        if sleeps {
            room.hibernate();
        }
        for client in [&ada, &eve] {
            client.reconnect();
            client.send_text("points");
            assert_eq!(client.heard().last().unwrap(), "1", "sleeps: {sleeps}");
        }
    }
}

#[test]
fn who_comes_back_is_what_the_worker_says_now() {
    let as_ada = |tags: &[&str], protocol| Upgrade {
        id: Some("ada".into()),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        protocol,
        ..Upgrade::default()
    };
    for (tags, hears) in [(&["red"][..], true), (&[], false)] {
        let room = hall();
        let (eve, ada) = (room.join("eve"), room.join_as(as_ada(&["red"], None)));
        let ((session, epoch), offset) = (place(&ada), ada.offset());
        ada.drop_line();
        let claim = format!("dormouse.1, dormouse.resume.{session}.{epoch}.{offset}");
        let back = room.try_connect(as_ada(tags, Some(claim))).unwrap();
        eve.send_text("to red");
        let heard = texts(&back);
        assert!(heard[0].contains(r#""same":true"#), "{heard:?}");
        assert_eq!(heard.iter().any(|frame| frame.ends_with("for the red")), hears, "{heard:?}");
        assert_eq!(room.count(), 2);
    }
}

/// Its replies, closes and migrations panic when they are told of what went wrong.
struct Brittle;

impl Room for Brittle {
    const NAME: &'static str = "brittle";
    const AUTO_RESPONSE: Option<AutoResponse> = Some(AutoResponse::new("ping", "pong"));
    const MAX_FRAME_BYTES: usize = 100;
    const PRESUMED_GONE_AFTER: Option<Duration> = Some(Duration::from_secs(60));
    const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(3, Duration::from_secs(60)));
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = String;

    fn handle_message(_: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        Ok(match text.as_str() {
            "call" => Effects::new().call(&Function::<u64, u64>::new("f"), &1, "r".to_owned()),
            "panic" => panic!("as told"),
            _ => Effects::new().broadcast(Text(text)),
        })
    }

    fn handle_reply(_: &Context<Self>, _: String, answer: Answer) -> Result<Effects<Self>> {
        // What most would write.
        let answer = answer.of(&ANSWER).unwrap();
        Ok(Effects::new().save(answer))
    }

    fn handle_close(_: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        assert!(close.code != 1009 && close.code != 1006, "it did not think of that");
        Ok(Effects::new())
    }

    fn migrate_state(_: serde_json::Value) -> Option<u64> {
        panic!("nor of that");
    }
}

const ANSWER: Function<u64, u64> = Function::new("f");

/// An object of it, with a client.
fn brittle() -> (Object, SocketId) {
    let mut object = Object::new::<Brittle>(MemoryHost::new(), "main");
    let socket = connect(&mut object, "ada");
    (object, socket)
}

fn connect(object: &mut Object, id: &str) -> SocketId {
    let socket = object.host.new_socket();
    let upgrade = Upgrade { id: Some(id.into()), ..Upgrade::default() };
    object.put(Input::Connect { socket, upgrade });
    object.drain();
    socket
}

/// Lets the alarm go off when it is due, and whatever panics come to its end. Nothing is given up.
fn ring(object: &mut Object) -> bool {
    let Some(at) = object.host.alarm() else { return false };
    let wait = at - object.host.now();
    object.host.advance(wait);
    object.fire_alarm();
    settle(object);
    true
}

fn settle(object: &mut Object) {
    for turn in object.drain() {
        let is_hung_up = turn.heard.iter().any(|(_, it)| format!("{it:?}").contains("1011"));
        assert!(!is_hung_up, "given up: {:?}", turn.inputs);
    }
}

fn panics(object: &mut Object) -> usize {
    object.host.take_errors().iter().filter(|it| it.error == Error::Panicked).count()
}

#[test]
fn a_reply_that_panics_on_the_last_try_does_not_wedge_the_outbox() {
    let mut object = Object::new::<Brittle>(MemoryHost::new(), "main");
    for _ in 0..2 {
        object.put(Input::Send { json: "\"call\"".into() });
        object.drain();
    }
    let mut rings = 0;
    while ring(&mut object) && rings < 100 {
        rings += 1;
        // Nobody answers.
        for letter in object.host.take_letters() {
            object.host.landed(letter.seq);
        }
    }
    assert!(rings < 100, "the alarm goes off without end");
    assert_eq!(panics(&mut object), 2, "each of two letters has told of its end once");
    let left = object.host.values("\u{1}letter/", None, 9, Order::Forwards).rows;
    assert_eq!(left, []);
}

#[test]
fn a_close_that_panics_does_not_wedge_the_sweep() {
    let (mut object, _) = brittle();
    connect(&mut object, "bob");
    object.host.advance(Duration::from_secs(130));
    ring(&mut object);
    assert_eq!((panics(&mut object), object.host.count()), (2, 0), "both are gone, each by itself");
}

#[test]
fn a_frame_that_is_too_large_and_a_close_that_panics() {
    let (mut object, socket) = brittle();
    object.put(Input::Oversize { socket, size: 1_000 });
    settle(&mut object);
    assert_eq!((panics(&mut object), object.host.count()), (1, 0));
}

#[test]
fn a_migration_that_panics() {
    let (mut object, socket) = brittle();
    object.host.set_state("\"of another version\"");
    object.hibernate();
    let socket = SocketId(socket.0 + 1);
    object.put(Input::Message { socket, frame: Frame::Text("hi".into()) });
    settle(&mut object);
    assert_eq!(object.host.count(), 1);
    object.put(Input::Close {
        socket,
        close: Close { code: 1000, reason: String::new(), was_clean: true },
    });
    settle(&mut object);
    assert_eq!(object.host.count(), 0);
    assert_eq!(
        object.host.state().as_deref(),
        Some("\"of another version\""),
        "it is left as it is"
    );
}

#[test]
fn frames_that_trap_take_a_token_of_the_rate_limit() {
    let (mut object, socket) = brittle();
    for _ in 0..100 {
        object.put(Input::Message { socket, frame: Frame::Text("panic".into()) });
        settle(&mut object);
    }
    let panics = panics(&mut object);
    assert!(panics < 10, "{panics} of 100 frames trapped, and the burst is 3");
}

#[test]
fn a_call_that_is_on_its_way_is_not_sent_again() {
    let room = hall();
    room.send_json("\"call\"").unwrap();
    let first = room.take_letters();
    room.advance(Duration::from_secs(60));
    let again = room.take_letters();
    // The object never slept and was never told that anything failed: the function still runs.
    assert_eq!(
        (first.len(), again.len()),
        (1, 0),
        "the same function is called {} times more meanwhile",
        again.len()
    );
}

#[test]
fn what_is_remembered_of_senders_does_not_grow_for_ever() {
    let room = hall();
    for nth in 0..2_000 {
        let errand = Errand::Message { room: "hall/main".into(), json: "\"count\"".into() };
        room.receive(&format!("hall/game-{nth}"), Letter { seq: 1, floor: 1, hops: 0, errand })
            .unwrap();
    }
    room.advance(Duration::from_secs(365 * 86_400));
    let rows = room.with_host(|host| host.keys("\u{1}from/", None, usize::MAX).rows.len());
    assert!(rows < 1_000, "{rows} rows after a year");
}

#[test]
fn what_is_remembered_of_one_sender_has_a_bound() {
    let room = hall();
    let mut largest = 0;
    // One letter of the sender to a third room is tried for 254 seconds: its floor stands.
    for nth in 0..3_000_u64 {
        let seq = (1_732_000_000_000 << 10) + nth;
        let errand = Errand::Message { room: "hall/main".into(), json: "\"hello\"".into() };
        room.receive("hall/busy", Letter { seq, floor: 1_732_000_000_000 << 10, hops: 0, errand })
            .unwrap();
        largest = room.with_host(|host| host.value("\u{1}from/hall/busy").unwrap().len());
    }
    assert!(
        largest < 10_000,
        "{largest} bytes for 3,000 letters, read, parsed and written for each"
    );
}

struct Poster;

impl Room for Poster {
    const NAME: &'static str = "poster";
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = String;
    type Reply = String;

    fn handle_message(_: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        Ok(match text.split_once(' ') {
            Some(("tell", many)) => {
                (0..many.parse().unwrap()).fold(Effects::new(), |effects, nth: usize| {
                    effects.call(&Function::<usize, u64>::new("dead"), &nth, "r".to_owned())
                })
            }
            Some(("one", _)) => {
                Effects::new().call(&Function::<u64, u64>::new("alive"), &1, "r".to_owned())
            }
            Some(("large", many)) => {
                (0..many.parse().unwrap()).fold(Effects::new(), |effects, _: usize| {
                    effects.call(
                        &Function::<String, u64>::new("slow"),
                        &"x".repeat(899_990),
                        "r".to_owned(),
                    )
                })
            }
            _ => Effects::new(),
        })
    }
}

#[test]
fn what_is_read_of_the_outbox_at_a_time_fits_memory() {
    let room = TestRoom::<Poster>::new("main");
    for _ in 0..10 {
        room.send_json("\"large 10\"").unwrap();
    }
    let page =
        room.with_host(|host| host.values("\u{1}letter/", None, usize::MAX, Order::Forwards));
    let bytes = serde_json::to_string(&page.rows).unwrap().len();
    assert!(
        bytes < 64 << 20,
        "100 calls of 900,000 bytes that run for more than 2 s: {} MiB are read at once, and an instance has 64",
        bytes >> 20
    );
}

#[test]
fn a_letter_is_measured_as_it_is_stored() {
    for (what, each) in [("controls", 6), ("quotes", 2)] {
        let room = hall();
        let sent = room.send(&format!("announce {what}"));
        let (limit, size) = (limits::LETTER_BYTES, each * limits::LETTER_BYTES);
        assert_eq!(sent, Err(Error::ValueTooLarge { limit, size }), "{what}");
    }
}

#[test]
fn what_is_read_of_the_log_at_a_time_fits_memory() {
    let room = hall();
    let ada = room.join("ada");
    let eve = room.join("eve");
    let (session, _) = place(&eve);
    drop(session);
    // Frames of the default size.
    let frame = "\"".repeat(limits::FRAME_BYTES);
    for _ in 0..256 {
        ada.send_text(&frame);
        ada.read();
    }
    let range = Range { after: 0, before: u64::MAX, limit: 256, side: Side::First };
    let page = room.with_host(|host| host.history("\u{1}log", range));
    let page = page.rows;
    let bytes = serde_json::to_string(&page).unwrap().len();
    // The text, and the rows of it, stand in memory together.
    let rows: usize = page.iter().map(|it| it.row.len()).sum();
    assert!(
        bytes + rows < 60 << 20,
        "{} MiB of JSON and {} MiB of rows for one who comes back, and an instance has 64",
        bytes >> 20,
        rows >> 20
    );
}

struct Loud;

impl Room for Loud {
    const NAME: &'static str = "loud";
    const RESUME: Option<Resume> = Some(Resume::keeping(Keep::newest(10)));
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Frame;
    type Alarm = String;
    type Reply = String;

    fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(Frame::Binary(vec![200; 600_000])))
    }
}

#[test]
fn no_row_of_the_log_is_larger_than_a_value_may_be() {
    let host = MemoryHost::new();
    let mut engine = Engine::of::<Loud>(ObjectName::new("loud", "main").unwrap());
    let upgrade = Upgrade {
        id: Some("ada".into()),
        protocol: Some("dormouse.1".into()),
        ..Upgrade::default()
    };
    engine.handle(&host, Input::Connect { socket: SocketId(1), upgrade });
    engine
        .handle(&host, Input::Message { socket: SocketId(1), frame: Frame::Text("s1:go".into()) });
    let commit = engine.commit(&host);
    for write in &commit.writes {
        if let Write::Append { entry, .. } = write {
            assert!(
                entry.row.len() <= limits::VALUE_BYTES,
                "a row of {} bytes for a frame of 600,000: storage refuses it, and no error names the limit",
                entry.row.len()
            );
        }
    }
}

#[test]
fn a_period_that_no_number_of_javascript_holds_is_refused() {
    struct Never2;
    impl Room for Never2 {
        const NAME: &'static str = "never";
        type State = u64;
        type Connection = ();
        type Upgrade = ();
        type Message = Text;
        type Broadcast = Text;
        type Alarm = String;
        type Reply = String;
        fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
            Ok(Effects::new().schedule(
                "x",
                When::after(Duration::from_secs(1)).every(Duration::MAX),
                String::new(),
            ))
        }
    }
    let room = TestRoom::<Never2>::new("main");
    let sent = room.send_json("\"\"");
    let period = room.read(|cx| cx.alarm("x").and_then(|it| it.period));
    // js: commit.long() is high * 2**32 + low; SQLite and JSON give it back as 18446744073709552000.
    let row = r#"{"name":"x","at":1,"due":1,"period":18446744073709552000,"failures":0,"error":null,"failed":false,"payload":"null"}"#;
    let read = serde_json::from_str::<ScheduledAlarm>(row);
    assert!(
        sent.is_err() || read.is_ok(),
        "taken with period {period:?}, and what comes back from JavaScript is {read:?}: a panic of `given` at every read of the schedule"
    );
}

#[test]
fn who_is_told_who_is_here_is_not_told_hundreds() {
    let room = hall();
    let clients: Vec<_> = (0..600).map(|nth| room.join(&format!("somebody-{nth}"))).collect();
    for client in &clients {
        client.drop_line();
    }
    let ada = room.join("ada");
    let here = ada.hellos()[0]["here"].as_array().map_or(0, Vec::len);
    assert!(here <= limits::PRESENT, "{here} ids in the hello");
}

#[test]
fn after_a_crash_the_look_at_the_alarm_comes_before_whoever_connects() {
    let room = hall();
    let (ada, _bob) = (room.join("ada"), room.join("bob"));
    drop(ada.forget_line());
    room.crash();
    let bob = room.join("bob");
    room.advance(Duration::from_secs(11));
    assert!(bob.heard().contains(&"ada goes".to_owned()), "{:?}", bob.heard());
    let there = room.read(|cx| cx.connections().map(|it| it.id().to_string()).collect::<Vec<_>>());
    assert_eq!(there, ["bob"]);
}

#[test]
fn a_state_of_the_batch_in_which_a_line_is_lost_is_kept() {
    for fails in [false, true] {
        let room = hall();
        let (ada, bob) = (room.join("ada"), room.join("bob"));
        room.together(|| {
            bob.send_text("give all a point");
            if !fails {
                ada.drop_line();
            }
        });
        if fails {
            // Nobody says anything of the line, and the socket with all that it carried is gone.
            room.crash();
        }
        ada.reconnect();
        ada.send_text("points");
        assert_eq!(ada.heard().last().map(String::as_str), Some("1"), "fails: {fails}");
    }
}

#[test]
fn who_is_back_before_its_close_is_told_or_without_one_has_never_gone() {
    for (sleeps, is_told) in [(false, true), (true, true), (true, false)] {
        let room = hall();
        let (ada, bob) = (room.join("ada"), room.join("bob"));
        let before = ada.forget_line().unwrap();
        if !is_told {
            room.with_host(|host| host.forget(before.socket()));
        }
        if sleeps {
            room.hibernate();
        }
        ada.reconnect();
        assert_eq!(room.count(), 2);
        if is_told {
            before.cut();
        }
        room.advance(Duration::from_secs(60));
        assert_eq!(bob.heard(), Vec::<String>::new());
        assert_eq!(room.count(), 2);
        bob.send_text("hello");
        assert!(ada.heard().contains(&"hello".to_owned()), "{:?}", ada.heard());
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out() {
    struct Slow;
    impl Room for Slow {
        const NAME: &'static str = "slow";
        const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(10, Duration::from_millis(500)));
        type State = u64;
        type Connection = ();
        type Upgrade = ();
        type Message = Text;
        type Broadcast = Text;
        type Alarm = String;
        type Reply = String;
        fn handle_message(_: &Context<Self>, text: Text) -> Result<Effects<Self>> {
            Ok(Effects::new().broadcast(text))
        }
    }
    let room = TestRoom::<Slow>::new("main");
    let ada = room.connect("ada");
    // Its bucket is full again an hour from now: the clock was an hour ahead when it last spoke.
    let at = (room.now() + Duration::from_secs(3_600)).as_millis();
    room.with_host(|host| {
        let attachment = host.attachment(ada.socket()).unwrap();
        let attachment = attachment.replacen("\"state\"", &format!("\"fullAt\":{at},\"state\""), 1);
        host.set_attachment(ada.socket(), attachment);
    });
    room.hibernate();
    room.advance(Duration::from_secs(60));
    ada.send_text("hello?");
    assert_eq!(ada.receive_text(), "hello?", "5 s fill the bucket");
}

#[test]
#[should_panic(expected = "a state that can be read again")]
fn a_state_that_json_does_not_keep_is_found_before_the_room_sleeps() {
    struct Scale;
    impl Room for Scale {
        const NAME: &'static str = "scale";
        type State = f64;
        type Connection = ();
        type Upgrade = ();
        type Message = Text;
        type Broadcast = Text;
        type Alarm = String;
        type Reply = String;
        fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
            Ok(Effects::new().save(f64::NAN))
        }
    }
    let _ = TestRoom::<Scale>::new("main").send(&String::new());
}
