//! Letters between rooms: stored with what sent them, delivered at least once, handled once.

use std::time::Duration;

use dormouse::testing::{MemoryHost, TestRoom};
use dormouse::{
    Answer, Context, Delivered, Effects, Engine, Errand, Error, Function, Host, Input, Letter,
    Never, ObjectName, Registry, Result, Room, RoomType, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A room that keeps what it hears and passes it on along a route.
struct Relay;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    heard: Vec<String>,
    deaf_until: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Message {
    Hear { text: String, route: Vec<String> },
    Deaf { millis: u64 },
    Ask { room: String },
    Call { function: String },
    FailAfterTelling,
    Announce { room: String },
}

const SUM: Function<[u8; 2], u8> = Function::new("sum");
const NONE: Function<[u8; 2], u8> = Function::new("none");

impl Room for Relay {
    const NAME: &'static str = "relay";
    type State = State;
    type Connection = ();
    type Upgrade = ();
    type Message = Message;
    type Broadcast = String;
    type Alarm = Never;
    type Reply = String;

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let mut state = cx.state().cloned().unwrap_or_default();
        match message {
            Message::Hear { text, mut route } => {
                if cx.now() < state.deaf_until {
                    return Err(Error::refuse("deaf", "say again later"));
                }
                let from = cx.sibling().map_or_else(|| "outside".to_owned(), ObjectName::to_string);
                state.heard.push(format!("{text} from {from}"));
                let effects = Effects::new().save(state);
                Ok(if route.is_empty() {
                    effects
                } else {
                    let next = route.remove(0);
                    effects.tell::<Relay>(&next, &Message::Hear { text, route })
                })
            }
            Message::Deaf { millis } => {
                state.deaf_until = cx.now() + Duration::from_millis(millis);
                Ok(Effects::new().save(state))
            }
            Message::Ask { room } => {
                Ok(Effects::new().ask::<Relay>(&room, "state of a sibling".into()))
            }
            Message::Call { function } => {
                let function = if function == "sum" { &SUM } else { &NONE };
                Ok(cx.effects().call(function, &[1, 2], "sum".into()))
            }
            Message::FailAfterTelling => {
                Ok(Effects::new().tell::<Relay>("b", &message).tell::<Relay>("not an id", &message))
            }
            Message::Announce { room } => {
                Ok(Effects::new().announce::<Relay>(&room, &"dinner".to_owned()))
            }
        }
    }

    fn handle_reply(cx: &Context<Self>, about: String, answer: Answer) -> Result<Effects<Self>> {
        if cx.state().is_some_and(|state| cx.now() < state.deaf_until) {
            return Err(Error::execution("cannot hear the reply"));
        }
        let told = match about.as_str() {
            "sum" => answer.of(&SUM).map(|sum| sum.to_string()),
            "told" => answer.arrived().map(|()| "arrived".to_owned()),
            _ => answer.state::<Relay>().map(|state| serde_json::to_string(&state).unwrap()),
        };
        let line = format!("{about}: {}", told.unwrap_or_else(|error| error.to_string()));
        Ok(cx.effects().update_or_default(|state| state.heard.push(line)))
    }
}

fn hear(text: &str, route: &[&str]) -> Message {
    let route = route.iter().map(|id| (*id).to_owned()).collect();
    Message::Hear { text: text.into(), route }
}

fn heard(room: &TestRoom<Relay>) -> Vec<String> {
    room.state().unwrap_or_default().heard
}

/// Carries a room's letters to another, and the answers back. How many there were.
fn carry(from: (&TestRoom<Relay>, &str), to: &TestRoom<Relay>) -> usize {
    let letters = from.0.take_letters();
    let count = letters.len();
    for letter in letters {
        let seq = letter.seq;
        let delivered = match to.receive(&format!("relay/{}", from.1), letter) {
            Ok(value) => Delivered::Ok(value),
            Err(error) => Delivered::Error { message: error.to_string(), is_final: false },
        };
        from.0.delivered(seq, delivered);
    }
    count
}

#[test]
fn a_chain_of_rooms_hears_once_each_with_sleeps_in_between() {
    let [a, b, c] = ["a", "b", "c"].map(TestRoom::<Relay>::new);
    a.send(&hear("psst", &["b", "c"])).unwrap();
    a.hibernate();
    assert_eq!(carry((&a, "a"), &b), 1);
    b.hibernate();
    assert_eq!(carry((&b, "b"), &c), 1);
    assert_eq!(heard(&a), ["psst from outside"]);
    assert_eq!(heard(&b), ["psst from relay/a"]);
    assert_eq!(heard(&c), ["psst from relay/b"]);
    assert_eq!((a.alarm(), b.alarm(), c.alarm()), (None, None, None));
}

