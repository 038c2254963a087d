//! The schedule against a model that is too simple to be wrong: a list that is searched.

use std::time::Duration;

use dormouse::testing::TestRoom;
use dormouse::{
    Context, Effects, Error, Host as _, Never, Result, Room, ScheduledAlarm, Timestamp, When,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A room whose alarms do what their payload says, and which keeps a log of those that succeeded.
struct Clockwork;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Order {
    Schedule { name: String, delay: u64, period: Option<u64>, alarm: Work },
    Cancel { name: String },
    Purge,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Work {
    name: String,
    /// How many tries fail before one succeeds.
    failures: u32,
    /// What the one that succeeds does to the schedule.
    then: Vec<Order>,
}

type Log = Vec<(String, Timestamp, u32)>;

impl Room for Clockwork {
    const NAME: &'static str = "clockwork";
    type State = Log;
    type Connection = ();
    type Upgrade = ();
    type Message = Vec<Order>;
    type Broadcast = Never;
    type Alarm = Work;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, orders: Vec<Order>) -> Result<Effects<Self>> {
        Ok(obey(Effects::new(), orders))
    }

    fn handle_alarm(cx: &Context<Self>, work: Work) -> Result<Effects<Self>> {
        let attempt = cx.retry().map_or(1, |retry| retry.attempt);
        if attempt <= work.failures {
            return Err(Error::execution("not yet"));
        }
        let mut log = cx.state().cloned().unwrap_or_default();
        log.push((work.name, cx.now(), attempt));
        Ok(obey(Effects::new().save(log), work.then))
    }
}

fn obey(effects: Effects<Clockwork>, orders: Vec<Order>) -> Effects<Clockwork> {
    orders.into_iter().fold(effects, |effects, order| match order {
        Order::Schedule { name, delay, period, alarm } => {
            let when = When::after(Duration::from_millis(delay));
            let when = match period {
                Some(period) => when.every(Duration::from_millis(period)),
                None => when,
            };
            effects.schedule(name, when, alarm)
        }
        Order::Cancel { name } => effects.cancel(name),
        Order::Purge => effects.purge(),
    })
}

#[derive(Clone, Debug)]
struct Planned {
    name: String,
    at: u64,
    due: u64,
    period: Option<u64>,
    tries: u32,
    set_aside: bool,
    work: Work,
}

struct Model {
    now: u64,
    alarms: Vec<Planned>,
    log: Log,
}

impl Model {
    fn order(&mut self, order: Order) {
        match order {
            Order::Schedule { name, delay, period, alarm } => {
                self.alarms.retain(|alarm| alarm.name != name);
                let at = self.now + delay;
                let (tries, set_aside) = (0, false);
                self.alarms.push(Planned {
                    name,
                    at,
                    due: at,
                    period,
                    tries,
                    set_aside,
                    work: alarm,
                });
            }
            Order::Cancel { name } => self.alarms.retain(|alarm| alarm.name != name),
            Order::Purge => {
                self.alarms.clear();
                self.log.clear();
            }
        }
    }

    fn stored(&self) -> Vec<ScheduledAlarm> {
        let alarms = self.alarms.iter().map(|alarm| ScheduledAlarm {
            period: alarm.period,
            failures: alarm.tries,
            failed: alarm.set_aside,
            error: (alarm.tries > 0).then(|| "the handler failed: not yet".to_owned()),
            due: Timestamp::from_millis(alarm.due),
            ..ScheduledAlarm::once(
                alarm.name.clone(),
                Timestamp::from_millis(alarm.at),
                serde_json::to_string(&alarm.work).unwrap(),
            )
        });
        let mut alarms: Vec<_> = alarms.collect();
        alarms.sort_by(|a, b| a.name.cmp(&b.name));
        alarms
    }

    fn alarm(&self) -> Option<u64> {
        self.alarms.iter().filter(|alarm| !alarm.set_aside).map(|alarm| alarm.at).min()
    }

    fn fire(&mut self) {
        let now = self.now;
        let mut due: Vec<Planned> = self.alarms.clone();
        due.retain(|alarm| !alarm.set_aside && alarm.at <= now);
        due.sort_by_key(|alarm| (alarm.at, alarm.name.clone()));
        for alarm in due {
            // One that had its turn before may have cancelled it, or put it off.
            let still_due = |other: &Planned| other.name == alarm.name && other.at <= now;
            let Some(index) = self.alarms.iter().position(still_due) else { continue };
            let planned = &mut self.alarms[index];
            planned.tries += 1;
            if planned.tries <= planned.work.failures {
                if planned.tries == 7 {
                    planned.set_aside = true;
                } else {
                    planned.at = now + 1_000 * 2_u64.pow(planned.tries);
                }
                continue;
            }
            let then = planned.work.then.clone();
            self.log.push((planned.work.name.clone(), Timestamp::from_millis(now), planned.tries));
            if let Some(period) = planned.period {
                planned.tries = 0;
                while planned.due <= now {
                    planned.due += period;
                }
                planned.at = planned.due;
            } else {
                self.alarms.remove(index);
            }
            for order in then {
                self.order(order);
            }
        }
    }

    fn advance(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(at) = self.alarm().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.fire();
        }
        self.now = end;
    }
}

