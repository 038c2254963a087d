//! Histories and keyed values, within a batch and over many, awake and asleep.

use std::collections::BTreeMap;
use std::time::Duration;

use dormouse::testing::TestRoom;
use dormouse::{Context, Effects, History, Host, Keep, Keyed, Never, Range, Result, Room, Side};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

const ROWS: History<u32> = History::new("rows");
const OTHERS: History<u32> = History::new("others");
const VALUES: Keyed<u32> = Keyed::new("values");
const NEIGHBOURS: Keyed<u32> = Keyed::new("value");

/// A room that does as it is told, and tells what it sees while it does.
struct Archive;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Order {
    Append(Vec<u32>),
    TrimTo(u64),
    TrimOlder {
        millis: u64,
    },
    Put(String, u32),
    Delete(String),
    Purge,
    /// The last rows, the rows after one and the page before one, as the handler sees them.
    Look {
        limit: usize,
        seq: u64,
    },
    List {
        prefix: String,
        limit: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Seen {
    Rows { last: Vec<u64>, after: Vec<u64>, before: Vec<u64>, len: u64, next: u64 },
    Values { first: Vec<(String, u32)>, last: Vec<(String, u32)> },
}

impl Room for Archive {
    const NAME: &'static str = "archive";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Order;
    type Broadcast = Seen;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, order: Order) -> Result<Effects<Self>> {
        let effects = Effects::new();
        Ok(match order {
            Order::Append(rows) => rows.iter().fold(effects, |all, row| all.append(&ROWS, row)),
            Order::TrimTo(rows) => effects.trim(&ROWS, Keep::newest(rows)),
            Order::TrimOlder { millis } => {
                let age = Duration::from_millis(millis);
                effects.trim(&ROWS, Keep::default().younger_than(age))
            }
            Order::Put(key, value) => effects.put(&VALUES, key, &value),
            Order::Delete(key) => effects.delete(&VALUES, key),
            Order::Purge => effects.purge(),
            Order::Look { limit, seq } => {
                let rows = cx.history(&ROWS);
                let numbers = |rows: Vec<dormouse::Entry<u32>>| {
                    for entry in &rows {
                        assert_eq!(u64::from(entry.row) % 1_000, entry.seq % 1_000);
                    }
                    rows.into_iter().map(|entry| entry.seq).collect()
                };
                let (len, next) = (rows.len(), rows.next_seq());
                let last = numbers(rows.last(limit)?);
                let after = numbers(rows.after(seq, limit)?);
                let before = numbers(rows.before(seq, limit)?);
                effects.send(cx.sender(), Seen::Rows { last, after, before, len, next })
            }
            Order::List { prefix, limit } => {
                let values = cx.keyed(&VALUES);
                let (first, last) = (values.first(&prefix, limit)?, values.last(&prefix, limit)?);
                effects.send(cx.sender(), Seen::Values { first, last })
            }
        })
    }
}

/// What must be there, held as plainly as can be.
#[derive(Default)]
struct Model {
    now: u64,
    /// Numbers and times of the rows that are left.
    rows: Vec<(u64, u64)>,
    last: u64,
    values: BTreeMap<String, u32>,
}

impl Model {
    fn order(&mut self, order: &Order) -> Option<Seen> {
        match order {
            Order::Append(rows) => {
                for _ in rows {
                    self.last += 1;
                    self.rows.push((self.last, self.now));
                }
            }
            Order::TrimTo(keep) => {
                let last = self.last;
                self.rows.retain(|(seq, _)| seq + keep > last);
            }
            Order::TrimOlder { millis } => {
                let now = self.now;
                self.rows.retain(|(_, at)| at + millis > now);
            }
            Order::Put(key, value) => {
                self.values.insert(key.clone(), *value);
            }
            Order::Delete(key) => {
                self.values.remove(key);
            }
            Order::Purge => {
                self.rows.clear();
                self.last = 0;
                self.values.clear();
            }
            Order::Look { limit, seq } => {
                let all: Vec<u64> = self.rows.iter().map(|(number, _)| *number).collect();
                let tail = |all: Vec<u64>| all[all.len().saturating_sub(*limit)..].to_vec();
                let before = all.iter().copied().filter(|number| number < seq).collect();
                let after = all.iter().copied().filter(|number| number > seq).take(*limit);
                return Some(Seen::Rows {
                    after: after.collect(),
                    before: tail(before),
                    len: all.len() as u64,
                    last: tail(all),
                    next: self.last + 1,
                });
            }
            Order::List { prefix, limit } => {
                let all = self.values.iter().filter(|(key, _)| key.starts_with(prefix.as_str()));
                let pair = |(key, value): (&String, &u32)| (key.clone(), *value);
                return Some(Seen::Values {
                    first: all.clone().take(*limit).map(pair).collect(),
                    last: all.rev().take(*limit).map(pair).collect(),
                });
            }
        }
        None
    }
}

fn orders() -> impl Strategy<Value = Order> {
    let key = || "[ab]{0,2}";
    prop_oneof![
        4 => (1..6_usize).prop_map(|count| Order::Append(vec![0; count])),
        1 => (0..8_u64).prop_map(Order::TrimTo),
        1 => (0..4_000_u64).prop_map(|millis| Order::TrimOlder { millis }),
        4 => (key(), any::<u32>()).prop_map(|(key, value)| Order::Put(key, value)),
        2 => key().prop_map(Order::Delete),
        1 => Just(Order::Purge),
        4 => (0..7_usize, 0..20_u64).prop_map(|(limit, seq)| Order::Look { limit, seq }),
        4 => (key(), 0..5_usize).prop_map(|(prefix, limit)| Order::List { prefix, limit }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn histories_and_values_are_what_the_model_says_however_they_are_batched(
        batches in prop::collection::vec((prop::collection::vec(orders(), 1..6), 0..2_000_u64, any::<bool>()), 1..15),
    ) {
        let room = TestRoom::<Archive>::new("cellar");
        let client = room.connect("clerk");
        let mut model = Model { now: room.now().as_millis(), ..Model::default() };
        for (mut orders, wait, asleep) in batches {
            // A row's content is its number, so that a mix-up shows.
            let mut next = model.last;
            for order in &mut orders {
                match order {
                    Order::Append(rows) => for row in rows {
                        next += 1;
                        *row = u32::try_from(next).unwrap();
                    },
                    Order::Purge => next = 0,
                    _ => {}
                }
            }
            let expected: Vec<Seen> = orders.iter().filter_map(|order| model.order(order)).collect();
            room.together(|| {
                for order in &orders {
                    client.send(order);
                }
            });
            let frames = client.received();
            let seen: Vec<Seen> =
                frames.iter().map(|frame| serde_json::from_slice(frame.as_bytes()).unwrap()).collect();
            prop_assert_eq!(seen, expected);
            room.advance(Duration::from_millis(wait));
            model.now += wait;
            if asleep {
                room.hibernate();
            }
        }
    }
}

#[test]
fn histories_and_kinds_of_values_do_not_mix() {
    let room = TestRoom::<Archive>::new("cellar");
    let client = room.connect("clerk");
    client.send(&Order::Append(vec![1, 2]));
    client.send(&Order::Put("s/x".into(), 1));
    room.read(|cx| {
        assert!(cx.history(&OTHERS).is_empty());
        assert_eq!(cx.keyed(&NEIGHBOURS).first("", 9), Ok(vec![]));
    });
}

#[test]
fn a_row_is_trimmed_when_it_is_as_old_as_its_age() {
    let room = TestRoom::<Archive>::new("main");
    room.send(&Order::Append(vec![1])).unwrap();
    for (millis, left) in [(9_999, 1), (1, 0)] {
        room.advance(Duration::from_millis(millis));
        room.send(&Order::TrimOlder { millis: 10_000 }).unwrap();
        assert_eq!(room.read(|cx| cx.history(&ROWS).len()), left);
    }
}

#[test]
fn numbers_go_on_after_everything_was_trimmed() {
    let room = TestRoom::<Archive>::new("cellar");
    let client = room.connect("clerk");
    client.send(&Order::Append(vec![1, 2, 3]));
    client.send(&Order::TrimTo(0));
    room.hibernate();
    client.send(&Order::Append(vec![4]));
    room.read(|cx| {
        let rows = cx.history(&ROWS).last(9).unwrap();
        assert_eq!(rows.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4]);
        assert_eq!(rows[0].at, cx.now());
    });
}

#[test]
fn what_is_appended_and_trimmed_in_one_batch_is_not_stored_at_all() {
    let room = TestRoom::<Archive>::new("cellar");
    let client = room.connect("clerk");
    room.together(|| {
        client.send(&Order::Append(vec![1, 2, 3]));
        client.send(&Order::TrimTo(1));
    });
    let all = Range { after: 0, before: u64::MAX, limit: 10, side: Side::First };
    let stored = room.with_host(|host| host.history(ROWS.name(), all));
    assert_eq!(stored.rows.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3]);
}