#[test]
fn a_receiver_that_fails_twice_and_then_is_well_handles_it_once() {
    let [a, b] = ["a", "b"].map(TestRoom::<Relay>::new);
    b.send(&Message::Deaf { millis: 3_000 }).unwrap();
    a.send(&hear("psst", &["b"])).unwrap();
    let mut tries = 0;
    for _ in 0..20 {
        tries += carry((&a, "a"), &b);
        a.hibernate();
        b.hibernate();
        a.advance(Duration::from_secs(1));
        b.advance(Duration::from_secs(1));
    }
    assert_eq!(tries, 3, "at once, after 2 s, after 4 s more");
    assert_eq!(heard(&b), ["psst from relay/a"]);
    assert_eq!(a.alarm(), None);
}

#[test]
fn a_letter_whose_answer_was_lost_is_sent_again_and_handled_once() {
    let [a, b] = ["a", "b"].map(TestRoom::<Relay>::new);
    a.send(&hear("psst", &["b"])).unwrap();
    let letter = a.take_letters().pop().unwrap();
    b.receive("relay/a", letter.clone()).unwrap();
    // The sender sleeps and never hears of it; its alarm makes it try again.
    a.hibernate();
    a.advance(Duration::from_secs(2));
    let again = a.take_letters().pop().unwrap();
    assert_eq!(again.seq, letter.seq);
    b.hibernate();
    b.receive("relay/a", again).unwrap();
    b.receive("relay/a", letter).unwrap();
    assert_eq!(heard(&b), ["psst from relay/a"]);
}

#[test]
fn letters_that_overtake_one_another_are_all_handled() {
    let [a, b] = ["a", "b"].map(TestRoom::<Relay>::new);
    for text in ["one", "two", "three"] {
        a.send(&hear(text, &["b"])).unwrap();
    }
    let letters = a.take_letters();
    for index in [2, 0, 2, 1, 0] {
        b.receive("relay/a", letters[index].clone()).unwrap();
    }
    assert_eq!(heard(&b).len(), 3);
}

#[test]
fn a_letter_is_not_sent_if_anything_its_handler_wants_cannot_be_done() {
    let a = TestRoom::<Relay>::new("a");
    let refused = a.send(&Message::FailAfterTelling);
    assert_eq!(refused, Err(Error::InvalidRoomId { id: "not an id".into() }));
    assert_eq!(a.take_letters(), []);
    assert_eq!(a.alarm(), None);
}

#[test]
fn a_room_that_the_worker_does_not_have_is_refused_before_anything_is_done() {
    const OTHERS: &[RoomType] = &[RoomType::of::<dormouse::rooms::Echo>()];
    let host = MemoryHost::new();
    let name = ObjectName::new("relay", "a").unwrap();
    let mut engine = Engine::of::<Relay>(name).among(Registry::new(OTHERS).checks());
    let json = serde_json::to_string(&hear("psst", &["b"])).unwrap();
    engine.handle(&host, Input::Send { json });
    let commit = engine.commit(&host);
    assert_eq!(commit.writes, []);
    let answer = serde_json::to_value(&commit.answers[0]).unwrap();
    assert_eq!(answer["error"]["_tag"], "RoomNotFound");
    assert_eq!(host.state(), None);
}

#[test]
fn a_sibling_s_state_comes_back_as_a_reply() {
    let [a, b] = ["a", "b"].map(TestRoom::<Relay>::new);
    a.send(&Message::Ask { room: "b".into() }).unwrap();
    carry((&a, "a"), &b);
    b.send(&hear("x", &[])).unwrap();
    a.send(&Message::Ask { room: "b".into() }).unwrap();
    a.hibernate();
    carry((&a, "a"), &b);
    let state = r#"{"heard":["x from outside"],"deaf_until":0}"#;
    assert_eq!(heard(&a)[0], "state of a sibling: null");
    assert_eq!(heard(&a)[1], format!("state of a sibling: {state}"));
}

#[test]
fn a_reply_whose_handler_fails_is_asked_for_again() {
    let a = TestRoom::<Relay>::new("a");
    a.send(&Message::Call { function: "sum".into() }).unwrap();
    a.send(&Message::Deaf { millis: 1_000 }).unwrap();
    let letter = a.take_letters().pop().unwrap();
    let errand = Errand::Call { function: "sum".into(), argument: "[1,2]".into() };
    assert_eq!(letter.errand, errand);
    a.delivered(letter.seq, Delivered::Ok(3.into()));
    assert_eq!(heard(&a), [""; 0]);
    a.advance(Duration::from_secs(2));
    let again = a.take_letters().pop().unwrap();
    a.delivered(again.seq, Delivered::Ok(3.into()));
    a.delivered(again.seq, Delivered::Ok(3.into()));
    assert_eq!(heard(&a), ["sum: 3"]);
    assert_eq!(a.alarm(), None);
}

