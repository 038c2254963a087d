//! Clients that lose their line miss nothing, say nothing twice, and are not told of as gone.

use std::time::Duration;

use dormouse::testing::{Dice, TestClient, TestRoom};
use dormouse::{
    Admission, Audience, Close, Commit, Context, Effects, Error, Host as _, Keep, Never, Newcomer,
    OnDuplicate, Range, Result, Resume, Room, Side, Text, Upgrade, Write, limits,
};

/// Says everything to everyone, and who comes and goes.
struct Parlour;

impl Room for Parlour {
    const NAME: &'static str = "parlour";
    const RESUME: Option<Resume> =
        Some(Resume::keeping(Keep::newest(1_000)).grace(Duration::from_secs(10)));
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        Ok(say(cx, "comes"))
    }

    fn handle_message(cx: &Context<Self>, Text(text): Text) -> Result<Effects<Self>> {
        let effects = Effects::<Self>::new().save(cx.state().unwrap_or(&0) + 1);
        match text.as_str() {
            "refuse" => Err(Error::refuse("not_that", "not that")),
            "purge" => Ok(Effects::new().purge()),
            "to me" => Ok(effects.send(cx.sender(), Text("to you".to_owned()))),
            "to others" => {
                let others = Audience::everyone().except(cx.sender());
                Ok(effects.broadcast_to(others, Text("to others".to_owned())))
            }
            _ => Ok(effects.broadcast(Text(text))),
        }
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(say(cx, "goes"))
    }
}

fn say(cx: &Context<Parlour>, what: &str) -> Effects<Parlour> {
    let who = cx.sender().map(|sender| sender.id().to_string()).unwrap_or_default();
    Effects::new().broadcast(Text(format!("{who} {what}")))
}

fn parlour() -> TestRoom<Parlour> {
    TestRoom::new("main")
}

#[test]
fn who_loses_the_line_gets_what_was_missed_in_order_and_once() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.read();
    ada.drop_line();
    for nth in 0..10 {
        bob.send_text(nth.to_string());
        room.hibernate();
    }
    ada.reconnect();
    let missed: Vec<_> = (0..10).map(|nth| nth.to_string()).collect();
    assert_eq!(
        ada.heard(),
        [&["ada comes".to_owned(), "bob comes".to_owned()], &missed[..]].concat()
    );
    assert_eq!(ada.hellos()[1]["resumed"], true);
    assert_eq!(ada.hellos()[1]["same"], true);
    bob.read();
    // Nobody was told that she was gone.
    assert_eq!(bob.heard(), [&["bob comes".to_owned()], &missed[..]].concat());
    assert!(bob.presence().is_empty());
}

#[test]
fn a_client_that_heard_nothing_before_the_drop_resumes_as_well() {
    let room = parlour();
    let ada = room.join("ada");
    ada.received();
    let eve = room.join("eve");
    eve.read();
    eve.received();
    eve.drop_line();
    ada.send_text("hello");
    eve.reconnect();
    assert_eq!(eve.heard(), ["hello"]);
}

#[test]
fn what_only_some_were_to_hear_only_they_get_afterwards() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    for client in [&ada, &bob] {
        client.read();
        client.received();
    }
    ada.send_text("to others");
    ada.send_text("to me");
    ada.drop_line();
    bob.drop_line();
    ada.reconnect();
    bob.reconnect();
    assert_eq!(ada.heard(), ["to you"]);
    assert_eq!(bob.heard(), ["to others"]);
}

#[test]
fn what_is_sent_again_is_handled_once_and_refused_once() {
    let room = parlour();
    let ada = room.join("ada");
    ada.send_text("one");
    ada.send_text("refuse");
    ada.send_text("two");
    // Their answers are lost with the line.
    ada.drop_line();
    assert_eq!(ada.settled(), []);
    room.hibernate();
    ada.reconnect();
    assert_eq!(room.state(), Some(2));
    let refused = Some("not_that".to_owned());
    assert_eq!(ada.settled(), [(2, refused), (1, None), (3, None)]);
    // What the room says of a refusal it says to all its clients.
    let error = r#"{"_tag":"Error","code":"not_that","message":"not that"}"#;
    assert_eq!(ada.heard(), ["ada comes", "one", error, "two"]);
}

#[test]
fn a_refusal_is_told_before_what_came_after_it_is_settled() {
    let room = parlour();
    let ada = room.join("ada");
    room.together(|| ["one", "refuse", "two"].iter().for_each(|&text| ada.send_text(text)));
    let refused = Some("not_that".to_owned());
    assert_eq!(ada.settled(), [(2, refused), (1, None), (3, None)]);
}

