//! What travels over a socket, and how it becomes messages and comes out of broadcasts.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::room::error::excerpt;
use crate::room::error::{Error, Result};
use crate::room::limits;

/// One WebSocket message, as it came or as it will go.
///
/// ```
/// use dormouse::Frame;
/// assert_eq!(Frame::Binary(vec![104, 105]).to_text(), "hi");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
}

impl Frame {
    /// The payload's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The payload read as UTF-8, with U+FFFD for what is none.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Binary(bytes) => String::from_utf8_lossy(bytes),
        }
    }
}

/// How a frame becomes a room's message.
///
/// Every type that serde can deserialize decodes from JSON, in a text frame or in a binary one.
/// [`Text`] and [`Frame`] take any frame. A format of your own is an implementation for a type
/// without `Deserialize`.
///
/// ```
/// use dormouse::{Decode, Frame, Text};
///
/// let numbers = Vec::<u8>::decode(&Frame::Text("[1,2]".into())).unwrap();
/// assert_eq!(numbers, [1, 2]);
/// assert_eq!(Text::decode(&Frame::Text("[1,2]".into())).unwrap().0, "[1,2]");
/// ```
///
/// What clients may say and what the Worker and other rooms may say can be two types: see [`Apart`].
pub trait Decode: Sized {
    /// What the Worker and other rooms say; where nothing sets them apart from clients, the same type.
    type Inside;

    /// Reads a client's frame.
    ///
    /// # Errors
    /// [`Error::InvalidMessage`] with what is wrong.
    fn decode(frame: &Frame) -> Result<Self>;

    /// Reads the JSON of the Worker or of another room: an `Inside`.
    ///
    /// # Errors
    /// [`Error::InvalidMessage`] with what is wrong.
    fn decode_json(json: &str) -> Result<Self>;
}

impl<T: DeserializeOwned> Decode for T {
    type Inside = Self;

    fn decode(frame: &Frame) -> Result<Self> {
        match frame {
            Frame::Text(text) => Self::decode_json(text),
            // Not `from_slice`: another copy of all that reads JSON would be compiled for it.
            Frame::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::decode_json(text),
                Err(error) => Err(Error::InvalidMessage { reason: error.to_string() }),
            },
        }
    }

    fn decode_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(invalid)
    }
}

/// How a room's broadcast becomes a frame.
///
/// Every type that serde can serialize encodes as JSON in a text frame; [`Text`] and [`Frame`] go
/// out as they are.
///
/// ```
/// use dormouse::{Encode, Frame, Text};
///
/// assert_eq!("hi".encode().unwrap(), Frame::Text("\"hi\"".into()));
/// assert_eq!(Text("hi".into()).encode().unwrap(), Frame::Text("hi".into()));
/// ```
pub trait Encode {
    /// Writes a frame.
    ///
    /// # Errors
    /// [`Error::Encode`] if serde cannot write the value as JSON.
    fn encode(&self) -> Result<Frame>;

    /// The frame of a message that an API call brings as JSON. Whoever calls vouches for its fields.
    ///
    /// # Errors
    /// [`Error::InvalidMessage`] if it is no JSON.
    fn encode_json(json: &str) -> Result<Frame> {
        serde_json::from_str::<IgnoredAny>(json).map_err(invalid)?;
        Ok(Frame::Text(json.to_owned()))
    }
}

impl<T: Serialize + ?Sized> Encode for T {
    fn encode(&self) -> Result<Frame> {
        unchecked_json("a broadcast", self).map(Frame::Text)
    }
}

/// Plain text: any frame in (binary is read as UTF-8, lossily), a text frame out.
///
/// ```
/// use dormouse::Text;
/// assert_eq!(Text::from("hi"), Text("hi".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

impl<S: Into<String>> From<S> for Text {
    fn from(text: S) -> Self {
        Self(text.into())
    }
}

impl Decode for Text {
    type Inside = String;

    fn decode(frame: &Frame) -> Result<Self> {
        Ok(Self(frame.to_text().into_owned()))
    }

    fn decode_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map(Self).map_err(invalid)
    }
}