#[test]
fn a_reply_that_fails_at_its_last_try_ends_the_letter() {
    let a = TestRoom::<Relay>::new("a");
    a.send(&Message::Call { function: "sum".into() }).unwrap();
    a.send(&Message::Deaf { millis: 1_000_000_000 }).unwrap();
    let mut tries = 0;
    for _ in 0..400 {
        for letter in a.take_letters() {
            tries += 1;
            a.delivered(letter.seq, Delivered::Ok(3.into()));
        }
        a.advance(Duration::from_secs(1));
    }
    assert_eq!((tries, a.alarm(), a.take_letters().len()), (7, None, 0));
    let _ = a.take_errors();
}

/// When a room tries its letters, in tenths of seconds after each was sent; all of them fail.
fn times_of_tries(sent_at: &[u64]) -> Vec<Vec<u64>> {
    let a = TestRoom::<Relay>::new("a");
    let mut tries: Vec<(u64, u64, Vec<u64>)> = Vec::new();
    for tenth in 0..400 {
        if sent_at.contains(&tenth) {
            a.send(&Message::Call { function: "sum".into() }).unwrap();
        }
        for letter in a.take_letters() {
            let known = tries.iter().position(|(seq, ..)| *seq == letter.seq);
            let nth = known.unwrap_or_else(|| {
                tries.push((letter.seq, tenth, Vec::new()));
                tries.len() - 1
            });
            let (_, since, times) = &mut tries[nth];
            times.push(tenth - *since);
            let message = "not now".to_owned();
            a.delivered(letter.seq, Delivered::Error { message, is_final: false });
        }
        a.advance(Duration::from_millis(100));
    }
    tries.into_iter().map(|(.., times)| times).collect()
}

#[test]
fn each_of_several_letters_is_tried_again_in_its_own_time() {
    let alone = times_of_tries(&[0]).remove(0);
    assert!(alone.len() > 3, "{alone:?}");
    for of_one in times_of_tries(&[0, 7, 13]) {
        let tries = of_one.len().min(alone.len()) - 1;
        assert_eq!(of_one[..tries], alone[..tries]);
    }
}

#[test]
fn a_call_that_keeps_failing_is_given_up_and_its_error_is_the_reply() {
    let a = TestRoom::<Relay>::new("a");
    a.send(&Message::Call { function: "sum".into() }).unwrap();
    let mut tries = 0;
    for _ in 0..400 {
        for letter in a.take_letters() {
            tries += 1;
            let message = "the line is dead".to_owned();
            a.delivered(letter.seq, Delivered::Error { message, is_final: false });
        }
        a.advance(Duration::from_secs(1));
    }
    assert_eq!(tries, 7);
    assert_eq!(heard(&a), ["sum: sum gave no answer: the line is dead"]);
    assert_eq!(a.alarm(), None);

    a.send(&Message::Call { function: "none".into() }).unwrap();
    let letter = a.take_letters().pop().unwrap();
    let message = "the Worker has no such function".to_owned();
    a.delivered(letter.seq, Delivered::Error { message, is_final: true });
    assert_eq!(heard(&a)[1], "sum: none gave no answer: the Worker has no such function");
}

#[test]
fn rooms_that_write_to_one_another_for_ever_come_to_an_end() {
    let a = TestRoom::<Relay>::new("a");
    let route = vec!["a"; 1_000];
    a.send(&hear("round", &route)).unwrap();
    for _ in 0..2_000 {
        // A letter to oneself: its answer comes to the room that handles it.
        carry((&a, "a"), &a.clone());
        a.advance(Duration::from_millis(500));
    }
    assert_eq!(heard(&a).len(), dormouse::limits::HOPS as usize);
    assert_eq!(a.take_letters(), []);
    assert_eq!(a.alarm(), None);
}

#[test]
fn a_letter_of_any_number_of_hops_leads_to_no_other() {
    let a = TestRoom::<Relay>::new("a");
    let json = serde_json::to_string(&hear("round", &["b"])).unwrap();
    let errand = Errand::Message { room: "relay/a".into(), json };
    let letter = Letter { seq: 1, floor: 1, hops: u32::MAX, errand };
    let refused = a.receive("relay/eve", letter);
    assert_eq!(refused, Err(Error::TooManyHops { limit: dormouse::limits::HOPS }));
    assert_eq!(a.take_letters(), []);
}

#[test]
fn what_is_announced_reaches_every_connection_of_the_sibling() {
    let [a, b] = ["a", "b"].map(TestRoom::<Relay>::new);
    let (ada, bob) = (b.connect("ada"), b.connect("bob"));
    a.send(&Message::Announce { room: "b".into() }).unwrap();
    let letter: Letter = a.take_letters().pop().unwrap();
    b.receive("relay/a", letter.clone()).unwrap();
    b.receive("relay/a", letter).unwrap();
    for client in [ada, bob] {
        assert_eq!(client.receive(), "dinner");
        assert_eq!(client.received(), []);
    }
}