#[test]
fn all_64_refusals_that_a_client_may_not_have_heard_are_told_again() {
    let room = parlour();
    let ada = room.join("ada");
    room.together(|| (0..64).for_each(|_| ada.send_text("refuse")));
    ada.drop_line();
    room.hibernate();
    ada.reconnect();
    let expected: Vec<_> = (1..=64).map(|number| (number, Some("not_that".to_owned()))).collect();
    assert_eq!(ada.settled(), expected);
}

#[test]
fn who_missed_more_than_a_page_of_the_log_gets_all_of_it() {
    let room = parlour();
    let ada = room.join("ada");
    ada.read();
    ada.drop_line();
    let lines: Vec<_> = (0..700).map(|nth| format!("line {nth}")).collect();
    for line in &lines {
        room.send_json(&format!("{line:?}")).unwrap();
    }
    ada.reconnect();
    assert_eq!(ada.hellos().last().unwrap()["resumed"], true);
    assert!(ada.heard().ends_with(&lines));
}

#[test]
fn an_offset_of_the_log_before_a_purge_says_nothing_of_the_one_after() {
    let room = parlour();
    let ada = room.join("ada");
    room.send_json("\"one\"").unwrap();
    ada.read();
    ada.drop_line();
    room.send_json("\"purge\"").unwrap();
    for _ in 0..10 {
        room.send_json("\"after it\"").unwrap();
    }
    ada.reconnect();
    assert_eq!(ada.hellos().last().unwrap()["resumed"], false);
}

#[test]
fn one_that_is_away_keeps_its_id_here_when_another_of_it_leaves() {
    let room = parlour();
    let (bob, phone, laptop) = (room.join("bob"), room.join("ada"), room.join("ada"));
    phone.drop_line();
    laptop.leave();
    assert_eq!(bob.presence(), ["+ada"]);
    room.advance(Duration::from_secs(60));
    assert_eq!(bob.presence(), ["+ada", "-ada"]);
}

/// Its page may know less than the room: a storage can be older than what the page has sent, and what it
/// says next must not take a number that was used. Who is new has sent nothing, and on a line that goes on
/// everything was told.
#[test]
fn who_takes_up_a_session_is_told_how_far_its_sends_came_and_nobody_else_is() {
    let room = parlour();
    let ada = room.join("ada");
    for text in ["one", "two"] {
        ada.drop_line();
        ada.reconnect();
        ada.send_text(text);
    }
    ada.drop_line();
    ada.reconnect();
    ada.send_text("purge");
    let handled = ada.hellos().into_iter().map(|hello| hello["handled"].as_u64());
    assert_eq!(handled.collect::<Vec<_>>(), [None, Some(0), Some(1), Some(2), None]);
}

#[test]
fn who_does_not_come_back_in_time_has_left_once() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.drop_line();
    room.advance(Duration::from_secs(9));
    bob.read();
    assert_eq!(bob.heard(), ["bob comes"]);
    room.hibernate();
    room.advance(Duration::from_secs(2));
    bob.read();
    assert_eq!(bob.heard(), ["bob comes", "ada goes"]);
    assert_eq!(bob.presence(), ["-ada"]);
    // The session is remembered: she gets all she has missed, but comes anew.
    ada.send_text("late");
    ada.reconnect();
    bob.read();
    assert_eq!(bob.heard()[2..], ["ada comes", "late"]);
    assert_eq!(ada.heard(), ["ada comes", "bob comes", "ada goes", "ada comes", "late"]);
    assert_eq!(ada.hellos()[1]["same"], false);
}

/// Lets in whoever is not banned, at a return too.
struct Club;

impl Room for Club {
    const NAME: &'static str = "club";
    const RESUME: Option<Resume> =
        Some(Resume::keeping(Keep::newest(100)).grace(Duration::from_secs(10)));
    type State = String;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<()>) -> Result<Admission<()>> {
        let id = newcomer.id_or_uuid(cx);
        if cx.state().is_some_and(|banned| *banned == id.as_str()) {
            return Err(Error::refuse("banned", "you may not come in").with_status(403));
        }
        Ok(Admission::new(id, ()))
    }

    fn handle_message(_: &Context<Self>, Text(banned): Text) -> Result<Effects<Self>> {
        Ok(Effects::new().save(banned))
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        let gone = cx.sender().map(|sender| format!("{} is gone", sender.id()));
        Ok(Effects::new().broadcast(Text(gone.unwrap_or_default())))
    }
}