impl Encode for Text {
    fn encode(&self) -> Result<Frame> {
        Ok(Frame::Text(self.0.clone()))
    }

    fn encode_json(json: &str) -> Result<Frame> {
        Frame::decode_json(json)
    }
}

/// The messages of a room that tells clients from the Worker and other rooms: no client can forge what
/// only the inside may say. It is a [`Room::Message`](crate::Room::Message).
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::{Apart, Context, Effects, Never, Result, Room, Text};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// enum Order { Close, Say(String) }
///
/// struct Shop;
///
/// impl Room for Shop {
///     # const NAME: &'static str = "shop";
///     # type State = ();
///     # type Connection = ();
///     # type Upgrade = ();
///     # type Broadcast = Text;
///     # type Alarm = Never;
///     # type Reply = Never;
///     // …
///     type Message = Apart<Text, Order>;
///
///     fn handle_message(cx: &Context<Self>, message: Self::Message) -> Result<Effects<Self>> {
///         Ok(match message {
///             Apart::Client(text) => cx.effects().broadcast(text),
///             Apart::Inside(Order::Say(text)) => cx.effects().broadcast(Text(text)),
///             Apart::Inside(Order::Close) => cx.effects().purge(),
///         })
///     }
/// }
///
/// let room = TestRoom::<Shop>::new("corner");
/// let ada = room.connect("ada");
/// ada.send_text(r#"{"Say":"all for free"}"#);
/// assert_eq!(ada.receive_text(), r#"{"Say":"all for free"}"#, "a client's text and no order");
/// room.send(&Order::Say("we close at six".into())).unwrap();
/// assert_eq!(ada.receive_text(), "we close at six");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apart<Client, Inside> {
    /// From a connection.
    Client(Client),
    /// From the Worker or another room.
    Inside(Inside),
}

impl<Client: Decode, Inside: DeserializeOwned> Decode for Apart<Client, Inside> {
    type Inside = Inside;

    fn decode(frame: &Frame) -> Result<Self> {
        Client::decode(frame).map(Self::Client)
    }

    fn decode_json(json: &str) -> Result<Self> {
        Inside::decode_json(json).map(Self::Inside)
    }
}

/// As a client says it.
impl<Client: Serialize, Inside: Serialize> Serialize for Apart<Client, Inside> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Client(message) => message.serialize(serializer),
            Self::Inside(message) => message.serialize(serializer),
        }
    }
}

impl Decode for Frame {
    type Inside = String;

    fn decode(frame: &Frame) -> Result<Self> {
        Ok(frame.clone())
    }

    fn decode_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map(Self::Text).map_err(invalid)
    }
}

impl Encode for Frame {
    fn encode(&self) -> Result<Frame> {
        Ok(self.clone())
    }

    fn encode_json(json: &str) -> Result<Frame> {
        Frame::decode_json(json)
    }
}

/// JSON of a value that will be read again; `what` names it in the error.
pub(crate) fn to_json<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String> {
    let json = unchecked_json(what, value)?;
    let (limit, depth) = (limits::DEPTH, depth(&json));
    if depth > limit {
        return Err(Error::TooDeep { what: what.to_owned(), limit, depth });
    }
    Ok(json)
}

/// A value, read from its JSON: straight to a `Value`, each type's serialization would be compiled
/// a second time.
pub(crate) fn to_value<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<Value> {
    let json = unchecked_json(what, value)?;
    serde_json::from_str(&json).map_err(|error| Error::encode(what, &error))
}

/// How deep a JSON text is nested; exact only where it is over the limit.
fn depth(json: &str) -> usize {
    let opens = |byte: &u8| matches!(byte, b'[' | b'{');
    // A level takes two brackets, and hardly any text has enough of them.
    if json.len() <= 2 * limits::DEPTH || json.bytes().filter(opens).count() <= limits::DEPTH {
        return 0;
    }
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn unchecked_json<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::encode(what, &error))
}

#[allow(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
fn invalid(error: serde_json::Error) -> Error {
    // Serde's words quote the client's: a name it does not know may be as long as the frame.
    Error::InvalidMessage { reason: excerpt(&error.to_string()) }
}
