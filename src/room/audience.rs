//! Who hears a message.

use std::borrow::Borrow;

use crate::room::connection::{Connection, Target, targets};
use crate::room::connection_id::ConnectionId;
use crate::room::tag::Tag;

/// Who hears a message.
///
/// ```
/// use dormouse::{Audience, Tag};
/// let red = Audience::tagged(Tag::new("red").unwrap());
/// assert_ne!(red, Audience::everyone());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    pub(crate) among: Among,
    pub(crate) except: Vec<Target>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    Everyone,
    Tagged(Tag),
    Id(ConnectionId),
    Only(Vec<Target>),
}

impl From<Among> for Audience {
    fn from(among: Among) -> Self {
        Self { among, except: Vec::new() }
    }
}

impl Audience {
    /// Every connection of the room, those that are away among them: they hear it when they come back.
    pub fn everyone() -> Self {
        Among::Everyone.into()
    }

    /// Those that wear a tag now.
    pub fn tagged(tag: Tag) -> Self {
        Among::Tagged(tag).into()
    }

    /// All connections of one person: every tab, and those that are away. What is private is sent so.
    pub fn id(id: &ConnectionId) -> Self {
        Among::Id(id.clone()).into()
    }

    /// These connections, or this one, or none. With a condition: `cx.connections().filter(…)`.
    pub fn only<C>(connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>) -> Self {
        Among::Only(targets(connections)).into()
    }

    /// The same without some.
    pub fn except<C>(
        mut self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>,
    ) -> Self {
        self.except.extend(targets(connections));
        self
    }
}
