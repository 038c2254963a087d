//! However a connection ends, its socket is answered and `handle_close` runs once.

use dormouse::testing::{MemoryHost, TestClient, TestRoom};
use dormouse::{
    Close, CloseCode, Context, Effects, Engine, Error, Frame, Host as _, Input, Never, ObjectName,
    OnDuplicate, Result, Room, SocketId, Text, Upgrade,
};

/// A room that says who is gone and how. It closes the connections named in a message, and after
/// `falls/…` each connection takes the next down with it.
struct Dominoes;

impl Room for Dominoes {
    const NAME: &'static str = "dominoes";
    type State = Vec<String>;
    type Connection = ();
    type Upgrade = Option<String>;
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_connect(cx: &Context<Self>, upgrade: &Option<String>) -> Result<Effects<Self>> {
        if upgrade.as_deref() == Some("refuse") {
            return Err(Error::refuse("full", "no seat left"));
        }
        let joined = format!("{} joined", cx.sender_id().unwrap());
        Ok(Effects::new().broadcast_except(cx.sender(), joined.into()))
    }

    fn handle_message(cx: &Context<Self>, Text(names): Text) -> Result<Effects<Self>> {
        let leaving: Vec<_> =
            names.split(' ').filter_map(|name| cx.connection(&name.parse().ok()?)).collect();
        let effects = Effects::new().close(&leaving, CloseCode::new(4000)?, "as asked");
        // The list's order is not the order of what happens: frames go first.
        Ok(effects.send(&leaving, "farewell".into()))
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let Some(sender) = cx.sender() else { return Ok(Effects::new()) };
        let id = sender.id().as_str();
        assert!(!cx.connections().any(|other| &other == sender), "it is no longer listed");
        if id == "broken" {
            return Err(Error::execution("cannot say goodbye"));
        }
        let mut log = cx.state().cloned().unwrap_or_default();
        log.push(format!("{id} {} {}", close.code, close.was_clean));
        let next =
            id.parse::<u32>().ok().and_then(|n| cx.connection(&(n + 1).to_string().parse().ok()?));
        Ok(Effects::new()
            .save(log)
            .send(cx.sender(), "never heard".into())
            .broadcast(format!("{id} left with {}", close.code).into())
            .close(next.iter(), CloseCode::NORMAL, "fell"))
    }
}

fn texts(client: &TestClient<Dominoes>) -> Vec<String> {
    client.received().iter().map(|frame| frame.to_text().into_owned()).collect()
}

fn log(room: &TestRoom<Dominoes>) -> Vec<String> {
    room.state().unwrap_or_default()
}

#[test]
fn a_close_of_every_kind_is_handled_once_and_answered() {
    type Leave = fn(&TestClient<Dominoes>);
    let kinds: [(Leave, Option<u16>, &str); 6] = [
        (|client| client.close(1000, ""), Some(1000), "goes 1000 true"),
        (|client| client.close(4001, "enough"), Some(4001), "goes 4001 true"),
        (TestClient::close_without_code, Some(1000), "goes 1005 true"),
        // Nothing arrives over a line that is cut.
        (TestClient::cut, None, "goes 1006 false"),
        (|client| client.send_text("goes"), Some(4000), "goes 4000 true"),
        (|client| client.send_text("x".repeat(65_537)), Some(1009), "goes 1009 true"),
    ];
    for asleep in [false, true] {
        for (leave, answer, told) in kinds {
            let room = TestRoom::<Dominoes>::new("table");
            let (stays, goes) = (room.connect("stays"), room.connect("goes"));
            texts(&stays);
            if asleep {
                room.hibernate();
            }
            leave(&goes);
            assert!(!goes.is_open());
            assert_eq!(goes.closed().map(|close| close.code), answer);
            assert_eq!(log(&room), [told]);
            assert_eq!(texts(&stays).len(), 1);
            room.read(|cx| assert_eq!(cx.count(), 1));
        }
    }
}

