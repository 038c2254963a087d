//! Who hears a message.

use std::borrow::Borrow;

use crate::room::connection::sockets;
use crate::room::connection::{Connection, SocketId};
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
    /// The sessions of those whose line is lost, who are to hear it when they come back.
    pub(crate) away: Vec<String>,
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
        Self { among: Among::Everyone, away: Vec::new(), except: Vec::new() }
    }

    /// Those that wear a tag.
    ///
    /// ```
    /// use dormouse::{Audience, Tag};
    /// let red = Audience::tagged(Tag::new("red").unwrap());
    /// ```
    pub fn tagged(tag: Tag) -> Self {
        Self { among: Among::Tagged(tag), away: Vec::new(), except: Vec::new() }
    }

    /// These connections: one, several or none.
    ///
    /// ```
    /// use dormouse::{Audience, Connection};
    /// let nobody = Audience::only(None::<Connection<()>>);
    /// ```
    pub fn only<C>(connections: impl IntoIterator<Item = impl Borrow<Connection<C>>>) -> Self {
        let mut away = Vec::new();
        let connections = connections.into_iter().inspect(|connection| {
            let connection = connection.borrow();
            let session = connection.is_away().then(|| connection.session());
            away.extend(session.flatten().map(ToOwned::to_owned));
        });
        let among = Among::Only(sockets(connections));
        Self { among, away, except: Vec::new() }
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
