//! Many named alarms over one alarm. `schedule_model.rs` holds the same against a model.

mod support;

use std::time::Duration;

use dormouse::testing::{MemoryHost, TestRoom};
use dormouse::{Engine, Host, Input, ObjectAlarm, ObjectName, ScheduledAlarm, Timestamp, limits};
use support::{
    At, Do, FAIL, Puppet, alarm_at, alarm_that, append, cancel, every, heard, in_seconds, order,
    save, say,
};

const SECOND: Duration = Duration::from_secs(1);

/// A room with one client, which hears what alarms say.
fn stage() -> (TestRoom<Puppet>, dormouse::testing::TestClient<Puppet>) {
    let room = TestRoom::new("stage");
    let ada = room.connect("ada");
    (room, ada)
}

fn alarm_in(room: &TestRoom<Puppet>) -> Option<Duration> {
    room.alarm().map(|at| at - room.now())
}

#[test]
fn sixty_alarms_at_one_instant_each_have_their_turn_by_name() {
    let (room, ada) = stage();
    let mut names: Vec<_> = (0..60).map(|n| format!("{}", n * 7 % 60)).collect();
    order(&ada, names.iter().map(|name| alarm_at(name, in_seconds(5))).collect::<Vec<_>>());
    assert_eq!(alarm_in(&room), Some(5 * SECOND));
    room.advance(5 * SECOND);
    names.sort();
    assert_eq!(heard(&ada), names);
    assert_eq!(room.alarm(), None);
    room.fire_alarm();
    assert_eq!(heard(&ada), [""; 0]);
}

#[test]
fn alarms_come_by_time_and_then_by_name() {
    let (room, ada) = stage();
    order(
        &ada,
        [alarm_at("c", in_seconds(2)), alarm_at("d", in_seconds(1)), alarm_at("b", in_seconds(2))],
    );
    order(&ada, [alarm_at("a", in_seconds(3))]);
    room.hibernate();
    room.sleep(10 * SECOND);
    room.fire_alarm();
    assert_eq!(heard(&ada), ["d", "b", "c", "a"]);
}

#[test]
fn more_alarms_than_a_commit_takes_are_all_handled_in_order() {
    let (room, ada) = stage();
    let count = 2 * limits::ALARMS_A_COMMIT + 1;
    let names: Vec<_> = (0..count).map(|n| format!("{n:04}")).collect();
    let delay = |n: &String| At::After(Duration::from_millis(n.parse().unwrap()));
    order(&ada, [save("")]);
    let with_write = |name: &String| alarm_that(name, delay(name), [append("x"), say(name)]);
    order(&ada, names.iter().map(with_write).collect::<Vec<_>>());
    room.sleep(10 * SECOND);
    let before = room.commits();
    room.fire_alarm();
    assert_eq!(heard(&ada).len(), limits::ALARMS_A_COMMIT);
    assert!(room.alarm().is_some_and(|at| at <= room.now()), "the rest comes at once");
    room.advance(Duration::ZERO);
    assert_eq!(heard(&ada), names[limits::ALARMS_A_COMMIT..]);
    assert_eq!(room.commits() - before, 3);
    assert_eq!(room.state().unwrap().len(), count);
}

#[test]
fn a_name_scheduled_again_has_the_new_time_period_and_payload() {
    let (room, ada) = stage();
    order(&ada, [every(60, alarm_that("e", in_seconds(1), [say("old")]))]);
    order(&ada, [alarm_that("e", in_seconds(9), [say("new")])]);
    assert_eq!(alarm_in(&room), Some(9 * SECOND));
    room.advance(8 * SECOND);
    assert_eq!(heard(&ada), [""; 0]);
    room.advance(3600 * SECOND);
    assert_eq!(heard(&ada), ["new"]);
}

#[test]
fn to_cancel_takes_an_event_off_and_an_unknown_one_is_no_error() {
    let (room, ada) = stage();
    order(&ada, [alarm_at("e", in_seconds(1)), alarm_at("f", in_seconds(2)), say("set")]);
    order(&ada, [cancel("e"), cancel("unknown"), say("cancelled")]);
    assert_eq!(alarm_in(&room), Some(2 * SECOND));
    order(&ada, [cancel("f"), alarm_at("g", in_seconds(3)), cancel("g")]);
    assert_eq!(room.alarm(), None);
    room.advance(10 * SECOND);
    assert_eq!(heard(&ada), ["set", "cancelled"]);
}

