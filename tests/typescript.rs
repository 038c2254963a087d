//! What is declared in TypeScript is what serde writes: samples that tsc compares with the declarations.

use std::collections::BTreeMap;
use std::fmt::Write;

use dormouse::rooms::{Chat, HistoryRoom, Reminders, chat, history, reminders};
use dormouse::typescript::{RoomTypes, declarations, keep};
use dormouse::{ConnectionId, Context, Effects, Frame, Never, Result, Room, Tag, Text, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A room of every shape that serde knows.
struct Shapes;

/// Tagged outside.
#[derive(Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// Nothing but its name.
    Bare,
    /// "Quoted", {braced} | barred, and over
    /// two lines.
    One(u64),
    Two(i32, String),
    Named {
        #[serde(rename = "kebab-name")]
        kebab: bool,
    },
}

/// Tagged inside, and all that a field can be.
#[derive(Serialize, TS)]
#[serde(tag = "_tag", rename_all_fields = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "it is made four times")]
enum Broadcast {
    Nothing,
    Wrapped(Page<Point>),
    Fields {
        large_number: u64,
        size: usize,
        real: f64,
        maybe: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absent: Option<String>,
        by_name: BTreeMap<String, Vec<Point>>,
        pair: (u8, String),
        letter: char,
        unit: (),
        boxed: Box<Kind>,
        who: ConnectionId,
        tag: Tag,
        at: Timestamp,
        anything: serde_json::Value,
        #[serde(skip)]
        _hidden: u8,
        #[serde(flatten)]
        area: Size,
    },
}

#[derive(Serialize, Deserialize, TS)]
struct Size {
    width: u32,
    height: u32,
}

/// Without a field name.
#[derive(Serialize, Deserialize, TS)]
struct Point(i64, i64);

/// Of anything.
#[derive(Serialize, TS)]
struct Page<T> {
    rows: Vec<T>,
    next: Option<Box<Page<T>>>,
}

#[derive(Serialize, Deserialize, TS)]
enum Kind {
    Small,
    Large,
}

/// Tagged beside.
#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "value")]
enum State {
    Empty,
    Full(Vec<Wrapper>),
}

#[derive(Serialize, Deserialize, TS)]
struct Wrapper(String);

/// Not tagged.
#[derive(Serialize, Deserialize, TS)]
#[serde(untagged)]
enum Connection {
    Number(i64),
    Words { words: Vec<String> },
}

impl Room for Shapes {
    const NAME: &'static str = "all-shapes";
    type State = State;
    type Connection = Connection;
    type Upgrade = ();
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(_: &Context<Self>, _: Message) -> Result<Effects<Self>> {
        Ok(Effects::new())
    }
}

dormouse::typescript!["tests/types/shapes.d.ts"; Shapes];

/// The samples of one type, as a constant of it.
fn samples<T: Serialize>(out: &mut String, declared: &str, values: &[T]) {
    writeln!(out, "\nsamples<{declared}>([").unwrap();
    for value in values {
        writeln!(out, "  {},", serde_json::to_string(value).unwrap()).unwrap();
    }
    writeln!(out, "]);").unwrap();
}

