//! Who hears a message.

use std::borrow::Borrow;

use crate::connection::sockets;
use crate::{Connection, SocketId, Tag};

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
    pub(crate) except: Vec<SocketId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    Everyone,
    Tagged(Tag),
    Only(Vec<SocketId>),
}

impl Audience {
    /// Every connection of the room.
    ///
    /// ```
    /// let all = dormouse::Audience::everyone();
    /// ```
    pub fn everyone() -> Self {
        Self { among: Among::Everyone, except: Vec::new() }
    }

    /// Those that wear a tag.
    ///
    /// ```
    /// use dormouse::{Audience, Tag};
    /// let red = Audience::tagged(Tag::new("red").unwrap());
    /// ```
    pub fn tagged(tag: Tag) -> Self {
        Self { among: Among::Tagged(tag), except: Vec::new() }
    }

    /// These connections: one, several or none.
    ///
    /// ```
    /// use dormouse::{Audience, Connection};
    /// let nobody = Audience::only(None::<Connection<()>>);
    /// ```
    pub fn only<C>(connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>) -> Self {
        Self { among: Among::Only(sockets(connections)), except: Vec::new() }
    }

    /// The same without these connections: one, several or none.
    ///
    /// ```
    /// use dormouse::{Audience, Connection};
    /// let all = Audience::everyone().except(None::<Connection<()>>);
    /// assert_eq!(all, Audience::everyone());
    /// ```
    pub fn except<C>(
        mut self,
        connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>,
    ) -> Self {
        self.except.extend(sockets(connections));
        self
    }
}
