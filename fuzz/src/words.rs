//! Text that is often nearly what a room expects.

use arbitrary::{Arbitrary, Result, Unstructured};
use dormouse::{OnDuplicate, Upgrade};
use serde_json::{Value, json};

/// Pieces of text, and arbitrary text between them.
#[derive(Clone, Debug)]
pub(crate) struct Words(pub(crate) String);

const PIECES: [&str; 32] = [
    "ada",
    "bob",
    "blue",
    "user:ada",
    "/remind ",
    "1 tea",
    "ping",
    " ",
    "\n",
    "\u{1}",
    "\u{7f}",
    "\u{10ffff}",
    "€",
    "🐭",
    "é",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "9007199254740993",
    "18446744073709551615",
    r#"{"_tag":""#,
    r#"{"type":""#,
];

impl<'a> Arbitrary<'a> for Words {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=4)? {
            match u.int_in_range(0..=7)? {
                0..=3 => text.push_str(u.choose(&PIECES)?),
                4..=6 => text.push_str(u.arbitrary()?),
                _ => {
                    let piece = u.choose(&PIECES)?;
                    // Seldom long: it costs time.
                    let bytes = u.arbitrary::<u16>()? >> u.int_in_range(0..=12)?;
                    text.push_str(&piece.repeat(usize::from(bytes) / piece.len()));
                }
            }
        }
        Ok(Self(text))
    }
}

/// What a client may send, or a caller: a message of some room, or what is nearly one.
#[derive(Clone, Debug)]
pub(crate) struct Speech(pub(crate) String);

impl<'a> Arbitrary<'a> for Speech {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind = u.int_in_range(0..=12)?;
        let Words(words) = u.arbitrary()?;
        let mut text = match kind {
            0 | 1 => words,
            2 => json!({ "_tag": "Say", "text": words }).to_string(),
            3 => json!({ "_tag": "Typing" }).to_string(),
            4 => json!({ "type": "join", "name": words }).to_string(),
            5 => json!({ "type": "update-name", "name": words }).to_string(),
            6 | 7 => json!({ "type": "chat", "message": words }).to_string(),
            8 | 9 => {
                format!("/remind {} {words}", u.arbitrary::<u32>()? >> u.int_in_range(0..=31)?)
            }
            10 => json!(words).to_string(),
            11 => json!({ "Write": { "key": words, "text": words } }).to_string(),
            _ => json!("Look").to_string(),
        };
        // Now and then it is cut short.
        if u.ratio(1, 16)? {
            let end = u.choose_index(text.len() + 1)?;
            text.truncate(text.floor_char_boundary(end));
        }
        Ok(Self(text))
    }
}

/// A value that a Worker may put into an upgrade.
#[derive(Clone, Debug)]
pub(crate) struct Json(pub(crate) Value);

impl<'a> Arbitrary<'a> for Json {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let Words(words) = u.arbitrary()?;
        Ok(Self(match u.int_in_range(0..=3)? {
            0 => Value::Null,
            1 => Value::String(words),
            2 => json!({ "name": words, "since": u.arbitrary::<u64>()? }),
            _ => serde_json::from_str(&words).unwrap_or(Value::Null),
        }))
    }
}

/// What a Worker says of a client.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Visitor {
    id: Option<Words>,
    tags: Vec<Words>,
    data: Json,
    duplicate: u8,
}

impl From<Visitor> for Upgrade {
    fn from(visitor: Visitor) -> Self {
        Self {
            id: visitor.id.map(|Words(id)| id),
            tags: visitor.tags.into_iter().map(|Words(tag)| tag).take(12).collect(),
            data: visitor.data.0,
            on_duplicate: match visitor.duplicate % 4 {
                0 => OnDuplicate::Reject,
                1 => OnDuplicate::Replace,
                _ => OnDuplicate::Allow,
            },
            // Clients of the protocol have a target of their own.
            protocol: None,
        }
    }
}
