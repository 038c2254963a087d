//! The bundled rooms: examples to copy from, each in a file of its own.

pub mod chat;
pub mod echo;
pub mod history;
pub mod lobby;
pub mod reminders;

pub use chat::Chat;
pub use echo::Echo;
pub use history::HistoryRoom;
pub use lobby::Lobby;
pub use reminders::Reminders;

crate::__rooms![Chat, Echo, HistoryRoom, Lobby, Reminders];

#[cfg(feature = "typescript")]
crate::typescript![
    "types/rooms.d.ts";
    Chat, Echo, HistoryRoom, Lobby, Reminders
];