#[test]
fn who_is_refused_at_a_return_has_left_when_its_grace_is_over() {
    let room = TestRoom::<Club>::new("main");
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.drop_line();
    bob.send_text("ada");
    for _ in 0..3 {
        let refused = ada.try_reconnect().unwrap_err();
        assert_eq!((refused.code(), refused.status()), ("banned", 403));
    }
    assert_eq!((room.count(), bob.heard(), bob.presence()), (2, vec![], vec![]));
    room.advance(Duration::from_secs(11));
    assert_eq!(room.count(), 1);
    assert_eq!((bob.heard(), bob.presence()), (vec!["ada is gone".into()], vec!["-ada".into()]));
    assert!(ada.try_reconnect().is_err());
}

#[test]
fn who_says_so_leaves_at_once_and_whoever_is_cut_off_may_come_back() {
    for (code, has_left) in
        [(1000, true), (1001, false), (1006, false), (2999, false), (3000, true), (4999, true)]
    {
        let room = parlour();
        let (ada, bob) = (room.join("ada"), room.join("bob"));
        ada.line().unwrap().close(code, "");
        assert_eq!(bob.presence().is_empty(), !has_left, "{code}");
    }
}

#[test]
fn what_was_sent_before_is_remembered_of_one_who_comes_too_late() {
    let room = parlour();
    let ada = room.join("ada");
    ada.send_text("one");
    ada.read();
    ada.send_text("refuse");
    // Handled, but the answer is lost.
    ada.drop_line();
    room.advance(Duration::from_secs(20));
    ada.reconnect();
    assert_eq!(ada.hellos()[1]["same"], false);
    ada.send_text("three");
    ada.read();
    let refused = Some("not_that".to_owned());
    assert_eq!(ada.settled(), [(1, None), (2, refused), (3, None)]);
    assert_eq!(room.state(), Some(2));
}

#[test]
fn who_was_given_no_id_keeps_the_one_that_was_made_up() {
    let room = parlour();
    let ada = room.join_as(Upgrade::default());
    let id = ada.hellos()[0]["here"][0].as_str().unwrap().to_owned();
    ada.drop_line();
    ada.reconnect();
    assert_eq!(
        (&ada.hellos()[1]["same"], &ada.hellos()[1]["resumed"]),
        (&true.into(), &true.into())
    );
    assert_eq!(ada.hellos()[1]["here"], serde_json::json!([id]));
    // Also when it comes late.
    ada.drop_line();
    room.advance(Duration::from_secs(11));
    ada.reconnect();
    assert_eq!(
        (&ada.hellos()[2]["same"], &ada.hellos()[2]["resumed"]),
        (&false.into(), &true.into())
    );
    assert_eq!(ada.hellos()[2]["here"], serde_json::json!([id]));
}

#[test]
fn an_idle_client_can_ask_whether_its_line_is_alive_without_waking_the_room() {
    let room = parlour();
    let ada = room.join("ada");
    ada.read();
    let ping = ada.hellos()[0]["ping"].clone();
    assert_eq!(ping, serde_json::json!(["dormouse.ping", "dormouse.pong"]));
    let socket = ada.line().unwrap();
    socket.send_text(ping[0].as_str().unwrap());
    assert_eq!(socket.receive_text(), ping[1].as_str().unwrap());
}

#[test]
fn what_is_no_longer_kept_is_not_told_in_part() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.drop_line();
    for nth in 0..1_200 {
        bob.send_text(nth.to_string());
    }
    ada.received();
    ada.reconnect();
    assert_eq!(ada.hellos()[1]["resumed"], false);
    assert!(ada.heard().is_empty());
    bob.send_text("next");
    ada.read();
    assert_eq!(ada.heard(), ["next"]);
}

#[test]
fn what_is_too_much_to_be_told_is_not_told_in_part_either() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.read();
    ada.drop_line();
    let long = "x".repeat(50_000);
    for _ in 0..=limits::MISSED_BYTES / long.len() {
        bob.send_text(&long);
    }
    ada.received();
    ada.reconnect();
    assert_eq!(ada.hellos()[1]["resumed"], false);
    assert!(ada.heard().is_empty());
}

