//! The chat room, awake and with a sleep between any two steps.

use dormouse::rooms::Chat;
use dormouse::rooms::chat::{Broadcast, Message};
use dormouse::testing::{TestClient, TestRoom};
use dormouse::{Effect, Effects, Frame, Room};
use serde_json::json;

/// Runs a scenario twice: with `pause` doing nothing, and with it putting the room to sleep.
fn awake_and_asleep(scenario: impl Fn(&TestRoom<Chat>, &dyn Fn())) {
    let room = TestRoom::new("lounge");
    scenario(&room, &|| {});
    let room = TestRoom::new("lounge");
    scenario(&room, &|| room.hibernate());
}

fn say(text: &str) -> Message {
    Message::Say { text: text.into() }
}

fn typed(client: &TestClient<Chat>) -> Vec<Broadcast> {
    let frames = client.received();
    frames.iter().map(|frame| serde_json::from_slice(frame.as_bytes()).unwrap()).collect()
}

#[test]
fn the_first_connect_makes_the_state() {
    awake_and_asleep(|room, pause| {
        assert_eq!(room.state(), None);
        room.connect("ada");
        pause();
        let state = room.state().unwrap();
        assert_eq!((state.created_at, state.message_count), (room.now(), 0));
        room.sleep(std::time::Duration::from_secs(5));
        room.connect("bob");
        assert_eq!(room.state().unwrap(), state);
    });
}

#[test]
fn joining_and_leaving_is_told_to_the_others() {
    awake_and_asleep(|room, pause| {
        let ada = room.connect("ada");
        pause();
        let bob = room.connect("bob");
        assert_eq!(typed(&ada), [Broadcast::UserJoined { user_id: "bob".into() }]);
        pause();
        bob.close(1000, "bye");
        assert_eq!(typed(&ada), [Broadcast::UserLeft { user_id: "bob".into() }]);
        assert_eq!(typed(&bob), []);
    });
}

#[test]
fn what_is_said_is_counted_and_goes_to_all() {
    awake_and_asleep(|room, pause| {
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        ada.received();
        for (count, text) in ["one", "zwei – 二 – 🐭"].into_iter().enumerate() {
            pause();
            bob.send(&say(text));
            let message =
                Broadcast::Message { text: text.into(), user_id: "bob".into(), ts: room.now() };
            assert_eq!(ada.receive(), message);
            assert_eq!(bob.receive(), message);
            assert_eq!(room.state().unwrap().message_count, count as u64 + 1);
        }
    });
}

#[test]
fn typing_goes_to_the_others() {
    let room = TestRoom::<Chat>::new("lounge");
    let ada = room.connect("ada");
    // A handler is a function: its effects can be looked at without any of them being done.
    ada.read(|cx| {
        let effects = Chat::handle_message(cx, Message::Typing {}).unwrap();
        let typing = Broadcast::Typing { user_id: "ada".into() };
        assert_eq!(effects, Effects::new().broadcast_except(cx.sender(), typing));

        let effects = Chat::handle_message(cx, say("x")).unwrap().on(cx.state().cloned());
        let [Effect::Save(state), Effect::Send { .. }] = effects.list() else {
            panic!("a save and a broadcast");
        };
        assert_eq!(state.message_count, 1);
    });
    assert_eq!(room.state().unwrap().message_count, 0);
}

#[test]
fn the_api_speaks_as_system() {
    awake_and_asleep(|room, pause| {
        room.send(&say("nobody hears")).unwrap();
        assert_eq!(room.state(), None, "before any state exists nothing is counted");
        let ada = room.connect("ada");
        pause();
        room.send(&say("hello")).unwrap();
        room.send(&Message::Typing {}).unwrap();
        let message =
            Broadcast::Message { text: "hello".into(), user_id: "system".into(), ts: room.now() };
        assert_eq!(typed(&ada), [message]);
        assert_eq!(room.state().unwrap().message_count, 1);
    });
}

