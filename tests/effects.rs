//! What each effect does, whom it reaches, and in what order.

mod support;

use std::time::Duration;

use dormouse::testing::{TestClient, TestRoom};
use dormouse::{
    Admission, Audience, CloseCode, Connection, Context, Effect, Effects, Error, Never, Newcomer,
    Result, Room, Tag, Text, Upgrade, When,
};
use support::{
    Do, FAIL, Puppet, alarm_at, alarm_that, append, cancel, close, heard, in_seconds, note, order,
    save, say, tell,
};

#[test]
fn a_state_is_saved_whole_and_updated_in_place() {
    let room = TestRoom::<Puppet>::new("stage");
    let ada = room.connect("ada");
    assert_eq!(room.state(), None);
    order(&ada, [append("there is nothing to add to")]);
    assert_eq!(room.state(), None);
    order(&ada, [append("nor here"), save("a")]);
    assert_eq!(room.state(), None, "an update of nothing is an error of the whole list");
    order(&ada, [save("a"), append("b"), append("c")]);
    assert_eq!(room.state().as_deref(), Some("abc"));
    room.hibernate();
    order(&ada, [append("d")]);
    assert_eq!(room.state().as_deref(), Some("abcd"));
    order(&ada, [append("lost"), save("new")]);
    assert_eq!(room.state().as_deref(), Some("new"));
}

#[test]
fn frames_keep_their_order_and_closes_come_last() {
    let room = TestRoom::<Puppet>::new("stage");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    ada.received();
    order(&ada, [say("one"), close("bob"), tell("bob", "two"), save("x"), say("three")]);
    assert_eq!(heard(&bob), ["one", "two", "three"]);
    assert_eq!(bob.closed().unwrap().reason, "as told");
    assert_eq!(heard(&ada), ["one", "three", "bob left with 4000"]);
}

#[test]
fn what_goes_to_nobody_is_no_error() {
    let room = TestRoom::<Puppet>::new("stage");
    let ada = room.connect("ada");
    order(&ada, [tell("eve", "nobody of that name"), close("eve"), cancel("never"), say("done")]);
    assert_eq!(heard(&ada), ["done"]);
    assert!(ada.is_open());
}

/// A room that says what it hears to those it names.
struct Herald;

impl Room for Herald {
    const NAME: &'static str = "herald";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<()>) -> Result<Admission<()>> {
        Ok(Admission { id: newcomer.id_or_uuid(cx), tags: newcomer.tags, state: () })
    }

    fn handle_message(cx: &Context<Self>, to: Text) -> Result<Effects<Self>> {
        let [ada, bob] = ["ada", "bob"].map(|id| cx.connection(&id.parse().unwrap()).expect(id));
        let nobody = None::<Connection<()>>;
        let (red, blue) = (Tag::new("red")?, Tag::new("blue")?);
        let done = Effects::new();
        Ok(match to.0.as_str() {
            "all" => done.broadcast(to),
            "all but the sender" => done.broadcast_except(cx.sender(), to),
            "all but two" => done.broadcast_except([&ada, &bob], to),
            "all but a list" => done.broadcast_except(cx.tagged(&blue), to),
            "all but nobody" => done.broadcast_except(nobody, to),
            "all but all" => done.broadcast_except(cx.connections(), to),
            "the red" => done.broadcast_tagged(red, to),
            "the red but bob" => done.broadcast_to(Audience::tagged(red).except(&bob), to),
            "who wears half a tag" => done.broadcast_tagged(Tag::new("re")?, to),
            "the sender" => done.send(cx.sender(), to),
            "one" => done.send(&bob, to),
            "an owned one" => done.send(Some(bob), to),
            "nobody" => done.send(nobody, to),
            "a list" => done.send(vec![ada, bob], to),
            "a list but one" => done.broadcast_to(Audience::only([&ada, &bob]).except(&ada), to),
            "those without tags" => done.send(cx.connections().filter(|c| c.tags().is_empty()), to),
            other => return Err(Error::execution(other)),
        })
    }
}

#[test]
fn an_audience_is_all_or_some_with_or_without_exceptions() {
    let reached = [
        ("all", "ada bob eve"),
        ("all but the sender", "bob eve"),
        ("all but two", "eve"),
        ("all but a list", "ada eve"),
        ("all but nobody", "ada bob eve"),
        ("all but all", ""),
        ("the red", "ada bob"),
        ("the red but bob", "ada"),
        ("who wears half a tag", ""),
        ("the sender", "ada"),
        ("one", "bob"),
        ("an owned one", "bob"),
        ("nobody", ""),
        ("a list", "ada bob"),
        ("a list but one", "bob"),
        ("those without tags", "eve"),
    ];
    let room = TestRoom::<Herald>::new("square");
    let tags = [("ada", vec!["red"]), ("bob", vec!["blue", "red"]), ("eve", vec![])];
    let clients = tags.map(|(id, tags)| {
        let (id, tags) = (Some(id.to_owned()), tags.into_iter().map(String::from).collect());
        room.try_connect(Upgrade { id, tags, ..Upgrade::default() }).unwrap()
    });
    for (to, names) in reached {
        for asleep in [false, true] {
            if asleep {
                room.hibernate();
            }
            clients[0].send_text(to);
            let heard = clients.iter().zip(["ada", "bob", "eve"]).filter_map(|(client, name)| {
                let frames = client.received();
                assert!(frames.iter().all(|frame| frame.to_text() == to));
                (frames.len() == 1).then_some(name)
            });
            assert_eq!(heard.collect::<Vec<_>>().join(" "), names, "{to}");
        }
    }
}