#[test]
fn a_flood_of_clients_that_come_and_go_does_not_grow_what_is_remembered() {
    let room = parlour();
    for nth in 0..limits::SESSIONS + 3_000 {
        room.join(&format!("{nth}")).leave();
        // The log is bounded too, by its own rule.
    }
    let remembered = room.with_host(|host| {
        host.values("\u{1}session/", None, usize::MAX, dormouse::Order::Forwards).rows.len()
    });
    assert!(remembered < limits::SESSIONS + 2_000, "{remembered}");
    assert!(remembered > limits::SESSIONS / 2, "{remembered}");
}

#[test]
fn several_sockets_of_one_person_are_one_presence() {
    let room = parlour();
    let eve = room.join("eve");
    let (first, second) = (room.join("ada"), room.join("ada"));
    assert_eq!(second.hellos()[0]["here"], serde_json::json!(["ada", "eve"]));
    first.leave();
    eve.read();
    assert_eq!(eve.presence(), ["+ada"]);
    second.leave();
    eve.read();
    assert_eq!(eve.presence(), ["+ada", "-ada"]);
}

#[test]
fn who_is_here_is_told_up_to_a_crowd() {
    let room = parlour();
    let ada = room.join("ada");
    let guests: Vec<_> = (2..=limits::PRESENT).map(|nth| room.connect(&format!("{nth}"))).collect();
    ada.read();
    assert_eq!(ada.presence().len(), limits::PRESENT - 1);
    let eve = room.join("eve");
    ada.read();
    assert_eq!(ada.presence().last().unwrap(), "~");
    assert_eq!(eve.hellos()[0].get("here"), None);
    drop(guests);
    eve.leave();
    let bob = room.join("bob");
    assert_eq!(bob.hellos()[0].get("here"), None, "there are as many again");
}

#[test]
fn a_session_on_a_new_socket_takes_over_from_the_old_one() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    ada.read();
    // The room does not know yet that the line is lost.
    let old = ada.line().unwrap().socket();
    drop(ada.forget_line());
    bob.send_text("meanwhile");
    ada.reconnect();
    assert_eq!(room.count(), 2);
    assert_ne!(ada.line().unwrap().socket(), old);
    assert_eq!(ada.heard(), ["ada comes", "bob comes", "meanwhile"]);
    bob.read();
    assert_eq!(bob.heard(), ["bob comes", "meanwhile"]);
}

#[test]
fn a_machine_that_fails_loses_sockets_and_nobody() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    for client in [&ada, &bob] {
        client.read();
        client.received();
        drop(client.forget_line());
    }
    room.crash();
    ada.reconnect();
    ada.send_text("are you there?");
    room.advance(Duration::from_secs(20));
    ada.read();
    assert_eq!(ada.heard(), ["are you there?", "bob goes"]);
}

/// A later version of the room, with another state of its connections.
struct Salon;

impl Room for Salon {
    const NAME: &'static str = "parlour";
    const RESUME: Option<Resume> = Parlour::RESUME;
    type State = u64;
    type Connection = Option<String>;
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = ();
    type Reply = Never;

    fn handle_message(_: &Context<Self>, text: Text) -> Result<Effects<Self>> {
        Ok(Effects::new().update(|count| *count += 1).broadcast(text))
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        let who = cx.sender().map(|sender| sender.id().to_string()).unwrap_or_default();
        Ok(Effects::new().broadcast(Text(format!("{who} goes"))))
    }
}

#[test]
fn a_deploy_is_a_lost_line_like_any_other() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    for client in [&ada, &bob] {
        client.read();
        client.received();
    }
    ada.send_text("before");
    bob.drop_line();
    ada.drop_line();
    let room = room.deploy::<Salon>();
    let (ada, bob) = (ada.after(&room), bob.after(&room));
    ada.reconnect();
    ada.send_text("after");
    bob.reconnect();
    ada.read();
    assert_eq!(ada.heard(), ["before", "after"]);
    assert_eq!(bob.heard(), ["before", "after"]);
    assert_eq!(room.state(), Some(2), "what was sent before was handled once");
    assert_eq!(ada.hellos()[1]["same"], true);
}