#[test]
fn frames_go_before_closes_and_none_follows() {
    let room = TestRoom::<Dominoes>::new("table");
    let (stays, goes) = (room.connect("stays"), room.connect("goes"));
    stays.send_text("goes");
    assert_eq!(texts(&goes), ["farewell"]);
    stays.send_text("goes");
    assert_eq!(texts(&goes), [""; 0]);
    assert_eq!(log(&room), ["goes 4000 true"]);
}

#[test]
fn a_close_may_take_others_with_it() {
    let room = TestRoom::<Dominoes>::new("table");
    let stones: Vec<_> = (0..100).map(|n| room.connect(&n.to_string())).collect();
    room.hibernate();
    stones[0].cut();
    assert!(stones.iter().all(|stone| !stone.is_open()));
    assert_eq!(log(&room).len(), 100);
    assert_eq!(log(&room)[99], "99 1000 true");
}

/// A room whose connections are a chain: each that ends takes the next down with it.
struct Chain;

impl Room for Chain {
    const NAME: &'static str = "chain";
    type State = u32;
    type Connection = ();
    type Upgrade = ();
    type Message = Never;
    type Broadcast = Never;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, never: Never) -> Result<Effects<Self>> {
        match never {}
    }

    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        let ended = cx.state().unwrap_or(&0) + 1;
        let next = cx.connection(&ended.to_string().parse()?);
        Ok(Effects::new().save(ended).close(next, CloseCode::NORMAL, ""))
    }
}

#[test]
fn a_chain_of_closes_may_be_long() {
    let room = TestRoom::<Chain>::new("long");
    let links: Vec<_> = (0..5_000).map(|n| room.connect(&n.to_string())).collect();
    let before = room.commits();
    links[0].cut();
    assert!(links.iter().all(|link| !link.is_open()));
    assert_eq!((room.state(), room.commits() - before), (Some(5_000), 1));
}

#[test]
fn a_handler_that_fails_ends_the_connection_all_the_same() {
    let room = TestRoom::<Dominoes>::new("table");
    let (stays, broken) = (room.connect("stays"), room.connect("broken"));
    broken.close(1000, "");
    assert_eq!(broken.closed().map(|close| close.code), Some(1000));
    assert_eq!(texts(&stays), ["broken joined"]);
    assert_eq!(log(&room), [""; 0]);
    room.read(|cx| assert_eq!(cx.count(), 1));
}

#[test]
fn what_comes_from_a_connection_that_is_over_is_not_handled() {
    let room = TestRoom::<Dominoes>::new("table");
    let (stays, goes) = (room.connect("stays"), room.connect("goes"));
    room.together(|| {
        stays.send_text("goes");
        goes.send_text("stays");
    });
    assert!(stays.is_open());
    assert_eq!(log(&room), ["goes 4000 true"]);
}

fn upgrade(on_duplicate: OnDuplicate, data: &str) -> Upgrade {
    let (id, data) = (Some("ada".to_owned()), data.into());
    Upgrade { id, data, on_duplicate, ..Upgrade::default() }
}

#[test]
fn a_replaced_connection_is_over_before_the_new_one_joins() {
    let room = TestRoom::<Dominoes>::new("table");
    let (bob, first) = (room.connect("bob"), room.connect("ada"));
    texts(&bob);
    let before = room.commits();
    let second = room.try_connect(upgrade(OnDuplicate::Replace, "")).unwrap();
    assert_eq!(first.closed().unwrap().code, 1012);
    assert_eq!(texts(&bob), ["ada left with 1012", "ada joined"]);
    assert_eq!(texts(&second), [""; 0]);
    assert_eq!(room.commits() - before, 1);
    assert_eq!(log(&room), ["ada 1012 true"]);
}

#[test]
fn a_new_connection_that_is_refused_replaces_nobody() {
    let room = TestRoom::<Dominoes>::new("table");
    let (bob, first) = (room.connect("bob"), room.connect("ada"));
    texts(&bob);
    let refused = room.try_connect(upgrade(OnDuplicate::Replace, "refuse")).err();
    assert_eq!(refused, Some(Error::refuse("full", "no seat left")));
    assert!(first.is_open());
    assert_eq!(texts(&bob), [""; 0]);
    assert_eq!(log(&room), [""; 0]);
    room.read(|cx| assert_eq!(cx.count(), 2));
}

