//! Every limit, broken in every handler: all of the list is dropped, and the error names the rule.

mod support;

use std::time::Duration;

use dormouse::testing::{TestClient, TestRoom};
use dormouse::{Error, Handler, Upgrade};
use support::{
    Breach, Do, Puppet, alarm_at, alarm_that, append, attached, cancel, close, heard, in_seconds,
    note, order, save, say, stored, upgrade,
};

/// Every breach with what its error says.
const BREACHES: [(Breach, &str); 14] = [
    (Breach::AttachmentOfLatin1, "AttachmentTooLarge { limit: 16384, size: 16"),
    (Breach::AttachmentOfWideText, "AttachmentTooLarge { limit: 16384, size: 16"),
    (Breach::CloseCode, "InvalidCloseCode { code: 1005 }"),
    (Breach::CloseReason, "CloseReasonTooLong { limit: 123, size: 126 }"),
    (Breach::AlarmWithoutName, "InvalidAlarmName { limit: 256, size: 0 }"),
    (Breach::AlarmName, "InvalidAlarmName { limit: 256, size: 257 }"),
    (Breach::AlarmNameOfTheEngine, "InvalidAlarmName { limit: 256, size: 6 }"),
    (Breach::AlarmTimeZero, "InvalidAlarmTime { limit: 6911049600000, at: 0 }"),
    (Breach::AlarmTimeBeyondDates, "InvalidAlarmTime { limit: 6911049600000, at: 6911049600001 }"),
    (Breach::AlarmDelay, "InvalidAlarmTime { limit: 6911049600000, at: 18446744073709551615 }"),
    (Breach::PeriodOfNothing, "InvalidPeriod { limit: 3153600000000, period: 0 }"),
    (Breach::PeriodUnderAMillisecond, "InvalidPeriod { limit: 3153600000000, period: 0 }"),
    (Breach::Payload, "PayloadTooLarge { limit: 2000000, size: 2000012 }"),
    (Breach::State, "StateTooLarge { limit: 2000000, size: 2000002 }"),
];

/// One of everything, and then what breaks a limit.
fn everything_and(breach: Breach) -> Vec<Do> {
    vec![
        save("changed"),
        say("never heard"),
        note("changed"),
        alarm_at("new", in_seconds(1)),
        cancel("kept"),
        close("bob"),
        Do::Break(breach),
    ]
}

/// A room with a state, an alarm and two clients, each with a note.
fn stage() -> (TestRoom<Puppet>, [TestClient<Puppet>; 2]) {
    let room = TestRoom::new("stage");
    let clients = [room.connect("ada"), room.connect("bob")];
    order(&clients[0], [save("as it was"), alarm_at("kept", in_seconds(60)), note("as it was")]);
    order(&clients[1], [note("as it was")]);
    for client in &clients {
        client.received();
    }
    (room, clients)
}

/// That everyone has heard of the error, and of nothing else.
fn assert_told(clients: &[TestClient<Puppet>], during: Handler, error: &str) {
    for client in clients {
        let told = heard(client);
        assert_eq!(told.len(), 1, "{error}: {told:?}");
        assert!(told[0].starts_with(&format!("{during:?} failed: {error}")), "{told:?}");
    }
}

#[test]
fn in_a_message() {
    for (breach, error) in BREACHES {
        let (room, clients) = stage();
        let before = (stored(&room), attached(&room), room.commits());
        order(&clients[0], everything_and(breach));
        assert_told(&clients, Handler::Message, error);
        assert_eq!((stored(&room), attached(&room), room.commits()), before, "{breach:?}");
        assert!(clients.iter().all(TestClient::is_open));
        room.hibernate();
        order(&clients[0], [append("!")]);
        assert_eq!(room.state().as_deref(), Some("as it was!"));
    }
}

#[test]
fn in_an_api_call() {
    for (breach, error) in BREACHES {
        if matches!(breach, Breach::AttachmentOfLatin1 | Breach::AttachmentOfWideText) {
            continue; // There is no sender to have one.
        }
        let (room, clients) = stage();
        let before = (stored(&room), attached(&room));
        let answer = room.send(&everything_and(breach));
        assert_eq!(format!("{:?}", answer.unwrap_err()), error);
        assert_told(&clients, Handler::Message, error);
        assert_eq!((stored(&room), attached(&room)), before, "{breach:?}");
    }
}

#[test]
fn in_a_connect_and_the_connection_never_was() {
    for (breach, error) in BREACHES {
        let (room, clients) = stage();
        let before = (stored(&room), attached(&room));
        let refused = room.try_connect(upgrade("eve", everything_and(breach))).err();
        assert!(format!("{:?}", refused.unwrap()).starts_with(error));
        assert_told(&clients, Handler::Connect, error);
        assert_eq!((stored(&room), attached(&room)), before, "{breach:?}");
        room.read(|cx| {
            assert!(cx.count() == 2 && cx.connection(&"eve".parse().unwrap()).is_none());
        });
    }
}