#[test]
fn a_session_is_nobody_elses() {
    let room = parlour();
    let ada = room.join("ada");
    ada.read();
    let session = ada.hellos()[0]["session"].as_str().unwrap().to_owned();
    let epoch = ada.hellos()[0]["epoch"].as_str().unwrap().to_owned();
    let eve = room
        .try_connect(Upgrade {
            id: Some("eve".to_owned()),
            protocol: Some(format!("dormouse.1, dormouse.resume.{session}.{epoch}.0")),
            ..Upgrade::default()
        })
        .unwrap();
    let hello = eve.receive_text();
    assert!(!hello.contains(&session) && hello.contains(r#""resumed":false"#), "{hello}");
    assert!(ada.line().unwrap().is_open());
}

#[test]
fn a_plain_client_sees_plain_frames_beside_one_of_the_protocol() {
    let room = parlour();
    let plain = room.connect("bob");
    let ada = room.join("ada");
    plain.send_text("hello");
    ada.send_text("hi");
    ada.read();
    assert_eq!(ada.heard(), ["ada comes", "hello", "hi"]);
    let heard: Vec<_> = plain.received().iter().map(|it| it.to_text().into_owned()).collect();
    assert_eq!(heard, ["bob comes", "ada comes", "hello", "hi"]);
}

#[test]
fn frames_that_are_none_of_the_protocol_end_the_connection_that_sent_them() {
    let room = parlour();
    let bob = room.join("bob");
    for broken in ["hello", "s2:a number is missing", "sx:"] {
        let ada = room.join("ada");
        ada.line().unwrap().send_text(broken);
        assert_eq!(ada.line().unwrap().closed().unwrap().code, 1002, "{broken}");
    }
    assert!(bob.line().unwrap().is_open());
}

#[test]
fn a_room_without_resume_greets_too_and_promises_what_it_can() {
    let room = TestRoom::<dormouse::rooms::Echo>::new("main");
    let speaks = |id: &str| Upgrade {
        id: Some(id.to_owned()),
        protocol: Some("dormouse.1".to_owned()),
        ..Upgrade::default()
    };
    let ada = room.try_connect(speaks("ada")).unwrap();
    let hello = ada.receive_text();
    assert!(hello.contains(r#""session":"","epoch":"","offset":0,"resumed":false"#), "{hello}");
    room.hibernate();
    for number in 1..=3 {
        ada.send_text(format!("s{number}:hello"));
        assert_eq!(ada.receive_text(), "m0:[Durable Object]: hello");
        assert_eq!(ada.receive_text(), format!("k{number}"));
    }
    // Nothing is kept for one that loses its line.
    ada.cut();
    assert_eq!(room.count(), 0);
    assert_eq!(room.with_host(|host| host.values("", None, 9, dormouse::Order::Forwards).rows), []);
    let other = Upgrade { protocol: Some("graphql-ws".to_owned()), ..Upgrade::default() };
    assert!(room.try_connect(other).is_ok());
}

/// The parlour before it kept anything.
struct Before;

impl Room for Before {
    const NAME: &'static str = "parlour";
    type State = u64;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        Ok(Effects::new())
    }
}

fn speaking<R: Room>(room: &TestRoom<R>) -> TestClient<R> {
    let protocol = Some("dormouse.1".to_owned());
    room.try_connect(Upgrade { protocol, ..Upgrade::default() }).unwrap()
}

#[test]
fn a_client_of_whose_session_the_room_knows_nothing_goes_on() {
    let before = TestRoom::<Before>::new("main");
    speaking(&before);
    let lost = parlour();
    speaking(&lost);
    lost.hibernate();
    lost.with_host(|host| {
        let sessions = host.keys("\u{1}session/", None, 9).rows;
        let writes = sessions.into_iter().map(Write::RemoveValue).collect();
        host.perform(&Commit { writes, ..Commit::default() }).unwrap();
    });
    for room in [before.deploy::<Parlour>(), lost] {
        let ada = room.clients().remove(0);
        let _ = ada.received();
        for number in 1..=2 {
            ada.send_text(format!("s{number}:hello"));
            assert_eq!(ada.receive_text(), "m0:hello");
            assert_eq!(ada.receive_text(), format!("k{number}"));
        }
        assert!(ada.is_open());
    }
}

#[test]
fn one_that_is_replaced_has_left() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    let upgrade = Upgrade {
        id: Some("ada".to_owned()),
        on_duplicate: OnDuplicate::Replace,
        ..Upgrade::default()
    };
    let newer = room.try_connect(upgrade).unwrap();
    assert!(!ada.line().unwrap().is_open() && newer.is_open());
    drop(ada.forget_line());
    bob.read();
    assert_eq!(bob.heard(), ["bob comes", "ada goes", "ada comes"]);
}

#[test]
fn after_a_purge_those_who_are_there_are_told_that_the_log_is_another() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    bob.send_text("one");
    ada.read();
    ada.send_text("purge");
    ada.send_text("two");
    ada.read();
    assert_eq!((ada.hellos().len(), &ada.hellos()[1]["resumed"]), (2, &serde_json::json!(false)));
    assert_eq!(ada.heard().last().unwrap(), "two");
    assert_eq!(ada.settled(), [(1, None), (2, None)]);
    bob.read();
    bob.drop_line();
    ada.send_text("three");
    bob.reconnect();
    assert_eq!(bob.hellos()[2]["resumed"], true);
    assert_eq!(bob.heard()[bob.heard().len() - 2..], ["two", "three"]);
}

#[test]
fn a_purge_lets_nobody_be_forgotten_who_may_come_back() {
    let room = parlour();
    let (ada, bob) = (room.join("ada"), room.join("bob"));
    let eve = room.join("eve");
    ada.drop_line();
    eve.line().unwrap().cut();
    bob.send_text("purge");
    ada.reconnect();
    assert_eq!(
        (&ada.hellos()[1]["same"], &ada.hellos()[1]["resumed"]),
        (&true.into(), &false.into())
    );
    room.advance(Duration::from_secs(11));
    bob.read();
    assert_eq!(bob.heard().last().unwrap(), "eve goes");
}

/// What the room has said, by its log.
fn said(room: &TestRoom<Parlour>) -> Vec<String> {
    let all = Range { after: 0, before: u64::MAX, limit: usize::MAX, side: Side::First };
    let rows = room.with_host(|host| host.history("\u{1}log", all));
    let text = |row: &str| {
        let logged: serde_json::Value = serde_json::from_str(row).unwrap();
        logged["text"].as_str().unwrap().to_owned()
    };
    rows.rows.iter().map(|entry| text(&entry.row)).collect()
}

/// In any order of drops, sleeps, crashes and long absences, and however frames share commits: what
/// each has heard is what the room said, without gap and without repetition, and everything that was
/// sent was handled once.
#[test]
fn whatever_happens_to_lines_nothing_is_missed_and_nothing_doubled() {
    let (mut drops, mut crashes, mut absences) = (0, 0, 0);
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let room = parlour();
        let clients = ["ada", "bob", "cyd"].map(|id| room.join(id));
        let mut count = 0;
        for _ in 0..150 {
            let which = dice.below(clients.len());
            let client = &clients[which];
            match dice.below(100) {
                0..40 => {
                    count += 1;
                    client.send_text(format!("{count}"));
                }
                40..45 => {
                    room.together(|| {
                        for client in &clients {
                            count += 1;
                            client.send_text(format!("{count}"));
                        }
                    });
                }
                45..55 => client.read(),
                55..70 if client.line().is_some() => {
                    client.drop_line();
                    drops += 1;
                }
                70..75 if client.line().is_some() => {
                    drop(client.forget_line());
                    drops += 1;
                }
                55..88 if client.line().is_none() => client.reconnect(),
                88..91 => {
                    for client in &clients {
                        drop(client.forget_line());
                    }
                    room.crash();
                    crashes += 1;
                }
                91..93 => {
                    room.advance(Duration::from_secs(11));
                    absences += 1;
                }
                93..96 => room.hibernate(),
                _ => room.sleep(Duration::from_millis(dice.below(500) as u64)),
            }
        }
        for client in &clients {
            if client.line().is_none() {
                client.reconnect();
            }
            client.read();
        }
        let all = said(&room);
        for client in &clients {
            client.read();
            let from = all.iter().position(|it| *it == client.heard()[0]).unwrap();
            assert_eq!(client.heard(), all[from..], "seed {seed}");
            assert!(client.settled().iter().all(|(_, refused)| refused.is_none()));
        }
        assert_eq!(room.state(), Some(count), "seed {seed}");
        let settled: usize = clients.iter().map(|client| client.settled().len()).sum();
        assert_eq!(settled as u64, count, "seed {seed}");
        // Who came went once, or is here.
        for id in ["ada", "bob", "cyd"] {
            let comes = all.iter().filter(|it| **it == format!("{id} comes")).count();
            let goes = all.iter().filter(|it| **it == format!("{id} goes")).count();
            assert_eq!(comes, goes + 1, "seed {seed}, {id}");
        }
    }
    println!("{drops} lines lost, {crashes} crashes, {absences} absences");
    assert!(drops > 1_000 && crashes > 500 && absences > 500);
}
