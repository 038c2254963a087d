//! The frames of the protocol `dormouse.1`: see `docs/protocol.md`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::Frame;

/// The subprotocol's name, as both sides say it in `Sec-WebSocket-Protocol`.
pub(crate) const PROTOCOL: &str = "dormouse.1";

/// What in front of a claim marks it among the subprotocols that a client offers.
const CLAIM: &str = "dormouse.resume.";

/// What a client offers that speaks the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer<'a> {
    pub(crate) claim: Option<Claim<'a>>,
}

/// Where a client says that it was when its line was lost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim<'a> {
    pub(crate) session: &'a str,
    pub(crate) epoch: &'a str,
    /// The number of the last message that it has.
    pub(crate) offset: u64,
}

/// What a client that speaks the protocol offers; nothing if it does not speak it.
pub(crate) fn offer(header: &str) -> Option<Offer<'_>> {
    let offered = || header.split(',').map(str::trim);
    offered().find(|protocol| *protocol == PROTOCOL)?;
    Some(Offer { claim: offered().find_map(claim) })
}

fn claim(protocol: &str) -> Option<Claim<'_>> {
    let mut parts = protocol.strip_prefix(CLAIM)?.split('.');
    let claim =
        Claim { session: parts.next()?, epoch: parts.next()?, offset: parts.next()?.parse().ok()? };
    let is_whole = parts.next().is_none() && !claim.session.is_empty() && !claim.epoch.is_empty();
    is_whole.then_some(claim)
}

/// What a client sent, and its number: `s`, the number, a colon and the text; or the number in eight
/// bytes, the high one first, and the bytes.
pub(crate) fn sent(frame: &Frame) -> Option<(u64, Frame)> {
    match frame {
        Frame::Text(text) => {
            let (number, text) = text.strip_prefix('s')?.split_once(':')?;
            Some((number.parse().ok()?, Frame::Text(text.to_owned())))
        }
        Frame::Binary(bytes) => {
            let (number, bytes) = bytes.split_first_chunk()?;
            Some((u64::from_be_bytes(*number), Frame::Binary(bytes.to_vec())))
        }
    }
}

/// A message with its number: `m`, the number, a colon and the text; or the same as for what is sent.
pub(crate) fn message(number: u64, frame: &Frame) -> Frame {
    match frame {
        Frame::Text(text) => Frame::Text(format!("m{number}:{text}")),
        Frame::Binary(bytes) => Frame::Binary([&number.to_be_bytes()[..], bytes].concat()),
    }
}

/// The first frame to a client.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hello<'a> {
    pub(crate) session: &'a str,
    pub(crate) epoch: &'a str,
    /// The number of the last message that it has now, or that was sent before it came.
    pub(crate) offset: u64,
    /// Whether it has missed nothing: what follows is all that was said since its offset.
    pub(crate) resumed: bool,
    /// The connection has outlived its socket.
    pub(crate) same: bool,
    /// Who is here.
    pub(crate) here: Vec<String>,
    /// What the platform answers by itself, and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ping: Option<(Cow<'a, str>, Cow<'a, str>)>,
}

pub(crate) fn hello(hello: &Hello<'_>) -> Frame {
    Frame::Text(format!("h{}", serde_json::to_string(hello).unwrap_or_default()))
}

/// All that was sent up to this number has been handled.
pub(crate) fn handled(number: u64) -> Frame {
    Frame::Text(format!("k{number}"))
}

/// What was sent with this number has been refused.
pub(crate) fn refused(number: u64, error: &Value) -> Frame {
    Frame::Text(format!("e{number}:{error}"))
}

/// Somebody has come.
pub(crate) fn came(id: &str) -> Frame {
    Frame::Text(format!("+{id}"))
}

/// Somebody has gone.
pub(crate) fn went(id: &str) -> Frame {
    Frame::Text(format!("-{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_names_the_protocol_and_perhaps_where_the_client_was() {
        assert_eq!(offer("graphql-ws"), None);
        assert_eq!(offer("dormouse.1"), Some(Offer { claim: None }));
        let claim = Some(Claim { session: "5e", epoch: "ab", offset: 12 });
        assert_eq!(offer("chat, dormouse.1 , dormouse.resume.5e.ab.12"), Some(Offer { claim }));
        for broken in ["5e.ab", "5e.ab.x", "5e.ab.1.2", ".ab.1", "5e..1", ""] {
            let header = format!("dormouse.1, dormouse.resume.{broken}");
            assert_eq!(offer(&header), Some(Offer { claim: None }), "{broken}");
        }
    }

    #[test]
    fn what_is_sent_has_a_number() {
        let text = |text: &str| Frame::Text(text.to_owned());
        assert_eq!(sent(&text("s7:{}")), Some((7, text("{}"))));
        assert_eq!(sent(&text("s7:a:b")), Some((7, text("a:b"))));
        for broken in ["", "s", "s7", "7:{}", "s-1:{}", "sx:{}", "s18446744073709551616:"] {
            assert_eq!(sent(&text(broken)), None, "{broken}");
        }
        let bytes = Frame::Binary(vec![0, 0, 0, 0, 0, 0, 1, 2, 9]);
        assert_eq!(sent(&bytes), Some((258, Frame::Binary(vec![9]))));
        assert_eq!(sent(&Frame::Binary(vec![0; 7])), None);
    }

    #[test]
    fn messages_have_theirs() {
        assert_eq!(message(7, &Frame::Text("hi".to_owned())), Frame::Text("m7:hi".to_owned()));
        let bytes = message(258, &Frame::Binary(vec![9]));
        assert_eq!(bytes, Frame::Binary(vec![0, 0, 0, 0, 0, 0, 1, 2, 9]));
    }
}
