//! Labels by which the platform finds connections.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::room::error::{Error, Result};
use crate::room::limits;

/// A label that a connection wears, and by which a broadcast can find it.
///
/// Finding by the tags that a connection began with is the platform's own index: it touches no
/// connection without the tag. [`set_tags`](crate::Effects::set_tags) changes them.
///
/// ```
/// assert_eq!(dormouse::Tag::new("team:red").unwrap().as_str(), "team:red");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Tag(String);

impl Tag {
    /// A tag of at most [`limits::TAG_BYTES`] bytes without control characters.
    ///
    /// # Errors
    /// [`Error::TagTooLong`], [`Error::InvalidTag`].
    pub fn new(tag: impl Into<String>) -> Result<Self> {
        let tag = tag.into();
        let (limit, size) = (limits::TAG_BYTES, tag.len());
        if size > limit {
            return Err(Error::TagTooLong { limit, size });
        }
        // A control character in front marks the tag that carries a connection's id.
        if tag.chars().any(char::is_control) {
            return Err(Error::InvalidTag { tag });
        }
        Ok(Self(tag))
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Tag {
    type Error = Error;

    fn try_from(tag: String) -> Result<Self> {
        Self::new(tag)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The platform tag by which connections with an id are found. It has a control character in
/// front, so that no [`Tag`] is like it.
pub(crate) fn id_tag(id: &str) -> String {
    format!("\u{1}{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_an_id_is_never_a_tag() {
        assert!(Tag::new(id_tag("ada")).is_err());
    }
}
