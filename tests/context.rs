//! What a handler can find out.

use std::collections::BTreeSet;
use std::time::Duration;

use dormouse::testing::{MemoryHost, TestClient, TestRoom};
use dormouse::{ConnectionId, Context, Effects, Never, Result, Room, Tag, Text, Upgrade};

/// A room that leaves everything to what the trait says.
struct Quiet;

impl Room for Quiet {
    const NAME: &'static str = "quiet";
    type State = ();
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

#[test]
fn a_context_finds_connections_by_id_tag_and_filter() {
    let room = TestRoom::<Quiet>::new("square");
    let id = |id: &str| ConnectionId::new(id).unwrap();
    let connect = |id: &str, tags: &[&str]| {
        room.sleep(Duration::from_secs(1));
        let tags = tags.iter().map(ToString::to_string).collect();
        room.try_connect(Upgrade { id: Some(id.into()), tags, ..Upgrade::default() }).unwrap()
    };
    let (_, old) = (connect("ada", &["red"]), connect("bob", &[]));
    let (_, new) = (connect("eve", &["red"]), connect("bob", &["red"]));
    let check = |bobs: &[&TestClient<Quiet>]| {
        room.read(|cx| {
            let sender = |client: &&TestClient<Quiet>| client.socket();
            let sockets: Vec<_> = bobs.iter().map(sender).collect();
            assert_eq!(cx.count(), 2 + sockets.len());
            assert_eq!(cx.connections().count(), cx.count());
            assert_eq!(cx.connections_with_id(&id("bob")).len(), bobs.len());
            let newest = cx.connection(&id("bob")).map(|bob| format!("{bob:?}"));
            assert_eq!(
                newest,
                sockets.last().map(|socket| format!("Connection(bob, socket {})", socket.0))
            );
            assert!(cx.connection(&id("bo")).is_none());
            let red = Tag::new("red").unwrap();
            assert_eq!(
                cx.tagged(&red).len(),
                cx.connections().filter(|one| one.has_tag(&red)).count()
            );
        });
    };
    check(&[&old, &new]);
    room.hibernate();
    check(&[&old, &new]);
    new.cut();
    check(&[&old]);
    room.hibernate();
    old.cut();
    check(&[]);
}

#[test]
fn random_numbers_come_from_the_seed_and_never_twice() {
    let draw = |seed| {
        let room = TestRoom::<Quiet>::on(MemoryHost::new().with_seed(seed), "stage");
        room.read(|cx| (0..1000).map(|_| cx.random()).collect::<BTreeSet<_>>())
    };
    assert_eq!(draw(1).len(), 1000);
    assert_eq!(draw(1), draw(1));
    assert!(draw(1).is_disjoint(&draw(2)));
}

#[test]
fn a_uuid_is_of_version_4_and_no_other_is_like_it() {
    let room = TestRoom::<Quiet>::new("stage");
    let uuids: BTreeSet<_> = room.read(|cx| (0..1000).map(|_| cx.uuid()).collect());
    assert_eq!(uuids.len(), 1000);
    let mut variants = BTreeSet::new();
    for uuid in &uuids {
        let groups: Vec<_> = uuid.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(uuid.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-')), "{uuid}");
        assert!(groups[2].starts_with('4'), "{uuid}");
        variants.extend(groups[3].chars().next());
    }
    assert_eq!(variants, BTreeSet::from(['8', '9', 'a', 'b']));
}

#[test]
fn a_connection_without_an_id_gets_a_uuid() {
    let room = TestRoom::<Quiet>::new("cell");
    let clients = [(); 2].map(|()| room.try_connect(Upgrade::default()).unwrap());
    let ids =
        clients.each_ref().map(|client| client.read(|cx| cx.sender_id().unwrap().to_string()));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0].len(), 36);
}