/// All alarms that are stored, by name.
fn stored(room: &TestRoom<Clockwork>) -> Vec<ScheduledAlarm> {
    let mut alarms =
        room.with_host(|host| [host.alarms(None, usize::MAX).rows, host.failed_alarms()].concat());
    alarms.sort_by(|a, b| a.name.cmp(&b.name));
    alarms
}

#[derive(Clone, Debug)]
enum Step {
    /// Orders in one message.
    Message(Vec<Order>),
    /// Messages in one batch.
    Batch(Vec<Vec<Order>>),
    /// Time passes, and the alarm goes off whenever it is due.
    Advance(u64),
    /// Time passes, and the alarm goes off late.
    SleepThrough(u64),
    /// The alarm goes off early, or once too often.
    Fire,
    Hibernate,
}

/// An order; an alarm that it schedules does what `then` says.
fn an_order(
    then: impl Strategy<Value = Vec<Order>> + 'static,
) -> impl Strategy<Value = Order> + Clone {
    let name = || prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned);
    let failures = prop_oneof![3 => Just(0_u32), 2 => 1..4_u32, 2 => Just(20)];
    let period = prop::option::of(50..3_000_u64);
    let schedule = (name(), 0..4_000_u64, period, failures, then).prop_map(
        |(name, delay, period, failures, then)| {
            let alarm = Work { name: name.clone(), failures, then };
            Order::Schedule { name, delay, period, alarm }
        },
    );
    prop_oneof![
        8 => schedule,
        2 => name().prop_map(|name| Order::Cancel { name }),
        1 => Just(Order::Purge),
    ]
    .boxed()
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    let then = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec(an_order(Just(Vec::new())), 1..3),
    ];
    prop::collection::vec(an_order(then), 1..5)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => orders().prop_map(Step::Message),
        2 => prop::collection::vec(orders(), 1..4).prop_map(Step::Batch),
        4 => (0..40_000_u64).prop_map(Step::Advance),
        2 => (0..100_000_u64).prop_map(Step::SleepThrough),
        1 => Just(Step::Fire),
        2 => Just(Step::Hibernate),
    ];
    prop::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn the_schedule_does_what_the_model_does(steps in steps()) {
        let room = TestRoom::<Clockwork>::new("tower");
        let client = room.connect("winder");
        let mut model =
            Model { now: room.now().as_millis(), alarms: Vec::new(), log: Vec::new() };
        for step in steps {
            match step {
                Step::Message(orders) => {
                    client.send(&orders);
                    for order in orders {
                        model.order(order);
                    }
                }
                Step::Batch(messages) => {
                    room.together(|| {
                        for orders in &messages {
                            client.send(orders);
                        }
                    });
                    for order in messages.into_iter().flatten() {
                        model.order(order);
                    }
                }
                Step::Advance(millis) => {
                    room.advance(Duration::from_millis(millis));
                    model.advance(millis);
                }
                Step::SleepThrough(millis) => {
                    room.sleep(Duration::from_millis(millis));
                    model.now += millis;
                    room.fire_alarm();
                    model.fire();
                }
                Step::Fire => {
                    room.fire_alarm();
                    model.fire();
                }
                Step::Hibernate => room.hibernate(),
            }
            prop_assert_eq!(room.state().unwrap_or_default(), model.log.clone());
            prop_assert_eq!(room.alarm().map(Timestamp::as_millis), model.alarm());
            prop_assert_eq!(stored(&room), model.stored());
            let next = room.read(|cx| cx.next_alarm().map(|alarm| alarm.at.as_millis()));
            prop_assert_eq!(next, model.alarm());
        }
    }
}