#[test]
fn what_serde_writes_is_what_is_declared() {
    let mut out = String::from(
        "// What serde writes for some values, kept by tests/typescript.rs. tsc compares it with what is\n\
         // declared: as literals, so that a field too many is an error too.\n\n\
         import type { Rooms } from \"../../types/rooms.d.ts\";\n\
         import type { Rooms as Shapes } from \"./shapes.d.ts\";\n\n\
         const samples = <Type>(values: Type[]) => values;\n",
    );
    let text = || "words".to_owned();
    let at = Timestamp::from_millis(1_700_000_000_000);
    let point = || Point(-1, 9_007_199_254_740_991);

    let chat = "Rooms[\"chat\"]";
    let said = chat::Message::Say { text: text() };
    samples(&mut out, &format!("{chat}[\"message\"]"), &[said, chat::Message::Typing {}]);
    let broadcasts = [
        chat::Broadcast::UserJoined { user_id: text() },
        chat::Broadcast::UserLeft { user_id: text() },
        chat::Broadcast::Message { text: text(), user_id: text(), ts: at },
        chat::Broadcast::Typing { user_id: text() },
    ];
    samples(&mut out, &format!("{chat}[\"broadcast\"]"), &broadcasts);
    let state = chat::State { created_at: at, message_count: 7 };
    samples(&mut out, &format!("{chat}[\"state\"]"), &[state]);
    let member = chat::Member { user_id: text(), joined_at: at };
    samples(&mut out, &format!("{chat}[\"connection\"]"), &[member]);

    let history = "Rooms[\"history\"]";
    let messages = [
        history::Message::Join { name: text() },
        history::Message::Chat { message: text() },
        history::Message::UpdateName { name: text() },
    ];
    samples(&mut out, &format!("{history}[\"message\"]"), &messages);
    let broadcasts = [
        history::Broadcast::Chat { from: text(), message: text(), timestamp: at },
        history::Broadcast::System { message: text(), timestamp: at },
        history::Broadcast::Users { users: vec![text()] },
        history::Broadcast::RateLimit { retry_after: 1 },
        history::Broadcast::Error { code: text(), message: text() },
    ];
    samples(&mut out, &format!("{history}[\"broadcast\"]"), &broadcasts);
    samples(&mut out, &format!("{history}[\"state\"]"), &[()]);
    let guests = [history::Guest::default(), history::Guest { name: Some(text()), since: 1 }];
    samples(&mut out, &format!("{history}[\"connection\"]"), &guests);

    let reminders = [reminders::State { made: 2, pending: 1 }];
    samples(&mut out, "Rooms[\"reminders\"][\"state\"]", &reminders);

    let shapes = "Shapes[\"all-shapes\"]";
    let messages =
        [Message::Bare, Message::One(1), Message::Two(-1, text()), Message::Named { kebab: true }];
    samples(&mut out, &format!("{shapes}[\"message\"]"), &messages);
    let fields = |maybe: Option<String>| Broadcast::Fields {
        large_number: 1,
        size: 3,
        real: 0.5,
        absent: maybe.clone(),
        maybe,
        by_name: BTreeMap::from([("one".into(), vec![point()])]),
        pair: (1, text()),
        letter: 'x',
        unit: (),
        boxed: Box::new(Kind::Large),
        who: ConnectionId::new("ada").unwrap(),
        tag: Tag::new("red").unwrap(),
        at,
        anything: serde_json::json!({ "a": [1, null] }),
        _hidden: 0,
        area: Size { width: 1, height: 2 },
    };
    let page =
        Page { rows: vec![point()], next: Some(Box::new(Page { rows: vec![], next: None })) };
    let broadcasts =
        [Broadcast::Nothing, Broadcast::Wrapped(page), fields(None), fields(Some(text()))];
    samples(&mut out, &format!("{shapes}[\"broadcast\"]"), &broadcasts);
    let states = [State::Empty, State::Full(vec![Wrapper(text())])];
    samples(&mut out, &format!("{shapes}[\"state\"]"), &states);
    let connections = [Connection::Number(1), Connection::Words { words: vec![text()] }];
    samples(&mut out, &format!("{shapes}[\"connection\"]"), &connections);

    keep(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/types/samples.ts"), &out);
}

/// A room of three types, and nothing else.
macro_rules! room {
    ($room:ident, $name:literal, $message:ty, $broadcast:ty, $state:ty) => {
        struct $room;

        impl Room for $room {
            const NAME: &'static str = $name;
            type State = $state;
            type Connection = ();
            type Upgrade = ();
            type Message = $message;
            type Broadcast = $broadcast;
            type Alarm = Never;
            type Reply = Never;

            fn handle_message(_: &Context<Self>, _: $message) -> Result<Effects<Self>> {
                Ok(Effects::new())
            }
        }
    };
}

room!(Plain, "plain", Text, Frame, Never);
room!(Dashed, "two-words", u8, u8, u8);
room!(Underlined, "two_words", u8, u8, u8);
room!(Digits, "2d", u8, u8, u8);

mod other {
    #[derive(serde::Serialize, serde::Deserialize, ts_rs::TS)]
    pub(super) struct Kind(u8);
}
room!(Twice, "twice", Kind, other::Kind, ());

#[test]
fn frames_and_texts_are_strings_and_a_frame_out_may_be_binary() {
    let text = declarations(&[RoomTypes::of::<Plain>()]);
    assert!(text.contains("message: string;"), "{text}");
    assert!(text.contains("broadcast: string | ArrayBuffer;"), "{text}");
    assert!(text.contains("state: never;"), "{text}");
}

#[test]
fn a_name_that_typescript_has_not_is_quoted() {
    let text = declarations(&[RoomTypes::of::<Dashed>(), RoomTypes::of::<Digits>()]);
    assert!(text.contains("\"two-words\": TwoWords.Room;"), "{text}");
    assert!(text.contains("\"2d\": Room2d.Room;"), "{text}");
}

#[test]
#[should_panic(expected = "\"two-words\" and \"two_words\" would both be declared as `TwoWords`")]
fn two_rooms_with_one_name_are_refused() {
    declarations(&[RoomTypes::of::<Dashed>(), RoomTypes::of::<Underlined>()]);
}

#[test]
#[should_panic(expected = "\"twice\" has two types that TypeScript would both call `Kind`")]
fn two_types_with_one_name_are_refused() {
    declarations(&[RoomTypes::of::<Twice>()]);
}

#[test]
fn rooms_may_use_the_same_names() {
    let rooms =
        [RoomTypes::of::<Chat>(), RoomTypes::of::<HistoryRoom>(), RoomTypes::of::<Reminders>()];
    assert_eq!(declarations(&rooms).matches("export type Message").count(), 2);
}

/// The types of docs/types.md.
mod counter {
    use super::{Deserialize, Serialize, TS};

    #[derive(Deserialize, TS)]
    #[serde(tag = "_tag")]
    #[allow(dead_code, reason = "only its type is wanted")]
    pub(super) enum Message {
        Add { by: u64 },
        Reset,
    }

    /// What everyone hears.
    #[derive(Serialize, TS)]
    #[serde(tag = "_tag", rename_all_fields = "camelCase")]
    #[allow(dead_code, reason = "only its type is wanted")]
    pub(super) enum Broadcast {
        Total {
            total: u64,
            /// Who changed it; nobody if the Worker did.
            changed_by: Option<String>,
        },
    }
}

room!(Counter, "counter", counter::Message, counter::Broadcast, u64);

#[test]
fn the_page_about_types_shows_what_comes_out() {
    let text = declarations(&[RoomTypes::of::<Counter>()]);
    assert!(include_str!("../docs/types.md").contains(&text), "{text}");
}
