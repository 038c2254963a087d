//! The room of the benchmark, as `../README.md` describes it.

use dormouse::{Context, Effects, Error, History, Never, Result, Room, Timestamp, When};
use serde::{Deserialize, Serialize};

pub struct Bench;

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    count: u64,
    last: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pad: String,
}

#[derive(Serialize, Deserialize)]
pub struct Member {
    name: String,
}

#[derive(Deserialize)]
#[serde(tag = "_tag")]
pub enum Message {
    Echo { text: String },
    Say { text: String },
    Add { text: String },
    Post { text: String },
    Fill { rows: u64 },
    Last {},
    Pad { bytes: usize },
    Plan { name: String, at: Timestamp },
    Cancel { name: String },
}

#[derive(Serialize)]
#[serde(tag = "_tag")]
pub enum Broadcast {
    Echo { text: String },
    Said { from: String, text: String },
    Added { count: u64 },
    Posted { seq: u64 },
    Rows { rows: Vec<String> },
    Padded { bytes: usize },
    Planned { name: String },
    Cancelled { name: String },
    Fired { name: String },
}

const POSTS: History<String> = History::new("posts");

const MOST_CHARS: usize = 2_000;

impl Room for Bench {
    const NAME: &'static str = "bench";
    type State = State;
    type Connection = Member;
    type Upgrade = Member;
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = String;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, event: Message) -> Result<Effects<Self>> {
        let answer = |message| cx.effects().send(cx.sender(), message);
        Ok(match event {
            Message::Echo { text } => answer(Broadcast::Echo { text: checked(text)? }),
            Message::Say { text } => {
                let from = cx.sender().map(|sender| sender.state().name.clone());
                let text = checked(text)?;
                cx.effects().broadcast(Broadcast::Said { from: from.unwrap_or_default(), text })
            }
            Message::Add { text } => {
                let text = checked(text)?;
                let count = cx.state().map_or(0, |state| state.count) + 1;
                answer(Broadcast::Added { count })
                    .update_or_default(move |state| (state.count, state.last) = (count, text))
            }
            Message::Post { text } => {
                let seq = cx.history(&POSTS).next_seq();
                answer(Broadcast::Posted { seq }).append(&POSTS, &checked(text)?)
            }
            Message::Fill { rows } => {
                let seq = cx.history(&POSTS).next_seq() + rows - 1;
                let row = "a row as long as people's lines are".to_owned();
                (0..rows).fold(answer(Broadcast::Posted { seq }), |all, _| all.append(&POSTS, &row))
            }
            Message::Last {} => {
                let last = cx.history(&POSTS).last(100)?;
                answer(Broadcast::Rows { rows: last.into_iter().map(|entry| entry.row).collect() })
            }
            Message::Pad { bytes } => answer(Broadcast::Padded { bytes })
                .update_or_default(move |state| state.pad = "x".repeat(bytes)),
            Message::Plan { name, at } => answer(Broadcast::Planned { name: name.clone() })
                .schedule(name.clone(), When::at(at), name),
            Message::Cancel { name } => {
                answer(Broadcast::Cancelled { name: name.clone() }).cancel(name)
            }
        })
    }

    fn handle_alarm(cx: &Context<Self>, name: String) -> Result<Effects<Self>> {
        Ok(cx.effects().broadcast(Broadcast::Fired { name }))
    }
}

fn checked(text: String) -> Result<String> {
    if text.is_empty() || text.chars().count() > MOST_CHARS {
        return Err(Error::refuse("text_length", "A text has 1 to 2,000 characters"));
    }
    Ok(text)
}

dormouse::rooms![Bench];
