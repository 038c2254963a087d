//! The room of the benchmark, as `../README.md` describes it.

use dormouse::{Context, Effects, Error, History, Result, Room, Timestamp, When};
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
    type Upgrade = ();
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = String;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, event: Message) -> Result<Effects<Self>> {
        let answer = |message| Effects::new().send(cx.sender(), message);
        Ok(match event {
            Message::Echo { text } => answer(Broadcast::Echo { text: checked(text)? }),
            Message::Say { text } => {
                let from = cx.sender().map(|sender| sender.state().name.clone());
                let text = checked(text)?;
                Effects::new().broadcast(Broadcast::Said { from: from.unwrap_or_default(), text })
            }
            Message::Add { text } => {
                let text = checked(text)?;
                let count = cx.state().map_or(0, |state| state.count) + 1;
                answer(Broadcast::Added { count })
                    .and(changed(cx, move |state| (state.count, state.last) = (count, text)))
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
                .and(changed(cx, move |state| state.pad = "x".repeat(bytes))),
            Message::Plan { name, at } => answer(Broadcast::Planned { name: name.clone() }).schedule(
                name.clone(),
                When::at(at),
                name,
            ),
            Message::Cancel { name } => {
                answer(Broadcast::Cancelled { name: name.clone() }).cancel(name)
            }
        })
    }

    fn handle_alarm(_: &Context<Self>, name: String) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(Broadcast::Fired { name }))
    }
}

/// The room's state with a change, from nothing if there is none yet.
fn changed(cx: &Context<Bench>, change: impl FnOnce(&mut State) + 'static) -> Effects<Bench> {
    if cx.state().is_some() {
        return Effects::new().update(change);
    }
    let mut state = State::default();
    change(&mut state);
    Effects::new().save(state)
}

fn checked(text: String) -> Result<String> {
    if text.is_empty() || text.chars().count() > MOST_CHARS {
        return Err(Error::refuse("text_length", "A text has 1 to 2,000 characters"));
    }
    Ok(text)
}

dormouse::rooms![Bench];