#[test]
fn the_alarm_stands_at_the_earliest_of_all() {
    let (room, ada) = stage();
    let steps = [
        (alarm_at("b", in_seconds(20)), Some(20)),
        (alarm_at("c", in_seconds(30)), Some(20)),
        (alarm_at("a", in_seconds(10)), Some(10)),
        (alarm_at("a", in_seconds(25)), Some(20)),
        (cancel("b"), Some(25)),
        (Do::Cancel("a".into()), Some(30)),
        (cancel("c"), None),
    ];
    for (step, seconds) in steps {
        order(&ada, [step.clone()]);
        assert_eq!(alarm_in(&room), seconds.map(Duration::from_secs), "{step:?}");
    }
}

#[test]
fn what_is_due_at_once_or_was_due_long_ago_comes_at_once() {
    let (room, ada) = stage();
    order(
        &ada,
        [alarm_at("now", in_seconds(0)), alarm_at("past", At::Time(Timestamp::from_millis(1)))],
    );
    assert_eq!(heard(&ada), [""; 0], "but in a turn of its own");
    room.advance(Duration::ZERO);
    assert_eq!(heard(&ada), ["past", "now"]);
}

#[test]
fn a_period_counts_from_the_time_due_and_missed_ones_make_one() {
    let (room, ada) = stage();
    order(&ada, [every(10, alarm_at("tick", in_seconds(10)))]);
    room.advance(30 * SECOND);
    assert_eq!(heard(&ada), ["tick"; 3]);
    room.hibernate();
    room.sleep(54 * SECOND);
    room.fire_alarm();
    assert_eq!(heard(&ada), ["tick"], "at 84 s, for those due at 40 to 80 s");
    assert_eq!(alarm_in(&room), Some(6 * SECOND));
    room.sleep(6 * SECOND);
    room.fire_alarm();
    assert_eq!(heard(&ada), ["tick"]);
    assert_eq!(alarm_in(&room), Some(10 * SECOND), "on time, there is nothing to make up for");
}

#[test]
fn an_alarm_that_comes_early_or_twice_does_nothing_but_stand_again() {
    let (room, ada) = stage();
    order(&ada, [alarm_at("e", in_seconds(10))]);
    room.sleep(9 * SECOND);
    for asleep in [false, true] {
        if asleep {
            room.hibernate();
        }
        room.fire_alarm();
        assert_eq!(heard(&ada), [""; 0]);
        assert_eq!(alarm_in(&room), Some(SECOND));
    }
    room.sleep(SECOND);
    room.fire_alarm();
    room.fire_alarm();
    assert_eq!(heard(&ada), ["e"]);
    assert_eq!(room.alarm(), None);
}

#[test]
fn a_room_that_wakes_without_its_alarm_sets_it_anew() {
    let object = || ObjectName::new("puppet", "stage").unwrap();
    let alarm = ScheduledAlarm::once("e", Timestamp::from_millis(1_800_000_000_000), "[]");
    let mut host = MemoryHost::new();
    let commit = dormouse::Commit {
        writes: vec![dormouse::Write::Alarm(alarm.clone())],
        ..dormouse::Commit::default()
    };
    host.perform(&commit).unwrap();
    let wakes = [
        (None, Some(ObjectAlarm::Set(alarm.at))),
        (Some(Timestamp::from_millis(1)), Some(ObjectAlarm::Set(alarm.at))),
        (Some(alarm.at), None),
    ];
    for (at, alarm) in wakes {
        let mut engine = Engine::of::<Puppet>(object());
        engine.handle(&host, Input::AlarmStands { at });
        assert_eq!(engine.commit(&host).alarm, alarm, "{at:?}");
    }
    let mut engine = Engine::of::<Puppet>(object());
    engine.handle(&MemoryHost::new(), Input::AlarmStands { at: Some(alarm.at) });
    assert_eq!(
        engine.commit(&MemoryHost::new()).alarm,
        Some(ObjectAlarm::Delete),
        "nothing to wake for"
    );
}