#[test]
fn duplicates_can_be_allowed_or_rejected() {
    let room = TestRoom::<Dominoes>::new("table");
    let first = room.connect("ada");
    let rejected = room.try_connect(upgrade(OnDuplicate::Reject, "")).err();
    assert_eq!(rejected, Some(Error::DuplicateConnection { id: "ada".into() }));
    let second = room.try_connect(upgrade(OnDuplicate::Allow, "")).unwrap();
    assert!(first.is_open() && second.is_open());
}

#[test]
fn a_close_is_answered_with_its_own_code_where_that_can_be_sent() {
    let cases = [
        (1000, "bye", 1000, "bye"),
        (1001, "away", 1001, "away"),
        (4999, "", 4999, ""),
        (1005, "", 1000, ""),
        (1006, "lost", 1000, ""),
        (1015, "lost", 1000, ""),
        (999, "odd", 1000, ""),
        (5000, "odd", 1000, ""),
    ];
    for (code, reason, answer, reason_of_it) in cases {
        let room = TestRoom::<Dominoes>::new("table");
        let goes = room.connect("goes");
        goes.close(code, reason);
        let closed = goes.closed().unwrap();
        assert_eq!((closed.code, closed.reason.as_str()), (answer, reason_of_it), "{code}");
        assert_eq!(log(&room), [format!("goes {code} true")], "the room is told what came");
    }
}

#[test]
fn both_sides_may_close_at_once() {
    for room_first in [true, false] {
        let room = TestRoom::<Dominoes>::new("table");
        let (stays, goes) = (room.connect("stays"), room.connect("goes"));
        texts(&stays);
        room.together(|| {
            if room_first {
                stays.send_text("goes");
            }
            goes.close(4001, "enough");
            stays.send_text("goes goes");
        });
        let code = if room_first { 4000 } else { 4001 };
        assert_eq!(log(&room), [format!("goes {code} true")]);
        assert_eq!(texts(&stays), [format!("goes left with {code}")]);
        assert_eq!(goes.closed().map(|close| close.code), Some(code));
    }
}

#[test]
fn a_room_that_slept_before_its_close_was_answered_hears_of_it_once() {
    let (mut host, name) = (MemoryHost::new(), || ObjectName::new("dominoes", "table").unwrap());
    let mut engine = Engine::of::<Dominoes>(name());
    let (stays, goes) = (SocketId(1), SocketId(2));
    for (socket, id) in [(stays, "stays"), (goes, "goes")] {
        let upgrade = Upgrade { id: Some(id.into()), ..Upgrade::default() };
        engine.handle(&host, Input::Connect { socket, upgrade });
    }
    let frame = Frame::Text("goes".into());
    engine.handle(&host, Input::Message { socket: stays, frame: frame.clone() });
    host.perform(&engine.commit(&host)).unwrap();

    // The platform lists the socket until its client has answered.
    let mut engine = Engine::of::<Dominoes>(name());
    engine.handle(&host, Input::Message { socket: goes, frame: frame.clone() });
    engine.handle(&host, Input::Message { socket: stays, frame });
    engine.handle(&host, Input::Close { socket: goes, close: Close::cut() });
    let commit = engine.commit(&host);
    assert_eq!(host.perform(&commit).unwrap(), []);
    assert_eq!(commit.writes, []);
    assert_eq!(host.state().as_deref(), Some(r#"["goes 4000 true"]"#));
}

#[test]
fn a_connection_that_was_refused_has_no_end() {
    let room = TestRoom::<Dominoes>::new("table");
    assert!(room.try_connect(upgrade(OnDuplicate::Allow, "refuse")).is_err());
    assert_eq!(log(&room), [""; 0]);
    room.read(|cx| assert_eq!(cx.count(), 0));
}
