//! Several room types in one Worker, and how an object's name tells which room it is.

use crate::engine::Engine;
use crate::room::error::excerpt;
use crate::room::error::{Error, Result};
use crate::room::object_name::ObjectName;
use crate::room::room::{Room, check_constants};

/// A room type as the registry knows it.
///
/// ```
/// use dormouse::{RoomType, rooms::Chat};
/// assert_eq!(RoomType::of::<Chat>().name(), "chat");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RoomType {
    name: &'static str,
    open: fn(ObjectName, Registry) -> Engine,
}

impl RoomType {
    /// The entry for a room.
    ///
    /// ```
    /// let chat = dormouse::RoomType::of::<dormouse::rooms::Chat>();
    /// ```
    ///
    /// # Panics
    /// If one of the room's constants is out of its bounds; as a constant it does not compile.
    pub const fn of<R: Room>() -> Self {
        check_constants::<R>();
        Self { name: R::NAME, open: |name, rooms| Engine::of::<R>(name).among(rooms.checks()) }
    }

    /// [`Room::NAME`].
    ///
    /// ```
    /// assert_eq!(dormouse::RoomType::of::<dormouse::rooms::Chat>().name(), "chat");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// Whether two names are the same, where `==` does not run yet: in constants.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut same = one.len() == other.len();
    let mut i = 0;
    while same && i < one.len() {
        same = one[i] == other[i];
        i += 1;
    }
    same
}

/// The room types of a Worker. [`rooms!`](crate::rooms!) makes one.
///
/// ```
/// use dormouse::{Registry, RoomType, rooms::Chat};
///
/// const TYPES: &[RoomType] = &[RoomType::of::<Chat>()];
/// let registry = Registry::new(TYPES);
/// assert!(registry.open("chat/lounge").is_ok());
/// assert!(registry.open("chess/lounge").is_err());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Registry(&'static [RoomType]);

impl Registry {
    /// A registry of these types.
    ///
    /// ```
    /// let none = dormouse::Registry::new(&[]);
    /// ```
    ///
    /// # Panics
    /// If two have one name; as a constant it does not compile.
    pub const fn new(rooms: &'static [RoomType]) -> Self {
        let mut i = 0;
        while i < rooms.len() {
            let mut j = 0;
            while j < i {
                assert!(!same(rooms[i].name, rooms[j].name), "two rooms have one name");
                j += 1;
            }
            i += 1;
        }
        Self(rooms)
    }

    /// The name of the object for a room, checked.
    ///
    /// # Errors
    /// [`Error::RoomNotFound`], [`Error::InvalidRoomId`].
    ///
    /// ```
    /// use dormouse::rooms::ROOMS;
    /// assert_eq!(ROOMS.object_name("chat", "lounge").unwrap().to_string(), "chat/lounge");
    /// ```
    pub fn object_name(&self, room: &str, id: &str) -> Result<ObjectName> {
        self.find(room)?;
        ObjectName::new(room, id)
    }

    /// A room as it is just after waking, by its object's name.
    ///
    /// # Errors
    /// [`Error::RoomNotFound`], [`Error::InvalidRoomId`].
    ///
    /// ```
    /// use dormouse::rooms::ROOMS;
    /// let room = ROOMS.open("chat/lounge").unwrap();
    /// ```
    pub fn open(&self, object_name: &str) -> Result<Engine> {
        let name = ObjectName::parse(object_name)?;
        Ok((self.find(name.room())?.open)(name, *self))
    }

    /// What says whether an object's name is that of a room here.
    pub fn checks(self) -> impl Fn(&str) -> Result<()> {
        move |name| self.find(ObjectName::parse(name)?.room()).map(|_| ())
    }

    fn find(&self, room: &str) -> Result<&RoomType> {
        self.0
            .iter()
            .find(|known| known.name == room)
            .ok_or_else(|| Error::RoomNotFound { room: excerpt(room) })
    }
}