#[test]
fn an_alarm_that_fails_is_tried_again_later_and_later_and_then_set_aside() {
    let (room, ada) = stage();
    order(&ada, [save(""), alarm_that("e", in_seconds(1), [Do::Look, append("x"), FAIL])]);
    room.advance(SECOND);
    for (attempt, delay) in (2..).zip([2, 4, 8, 16, 32, 64]) {
        assert_eq!(heard(&ada).len(), 1, "only that it failed");
        assert_eq!(alarm_in(&room), Some(Duration::from_secs(delay)), "try {attempt}");
        room.hibernate();
        room.advance(Duration::from_secs(delay));
    }
    assert_eq!(room.alarm(), None);
    room.read(|cx| {
        let failed = &cx.failed_alarms()[0];
        assert_eq!((failed.name.as_str(), failed.failures), ("e", limits::ALARM_TRIES));
        assert_eq!(failed.error.as_deref(), Some("the handler failed: as told"));
        assert_eq!(cx.next_alarm(), None);
    });
    heard(&ada);
    room.advance(86_400 * SECOND);
    room.fire_alarm();
    assert_eq!(heard(&ada), [""; 0], "no longer tried");
    assert_eq!(room.state().as_deref(), Some(""), "no try has left anything");
}

#[test]
fn a_retry_is_told_which_try_it_is_and_what_failed() {
    let (room, ada) = stage();
    order(&ada, [alarm_that("e", in_seconds(0), [Do::FailUntil(3), Do::Look])]);
    room.advance(60 * SECOND);
    let told = heard(&ada);
    assert_eq!(told.len(), 3);
    assert_eq!(told[2], "1 here: ada; next e; try 3 after the handler failed: as told");
    assert_eq!(room.alarm(), None);
    room.read(|cx| assert!(cx.alarm("e").is_none() && cx.failed_alarms().is_empty()));
}

#[test]
fn a_set_aside_alarm_can_be_scheduled_anew_or_cancelled() {
    let (room, ada) = stage();
    order(&ada, ["e", "f"].map(|name| alarm_that(name, in_seconds(0), [FAIL])));
    room.advance(300 * SECOND);
    heard(&ada);
    let failed = || room.read(|cx| cx.failed_alarms().len());
    assert_eq!(failed(), 2);
    order(&ada, [alarm_that("e", in_seconds(1), [Do::Look])]);
    assert_eq!(failed(), 1);
    room.advance(SECOND);
    assert_eq!(
        heard(&ada),
        ["1 here: ada; next e; failed f"],
        "a first try, with no memory of the old ones"
    );
    order(&ada, [cancel("f")]);
    assert_eq!(failed(), 0);
}

#[test]
fn those_that_failed_for_good_are_listed_by_name_in_the_batch_in_which_they_do() {
    let (room, ada) = stage();
    order(&ada, ["c", "a", "b"].map(|name| alarm_that(name, in_seconds(1), [FAIL])));
    order(&ada, [every(1, alarm_that("z", in_seconds(1), [Do::Look]))]);
    for _ in 0..300 {
        room.advance(SECOND);
    }
    let told = heard(&ada);
    let failed = told.iter().find_map(|told| told.split_once("failed ")).map(|(_, names)| names);
    assert_eq!(failed, Some("a b c"));
    let _ = room.take_errors();
}

#[test]
fn one_that_fails_keeps_no_other_from_its_turn() {
    let (room, ada) = stage();
    order(
        &ada,
        [
            alarm_at("a", in_seconds(1)),
            alarm_that("b", in_seconds(1), [say("dropped"), FAIL]),
            alarm_at("c", in_seconds(1)),
        ],
    );
    room.advance(SECOND);
    let told = heard(&ada);
    assert_eq!((told[0].as_str(), told[2].as_str(), told.len()), ("a", "c", 3));
    assert!(told[1].starts_with("Alarm failed"));
    room.read(|cx| assert_eq!(cx.next_alarm().unwrap().name, "b"));
}