#[test]
fn a_connection_remembers_what_was_set_through_sleep_and_purge() {
    let room = TestRoom::<Puppet>::new("stage");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    order(&ada, [note("first"), note("second")]);
    room.hibernate();
    order(&bob, [note("bob's")]);
    order(&ada, [Do::Purge]);
    room.hibernate();
    let note =
        |client: &TestClient<Puppet>| client.read(|cx| cx.sender().unwrap().state().note.clone());
    assert_eq!(note(&ada), "second");
    assert_eq!(note(&bob), "bob's");
}

#[test]
fn a_purge_forgets_all_that_is_stored_and_no_socket() {
    let room = TestRoom::<Puppet>::new("stage");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    order(
        &ada,
        [save("a"), alarm_at("e", in_seconds(1)), alarm_that("failed", in_seconds(0), [FAIL])],
    );
    room.advance(Duration::from_secs(3600));
    room.read(|cx| assert_eq!(cx.failed_alarms().len(), 1));
    order(&ada, [alarm_at("e", in_seconds(1))]);
    bob.received();
    order(&ada, [Do::Purge]);
    assert_eq!(room.state(), None);
    assert_eq!(room.alarm(), None);
    room.read(|cx| {
        assert_eq!((cx.next_alarm(), cx.failed_alarms()), (None, vec![]));
        assert_eq!((cx.alarm("e"), cx.state(), cx.count()), (None, None, 2));
    });
    order(&ada, [append("nothing to add to"), say("never heard")]);
    assert_eq!(heard(&bob), ["Message failed: NoState"]);
    assert_eq!(room.state(), None);
}

#[test]
fn of_what_stands_beside_a_purge_only_the_later_stays() {
    let room = TestRoom::<Puppet>::new("stage");
    let ada = room.connect("ada");
    order(
        &ada,
        [
            save("old"),
            alarm_at("old", in_seconds(1)),
            Do::Purge,
            save("new"),
            alarm_at("new", in_seconds(2)),
        ],
    );
    for asleep in [false, true] {
        if asleep {
            room.hibernate();
        }
        assert_eq!(room.state().as_deref(), Some("new"));
        assert_eq!(room.alarm(), Some(room.now() + Duration::from_secs(2)));
        room.read(|cx| {
            assert_eq!((cx.alarm("old"), cx.next_alarm().unwrap().name), (None, "new".into()));
        });
    }
}

/// A room that leaves everything to what the trait says.
struct Quiet;

impl Room for Quiet {
    const NAME: &'static str = "quiet";
    type State = Vec<u8>;
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = u8;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, _: Text) -> Result<Effects<Self>> {
        Ok(Effects::new())
    }
}

#[test]
fn effects_are_equal_if_they_mean_the_same() {
    let room = TestRoom::<Quiet>::new("cell");
    let (ada, bob) = (room.connect("ada"), room.connect("bob"));
    let soon = When::after(Duration::from_secs(1));
    let lists = |client: &TestClient<Quiet>| {
        client.read(|cx| {
            let list = Effects::<Quiet>::new;
            vec![
                list(),
                list().save(vec![1]),
                list().save(vec![2]),
                list().save(vec![1]).save(vec![2]),
                list().broadcast("x".into()),
                list().broadcast("y".into()),
                list().broadcast_except(cx.sender(), "x".into()),
                list().broadcast_tagged(Tag::new("red").unwrap(), "x".into()),
                list().send(cx.sender(), "x".into()),
                list().send_error(cx.sender(), &Error::refuse("a", "b")),
                list().send_error(cx.sender(), &Error::refuse("a", "c")),
                list().close(cx.sender(), CloseCode::NORMAL, "x"),
                list().close(cx.sender(), CloseCode::NORMAL, "y"),
                list().close(cx.sender(), CloseCode::AWAY, "x"),
                list().schedule("e", soon, 1),
                list().schedule("e", soon, 2),
                list().schedule("f", soon, 1),
                list().schedule("e", soon.every(Duration::from_secs(1)), 1),
                list().cancel("e"),
                list().cancel("f"),
                list().purge(),
            ]
        })
    };
    for (i, one) in lists(&ada).iter().enumerate() {
        for (j, other) in lists(&ada).iter().enumerate() {
            assert_eq!(one == other, i == j, "{one:?} and {other:?}");
        }
    }
    let named = lists(&ada).iter().zip(&lists(&bob)).filter(|(ada, bob)| ada != bob).count();
    assert_eq!(named, 7, "those that name the sender");
    let update = || Effects::<Quiet>::new().update(|state| state.push(1));
    assert_ne!(update(), update());
}

#[test]
fn updates_can_be_compared_by_what_they_make_of_a_state() {
    let list = || Effects::<Quiet>::new().update(|state| state.push(2)).broadcast("x".into());
    let said = || Effect::Send { to: Audience::everyone(), message: "x".into() };
    assert_eq!(list().on(Some(vec![1])), [Effect::Save(vec![1, 2]), said()]);
    assert!(format!("{:?}", list().on(None)).contains("NoState"));
    assert_eq!(
        Effects::new().save(vec![]).and(list()).on(None),
        [Effect::Save(vec![]), Effect::Save(vec![2]), said()]
    );
    let purged = Effects::new().purge().and(list()).on(Some(vec![1]));
    assert!(format!("{purged:?}").contains("NoState"));
    let default = Effects::<Quiet>::new().update_or_default(|state| state.push(2));
    assert_eq!(default.on(None), [Effect::Save(vec![2])]);
}
