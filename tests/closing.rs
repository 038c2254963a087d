//! However a connection ends, its socket is answered and `handle_close` runs once.

use dormouse::testing::{TestClient, TestRoom};
use dormouse::{
    Close, CloseCode, Context, Effects, Error, Never, OnDuplicate, Result, Room, Text, Upgrade,
};

/// A room that says who is gone and how. It closes the connections named in a message, and after
/// `falls/…` each connection takes the next down with it.
struct Dominoes;

impl Room for Dominoes {
    const NAME: &'static str = "dominoes";
    type State = Vec<String>;
    type Connection = ();
    type Event = Text;
    type Broadcast = Text;
    type Alarm = Never;

    fn handle_connect(cx: &Context<Self>, upgrade: &Upgrade) -> Result<Effects<Self>> {
        if upgrade.meta == "refuse" {
            return Err(Error::refuse("full", "no seat left"));
        }
        let joined = format!("{} joined", cx.sender_id().unwrap());
        Ok(Effects::new().broadcast_except(cx.sender(), joined.into()))
    }

    fn handle_message(cx: &Context<Self>, Text(names): Text) -> Result<Effects<Self>> {
        let leaving: Vec<_> = names.split(' ').filter_map(|name| cx.connection(name)).collect();
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
        let next = id.parse::<u32>().ok().and_then(|n| cx.connection(&(n + 1).to_string()));
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
    let kinds: [(Leave, u16, &str); 5] = [
        (|client| client.close(1000, ""), 1000, "goes 1000 true"),
        (|client| client.close(4001, "enough"), 4001, "goes 4001 true"),
        (TestClient::close_without_code, 1000, "goes 1005 true"),
        (TestClient::cut, 1000, "goes 1006 false"),
        (|client| client.send_text("goes"), 4000, "goes 4000 true"),
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
            assert_eq!(goes.closed().map(|close| close.code), Some(answer));
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
fn a_close_may_take_others_with_it_however_many() {
    let room = TestRoom::<Dominoes>::new("table");
    let stones: Vec<_> = (0..500).map(|n| room.connect(&n.to_string())).collect();
    room.hibernate();
    stones[0].cut();
    assert!(stones.iter().all(|stone| !stone.is_open()));
    assert_eq!(log(&room).len(), 500);
    assert_eq!(log(&room)[499], "499 1000 true");
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

fn upgrade(on_duplicate: OnDuplicate, meta: &str) -> Upgrade {
    let (id, meta) = (Some("ada".to_owned()), meta.into());
    Upgrade { id, meta, on_duplicate, ..Upgrade::default() }
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