#[test]
fn a_period_keeps_its_phase_through_failures() {
    let (room, ada) = stage();
    order(&ada, [every(10, alarm_that("tick", in_seconds(10), [Do::FailUntil(3), say("tick")]))]);
    room.advance(16 * SECOND);
    assert_eq!(heard(&ada).pop().as_deref(), Some("tick"), "at 16 s, after 2 and 4 s more");
    assert_eq!(alarm_in(&room), Some(4 * SECOND));
    room.read(|cx| assert_eq!(cx.next_alarm().unwrap().failures, 0));
}

#[test]
fn an_alarm_may_schedule_itself_anew_and_cancel_itself() {
    let (room, ada) = stage();
    let again = alarm_that("once", in_seconds(5), [say("again")]);
    order(&ada, [alarm_that("once", in_seconds(1), [say("once"), again])]);
    order(&ada, [every(1, alarm_that("tick", in_seconds(1), [say("tick"), cancel("tick")]))]);
    room.advance(SECOND);
    assert_eq!(heard(&ada), ["once", "tick"]);
    assert_eq!(alarm_in(&room), Some(5 * SECOND));
    room.advance(60 * SECOND);
    assert_eq!(heard(&ada), ["again"]);
}

#[test]
fn an_alarm_may_cancel_or_put_off_another_that_is_due() {
    let (room, ada) = stage();
    let meddle = [cancel("b"), alarm_at("c", in_seconds(5)), alarm_at("e", in_seconds(0))];
    order(&ada, [alarm_that("a", in_seconds(1), meddle)]);
    order(&ada, ["b", "c", "d"].map(|name| alarm_at(name, in_seconds(1))));
    room.sleep(SECOND);
    room.fire_alarm();
    assert_eq!(heard(&ada), ["d"]);
    room.advance(Duration::ZERO);
    assert_eq!(heard(&ada), ["e"], "what became due meanwhile comes right after");
    room.advance(5 * SECOND);
    assert_eq!(heard(&ada), ["c"]);
}

#[test]
fn an_alarm_may_purge_and_none_of_the_old_ones_follows() {
    let (room, ada) = stage();
    let purge = [say("a"), Do::Purge, alarm_at("new", in_seconds(1))];
    order(&ada, [save("s"), every(1, alarm_that("a", in_seconds(1), purge))]);
    order(&ada, [alarm_at("b", in_seconds(1)), alarm_at("c", in_seconds(9))]);
    room.advance(SECOND);
    assert_eq!(heard(&ada), ["a"]);
    assert_eq!((room.state(), alarm_in(&room)), (None, Some(SECOND)));
    room.advance(60 * SECOND);
    assert_eq!(heard(&ada), ["new"]);
    room.with_host(|host| {
        assert!(host.alarms(None, 9).rows.is_empty() && host.failed_alarms().is_empty());
    });
}

#[test]
fn an_alarm_whose_payload_no_longer_decodes_is_kept_as_failed() {
    let (room, ada) = stage();
    room.with_host(|host| {
        let alarm = ScheduledAlarm::once("old", host.now(), r#"{"from":"an older version"}"#);
        let writes = vec![dormouse::Write::Alarm(alarm)];
        host.perform(&dormouse::Commit { writes, ..dormouse::Commit::default() }).unwrap();
    });
    room.fire_alarm();
    room.advance(300 * SECOND);
    room.read(|cx| assert_eq!(cx.failed_alarms()[0].name, "old"));
    assert_eq!(room.alarm(), None);
    order(&ada, [alarm_at("new", in_seconds(1))]);
    heard(&ada);
    room.advance(SECOND);
    assert_eq!(heard(&ada), ["new"]);
}

#[test]
fn an_alarm_is_gone_in_the_commit_of_what_it_did() {
    let (room, ada) = stage();
    order(&ada, [save(""), alarm_that("e", in_seconds(1), [append("x"), say("done")])]);
    let before = room.commits();
    room.advance(SECOND);
    assert_eq!(room.commits() - before, 1);
    assert_eq!(heard(&ada), ["done"]);
    assert_eq!(room.state().as_deref(), Some("x"));
    room.read(|cx| assert_eq!(cx.alarm("e"), None));
}
