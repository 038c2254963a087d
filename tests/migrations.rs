//! What an earlier version of a room stored, read by this one.

use std::time::Duration;

use dormouse::testing::TestRoom;
use dormouse::{Context, Effects, Error, Never, Result, Room, Text, When};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The first version counts in a number; the second names what it counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tally {
    sheep: u32,
}

/// A version of the room: what it stores, and whether it knows the one before.
trait Version: 'static {
    type Stored: Clone + Default + Serialize + DeserializeOwned;
    fn migrate(_: Value) -> Option<Self::Stored> {
        None
    }
    fn count(_: &mut Self::Stored);
}

struct First;
struct Second;
struct Forgetful;

impl Version for First {
    type Stored = u32;
    fn count(stored: &mut u32) {
        *stored += 1;
    }
}

impl Version for Second {
    type Stored = Tally;
    fn migrate(stored: Value) -> Option<Tally> {
        Some(Tally { sheep: serde_json::from_value(stored).ok()? })
    }
    fn count(stored: &mut Tally) {
        stored.sheep += 1;
    }
}

impl Version for Forgetful {
    type Stored = Tally;
    fn count(stored: &mut Tally) {
        stored.sheep += 1;
    }
}

struct Meadow<V>(V);

impl<V: Version> Room for Meadow<V> {
    const NAME: &'static str = "meadow";
    type State = V::Stored;
    type Connection = V::Stored;
    type Upgrade = Value;
    type Message = Text;
    type Broadcast = Text;
    type Alarm = V::Stored;
    type Reply = Never;

    fn migrate_state(stored: Value) -> Option<V::Stored> {
        V::migrate(stored)
    }

    fn migrate_connection(stored: Value) -> Option<V::Stored> {
        V::migrate(stored)
    }

    fn migrate_alarm(stored: Value) -> Option<V::Stored> {
        V::migrate(stored)
    }

    fn handle_message(cx: &Context<Self>, Text(what): Text) -> Result<Effects<Self>> {
        let effects = Effects::<Self>::new();
        let mut state = cx.state().cloned().unwrap_or_default();
        Ok(match what.as_str() {
            "later" => effects.schedule("later", When::after(Duration::from_secs(1)), state),
            "mine" => {
                let mine = cx.sender().map(|it| it.state().clone()).unwrap_or_default();
                effects.send(cx.sender(), Text(serde_json::to_string(&mine).unwrap()))
            }
            _ => {
                V::count(&mut state);
                effects.save(state)
            }
        })
    }

    fn handle_alarm(_: &Context<Self>, alarm: V::Stored) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(Text(serde_json::to_string(&alarm).unwrap())))
    }
}

/// A room that the first version has left, asleep, for another to wake.
fn left_by_the_first<V: Version>() -> TestRoom<Meadow<V>> {
    let upgrade = dormouse::Upgrade {
        id: Some("ada".to_owned()),
        data: Value::from(5),
        ..dormouse::Upgrade::default()
    };
    let room = TestRoom::<Meadow<First>>::new("hill");
    let ada = room.try_connect(upgrade).unwrap();
    ada.send_text("count");
    ada.send_text("later");
    room.deploy()
}

#[test]
fn a_state_a_connection_and_an_event_of_the_version_before_are_read() {
    let room = left_by_the_first::<Second>();
    let ada = room.clients().remove(0);
    ada.send_text("mine");
    assert_eq!(ada.receive_text(), r#"{"sheep":5}"#);
    ada.send_text("count");
    assert_eq!(room.state(), Some(Tally { sheep: 2 }));
    room.advance(Duration::from_secs(1));
    assert_eq!(ada.receive_text(), r#"{"sheep":1}"#);
}

#[test]
fn what_is_not_changed_stays_as_it_was_stored() {
    let room = left_by_the_first::<Second>();
    room.clients().remove(0).send_text("mine");
    assert_eq!(room.with_host(|host| dormouse::Host::state(host)), Some("1".to_owned()));
}

#[test]
fn without_a_migration_nothing_is_overwritten_and_one_socket_is_closed() {
    let room = left_by_the_first::<Forgetful>();
    let ada = room.clients().remove(0);
    ada.send_text("count");
    assert_eq!(ada.closed().unwrap().code, 1011);
    let error = room.send_json("\"count\"").unwrap_err();
    assert!(matches!(error, Error::StateUnreadable { .. }), "{error}");
    assert_eq!(room.with_host(|host| dormouse::Host::state(host)), Some("1".to_owned()));

    room.with_host(|host| host.set_state(r#"{"sheep":1}"#));
    room.hibernate();
    room.advance(Duration::from_secs(3600));
    let failed = room.read(|cx| cx.failed_alarms().remove(0));
    assert!(failed.error.as_deref().unwrap().contains("payload"), "{failed:?}");
}

#[test]
fn a_test_sees_a_stored_state_as_handlers_do() {
    let room = left_by_the_first::<Second>();
    assert_eq!(room.state(), Some(Tally { sheep: 1 }));
}
