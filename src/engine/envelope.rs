//! The frames of the protocol `dormouse.1`: see `docs/protocol.md`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::room::frame::Frame;

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
    /// The number of the session's last send that was handled, if there was a session before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handled: Option<u64>,
    /// Bytes of a send at most.
    pub(crate) limit: usize,
    /// Who is here, unless there are too many to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) here: Option<Vec<String>>,
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
    // Not as the value displays itself: that is a JSON writer of its own, and a pretty one.
    Frame::Text(format!("e{number}:{}", serde_json::to_string(error).unwrap_or_default()))
}

/// Somebody has come.
pub(crate) fn came(id: &str) -> Frame {
    Frame::Text(format!("+{id}"))
}

/// Somebody has gone.
pub(crate) fn went(id: &str) -> Frame {
    Frame::Text(format!("-{id}"))
}

/// More are here now than are told of.
pub(crate) fn crowd() -> Frame {
    Frame::Text("~".to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// What `docs/protocol.md` promises to clients in other languages.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Vectors {
        offers: Vec<OfferVector>,
        sent: Vec<Vector>,
        not_sent: Vec<String>,
        messages: Vec<Vector>,
        hellos: Vec<HelloVector>,
        handled: Vec<Vector>,
        refused: Vec<Vector>,
        presence: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct OfferVector {
        header: String,
        claim: Option<(String, String, u64)>,
    }

    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default, deny_unknown_fields)]
    struct Vector {
        number: u64,
        text: Option<String>,
        bytes: Option<Vec<u8>>,
        payload: Option<String>,
        payload_bytes: Option<Vec<u8>>,
        error: Value,
        came: Option<String>,
        went: Option<String>,
    }

    #[derive(Deserialize)]
    struct HelloVector {
        session: String,
        epoch: String,
        offset: u64,
        resumed: bool,
        same: bool,
        handled: Option<u64>,
        limit: usize,
        here: Option<Vec<String>>,
        ping: Option<(String, String)>,
        text: String,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../docs/protocol-vectors.json")).unwrap()
    }

    fn frame(text: Option<String>, bytes: Option<Vec<u8>>) -> Frame {
        text.map(Frame::Text).or(bytes.map(Frame::Binary)).expect("a frame")
    }

    #[test]
    fn an_offer_names_the_protocol_and_perhaps_where_the_client_was() {
        assert_eq!(offer("graphql-ws"), None);
        for OfferVector { header, claim } in vectors().offers {
            let claim = claim.as_ref();
            let claim =
                claim.map(|(session, epoch, offset)| Claim { session, epoch, offset: *offset });
            assert_eq!(offer(&header), Some(Offer { claim }), "{header}");
        }
    }

    #[test]
    fn what_is_sent_has_a_number() {
        for Vector { number, text, bytes, payload, payload_bytes, .. } in vectors().sent {
            let payload = frame(payload, payload_bytes);
            assert_eq!(sent(&frame(text, bytes)), Some((number, payload)));
        }
        for broken in vectors().not_sent {
            assert_eq!(sent(&Frame::Text(broken.clone())), None, "{broken}");
        }
        assert_eq!(sent(&Frame::Binary(vec![0; 7])), None);
    }

    #[test]
    fn messages_have_theirs() {
        for Vector { number, text, bytes, payload, payload_bytes, .. } in vectors().messages {
            assert_eq!(message(number, &frame(payload, payload_bytes)), frame(text, bytes));
        }
    }

    #[test]
    fn the_other_frames_are_as_written_down() {
        for it in vectors().hellos {
            let ping = it.ping.map(|(ask, answer)| (ask.into(), answer.into()));
            let (session, epoch) = (&it.session, &it.epoch);
            let HelloVector { offset, resumed, same, handled, limit, here, .. } = it;
            let hello_of =
                Hello { session, epoch, offset, resumed, same, handled, limit, here, ping };
            let said = hello(&hello_of);
            assert_eq!(said, Frame::Text(it.text));
        }
        for Vector { number, text, .. } in vectors().handled {
            assert_eq!(handled(number), frame(text, None));
        }
        for Vector { number, error, text, .. } in vectors().refused {
            assert_eq!(refused(number, &error), frame(text, None));
        }
        for Vector { came: who, went: whom, text, .. } in vectors().presence {
            let said = who.map(|id| came(&id)).or(whom.map(|id| went(&id)));
            assert_eq!(said.unwrap_or_else(crowd), frame(text, None));
        }
    }
}