#[test]
fn in_a_close_and_the_connection_is_over_all_the_same() {
    for (breach, error) in BREACHES {
        let (room, [ada, bob]) = stage();
        order(&ada, [Do::LastWords(everything_and(breach))]);
        let before = stored(&room);
        ada.close(4001, "enough");
        assert_eq!(ada.closed().map(|close| close.code), Some(4001));
        assert_told(std::slice::from_ref(&bob), Handler::Close, error);
        assert_eq!(heard(&ada), [""; 0]);
        assert_eq!(stored(&room), before, "{breach:?}");
        assert!(bob.is_open());
        room.read(|cx| assert_eq!(cx.count(), 1));
    }
}

#[test]
fn in_an_event_which_stays_while_others_have_their_turn() {
    for (breach, error) in BREACHES {
        if matches!(breach, Breach::AttachmentOfLatin1 | Breach::AttachmentOfWideText) {
            continue; // There is no sender to have one.
        }
        let (room, clients) = stage();
        order(
            &clients[0],
            [
                alarm_that("a", in_seconds(1), everything_and(breach)),
                alarm_that("b", in_seconds(1), [append("!")]),
            ],
        );
        let before = attached(&room);
        room.advance(Duration::from_secs(1));
        assert_told(&clients, Handler::Alarm, error);
        assert_eq!(attached(&room), before);
        assert_eq!(room.state().as_deref(), Some("as it was!"), "{breach:?}");
        room.read(|cx| {
            let failures = |name| cx.alarm(name).map(|alarm| alarm.failures);
            assert_eq!([failures("a"), failures("b")], [Some(1), None]);
            assert_eq!([failures("kept"), failures("new")], [Some(0), None]);
        });
    }
}

#[test]
fn in_the_hook_for_errors_and_the_sender_hears_of_the_first() {
    for (breach, _) in BREACHES {
        if breach == Breach::CloseCode {
            continue; // The handler's own `?`, which a hook does not have.
        }
        let (room, [ada, bob]) = stage();
        let before = (stored(&room), attached(&room));
        order(&ada, [save("changed"), Do::FailClumsily(breach)]);
        let told: serde_json::Value = serde_json::from_str(&ada.receive_text()).unwrap();
        assert_eq!((&told["_tag"], &told["code"]), (&"Error".into(), &"clumsy".into()));
        assert!(ada.received().is_empty() && bob.received().is_empty(), "{breach:?}");
        assert_eq!((stored(&room), attached(&room)), before, "{breach:?}");
    }
}

#[test]
fn in_what_an_upgrade_asks_for() {
    let tags = |tags: &[String]| Upgrade { tags: tags.to_vec(), ..Upgrade::default() };
    let note = |note: String| serde_json::json!({ "note": note });
    let ten: Vec<_> = (0..10).map(|n| n.to_string()).collect();
    let upgrades = [
        (tags(&ten), "TooManyTags { limit: 9, count: 10 }"),
        (tags(&["x".repeat(257)]), "TagTooLong { limit: 256, size: 257 }"),
        (tags(&["a\nb".into()]), r#"InvalidTag { tag: "a\nb" }"#),
        (upgrade("", []), r#"InvalidConnectionId { id: "" }"#),
        (
            Upgrade { data: note("x".repeat(16_384)), ..Upgrade::default() },
            "AttachmentTooLarge { limit: 16384, size: 16",
        ),
        (
            Upgrade { data: note("€".repeat(8_192)), ..Upgrade::default() },
            "AttachmentTooLarge { limit: 16384, size: 16",
        ),
        (Upgrade { data: 7.into(), ..Upgrade::default() }, "InvalidUpgrade { reason: \"data: "),
    ];
    for (upgrade, error) in upgrades {
        let (room, clients) = stage();
        let before = (stored(&room), attached(&room));
        let refused = room.try_connect(upgrade).err();
        assert!(format!("{:?}", refused.unwrap()).starts_with(error), "{error}");
        assert_told(&clients, Handler::Connect, error);
        assert_eq!((stored(&room), attached(&room)), before, "{error}");
    }
    let (room, _clients) = stage();
    let repeated = [&ten[1..], &ten[1..]].concat();
    assert!(room.try_connect(tags(&repeated)).is_ok(), "a tag counts once");
}

#[test]
fn what_keeps_to_the_limits_is_done() {
    let (room, [ada, bob]) = stage();
    order(
        &ada,
        [
            save(&"x".repeat(1_999_998)),
            note(&"é".repeat(16_200)),
            alarm_at(&"x".repeat(256), in_seconds(1)),
            Do::Close { id: "bob".into(), code: 4999, reason: "€".repeat(41) },
        ],
    );
    assert_eq!(heard(&ada), ["bob left with 4999"]);
    assert_eq!(bob.closed().unwrap().reason.len(), 123);
    assert_eq!(room.state().unwrap().len(), 1_999_998);
    room.read(|cx| assert_eq!(cx.next_alarm().unwrap().name.len(), 256));
    assert_eq!(
        Error::InvalidPeriod { limit: 1_000_000, period: 7 }.to_string(),
        "a period of 7 milliseconds is out of bounds: take one from 1 to 1000000",
    );
}
