//! Rooms without a server: an in-memory host, a room on it, and clients of the room.
//!
//! Everything happens at once and on one thread: when `ada.send(…)` returns, the frame has been
//! handled and what it caused has arrived. Time stands still until it is moved.
//!
//! ```
//! use dormouse::rooms::Chat;
//! use dormouse::rooms::chat::{Broadcast, Message};
//! use dormouse::testing::TestRoom;
//!
//! let room = TestRoom::<Chat>::new("lounge");
//! let ada = room.connect("ada");
//! let bob = room.connect("bob");
//! assert_eq!(ada.receive(), Broadcast::UserJoined { user_id: "bob".into() });
//!
//! room.hibernate();
//! ada.send(&Message::Say { text: "hello".into() });
//! assert!(matches!(bob.receive(), Broadcast::Message { text, .. } if text == "hello"));
//! assert_eq!(room.state().unwrap().message_count, 1);
//! ```

mod client;
mod host;
mod object;
mod recording;
mod resuming;
mod room;
mod simulation;
mod twice;

pub use client::TestClient;
pub use host::{Delivery, MemoryHost, Reads, Refusal};
pub use object::{Entry, Object, Ticket, Turn};
pub use recording::{InvalidRecording, Recording, Replayed};
pub use resuming::ResumingClient;
pub use room::TestRoom;
pub use simulation::{CrashAt, Dice, Failure, Fate, Report, SimulatedClient, Simulation, Step};
pub use twice::awake_and_asleep;