#[test]
fn connections_are_listed_the_oldest_first() {
    awake_and_asleep(|room, pause| {
        for id in ["ada", "bob", "ada"] {
            room.connect(id);
            pause();
        }
        let now = room.now();
        let entry = |id: &str| {
            json!({
                "id": id,
                "tags": [format!("user:{id}")],
                "state": { "userId": id, "joinedAt": now },
                "connectedAt": now,
            })
        };
        assert_eq!(room.connections(None), Ok(json!([entry("ada"), entry("bob"), entry("ada")])));
        assert_eq!(room.connections(Some("user:bob")), Ok(json!([entry("bob")])));
        assert_eq!(room.connections(Some("user:eve")), Ok(json!([])));
    });
}

#[test]
fn of_connections_that_share_an_id_the_newest_is_meant() {
    awake_and_asleep(|room, pause| {
        let first = room.connect("ada");
        pause();
        let second = room.connect("ada");
        let id = dormouse::ConnectionId::new("ada").unwrap();
        pause();
        room.read(|cx| {
            let all = cx.connections_with_id(&id);
            assert_eq!(cx.connection(&id), all.last().cloned());
        });
        second.close(1000, "");
        pause();
        let left = first.read(|cx| (cx.connection(&id), cx.sender().cloned()));
        assert_eq!(left.0, left.1);
    });
}

#[test]
fn without_an_id_a_connection_is_anon() {
    let room = TestRoom::<Chat>::new("lounge");
    let ada = room.connect("ada");
    room.try_connect(dormouse::Upgrade::default()).unwrap();
    assert_eq!(ada.receive(), Broadcast::UserJoined { user_id: "anon".into() });
}

#[test]
fn a_frame_that_does_not_decode_is_told_to_its_sender_alone_and_changes_nothing() {
    awake_and_asleep(|room, pause| {
        let (ada, eve) = (room.connect("ada"), room.connect("eve"));
        ada.received();
        let deep = format!(r#"{{"_tag":"Say","text":{}{}}}"#, "[".repeat(9_000), "]".repeat(9_000));
        let texts = [
            "not JSON",
            "",
            "null",
            "7",
            "[]",
            "{}",
            r#"{"_tag":"Shout","text":"x"}"#,
            r#"{"_tag":"Say"}"#,
            r#"{"_tag":"Say","text":7}"#,
            r#"{"_tag":"Say","text":"x","admin":true}"#,
            r#"{"_tag":"Typing","admin":true}"#,
            &deep,
        ];
        let frames = texts.into_iter().map(|text| Frame::Text(text.into()));
        let before = room.commits();
        for frame in frames.chain([Frame::Binary(vec![0xff, 0xfe])]) {
            pause();
            eve.send_frame(frame);
            let error: serde_json::Value = serde_json::from_str(&eve.receive_text()).unwrap();
            assert_eq!(
                (&error["_tag"], &error["code"]),
                (&json!("Error"), &json!("invalid_event"))
            );
            assert!(error["message"].is_string());
        }
        assert_eq!(room.commits(), before);
        assert_eq!(typed(&ada), []);
        assert!(eve.is_open());
    });
}

#[test]
fn a_binary_frame_of_json_is_as_good_as_text() {
    let room = TestRoom::<Chat>::new("lounge");
    let ada = room.connect("ada");
    ada.send_frame(Frame::Binary(br#"{"_tag":"Say","text":"hi"}"#.to_vec()));
    assert!(matches!(ada.receive(), Broadcast::Message { text, .. } if text == "hi"));
}

#[test]
fn a_frame_over_the_limit_closes_its_socket_with_1009() {
    awake_and_asleep(|room, pause| {
        let (ada, eve) = (room.connect("ada"), room.connect("eve"));
        ada.received();
        pause();
        eve.send(&say(&"x".repeat(64 * 1024)));
        assert_eq!(eve.closed().unwrap().code, 1009);
        assert_eq!(typed(&ada), [Broadcast::UserLeft { user_id: "eve".into() }]);
    });
}
