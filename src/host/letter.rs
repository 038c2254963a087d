//! Letters between objects, as the host carries them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::room::letter::Errand;

/// An errand on its way.
///
/// It is stored in the commit of the handler that sent it, delivered at least once, and handled once:
/// the receiver remembers its sender and number until the sender has settled it.
///
/// ```
/// use dormouse::{Errand, Letter};
/// let letter = Letter {
///     seq: 7,
///     floor: 7,
///     hops: 0,
///     errand: Errand::State { room: "chat/lounge".into() },
/// };
/// assert!(serde_json::to_string(&letter).unwrap().contains("chat/lounge"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its number, unique for its sender.
    pub seq: u64,
    /// All of its sender's letters with lower numbers are settled.
    pub floor: u64,
    /// How many letters led to this one.
    pub hops: u32,
    /// What it is about.
    pub errand: Errand,
}

/// How a delivery went, as the host tells it.
///
/// ```
/// use dormouse::Delivered;
/// let delivered: Delivered = serde_json::from_str(r#"{"ok":null}"#).unwrap();
/// assert_eq!(delivered, Delivered::Ok(serde_json::Value::Null));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Delivered {
    /// It arrived, with this answer.
    Ok(Value),
    /// It did not arrive, or the receiver's handler failed.
    Error {
        /// Why.
        message: String,
        /// Whether to try again makes no sense.
        #[serde(default, rename = "final")]
        is_final: bool,
    },
}
