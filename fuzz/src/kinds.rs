//! The rooms under test: the bundled ones, and one that does what they do not.

use dormouse::rooms::{Chat, Echo, HistoryRoom, Lobby, Reminders};
use dormouse::{Registry, Room, RoomType};

use crate::ledger::Ledger;

/// All of them.
pub(crate) const ROOMS: Registry = Registry::new(&[
    RoomType::of::<Chat>(),
    RoomType::of::<Echo>(),
    RoomType::of::<HistoryRoom>(),
    RoomType::of::<Lobby>(),
    RoomType::of::<Reminders>(),
    RoomType::of::<Ledger>(),
]);

/// What the tests know of a room's type.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) reads_state: fn(&str) -> bool,
    pub(crate) reads_alarm: fn(&str) -> bool,
}

/// The bundled rooms; the last is ours.
pub(crate) const KINDS: [Kind; 6] = [
    kind::<Chat>(),
    kind::<Echo>(),
    kind::<HistoryRoom>(),
    kind::<Lobby>(),
    kind::<Reminders>(),
    kind::<Ledger>(),
];

/// How many of them clients reach.
pub(crate) const BUNDLED: usize = 5;

const fn kind<R: Room>() -> Kind {
    Kind {
        name: R::NAME,
        reads_state: |json| serde_json::from_str::<R::State>(json).is_ok(),
        reads_alarm: |json| serde_json::from_str::<R::Alarm>(json).is_ok(),
    }
}
