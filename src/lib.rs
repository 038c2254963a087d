//! Rooms of WebSocket clients on Cloudflare Durable Objects, as pure state machines.
//!
//! A [`Room`] has handlers. They read what they are given through a [`Context`] and return
//! [`Effects`]: a list of what they want done. The [`Engine`] calls them, checks the list against
//! the platform's limits, and gives a [`Commit`] to its [`Host`], which performs it.
//!
//! **Every input is handled to its end, and all that a batch of inputs did comes out of one commit;
//! the host performs it, to the end, before the next input.**
//!
//! This crate opens no socket, stores nothing, sets no alarm, reads no clock and rolls no dice. In a
//! Worker the Durable Object in `js/` does so; in tests [`testing::MemoryHost`] does.
//!
//! # A room and its test
//!
//! ```
//! use dormouse::testing::TestRoom;
//! use dormouse::{Close, Context, Effects, Never, Result, Room, Text, Upgrade};
//!
//! /// Tells everyone how many are here.
//! struct Doorman;
//!
//! impl Room for Doorman {
//!     const NAME: &'static str = "doorman";
//!     type State = ();
//!     type Connection = ();
//!     type Upgrade = ();
//!     type Message = Text;
//!     type Broadcast = Text;
//!     type Alarm = Never;
//!     type Reply = Never;
//!
//!     fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
//!         Ok(cx.effects().broadcast(Text(format!("{} here", cx.count()))))
//!     }
//!
//!     fn handle_message(cx: &Context<Self>, text: Text) -> Result<Effects<Self>> {
//!         Ok(cx.effects().broadcast(text))
//!     }
//!
//!     fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
//!         Ok(cx.effects().broadcast(Text(format!("{} here", cx.count()))))
//!     }
//! }
//!
//! let room = TestRoom::<Doorman>::new("hotel");
//! let ada = room.connect("ada");
//! let bob = room.connect("bob");
//! bob.cut();
//! let heard: Vec<_> = ada.received().iter().map(|frame| frame.to_text().into_owned()).collect();
//! assert_eq!(heard, ["1 here", "2 here", "1 here"]);
//! ```
//!
//! # Eight words
//!
//! | word | meaning |
//! | --- | --- |
//! | room | a state machine, and one instance of it: a Durable Object named `type/id` |
//! | connection | a client, with an id, tags and a state of its own; here by its socket, or away |
//! | message | what comes in, from a connection, an API call or another room |
//! | broadcast | what goes out |
//! | effect | something a handler wants done |
//! | alarm | something planned under a name; any number, over the one that an object has |
//! | commit | all that a batch of inputs did: writes, then frames and closes, then the log and answers |
//! | host | what performs commits, and through which the engine reads |
//!
//! # What a handler can rely on
//!
//! - All of its effects happen, or none: an error, a broken limit, a panic or a refused transaction
//!   leaves everything as it was. Then [`Room::handle_error`] is asked what the client should hear;
//!   what no client hears is written to the log: see [`HandlerError`].
//! - What it reads includes what every input before it did, in the same batch too.
//! - Frames leave only after everything before them is stored, and reach all connections in one order.
//! - [`Room::handle_close`] runs once for each connection whose [`Room::handle_connect`] succeeded,
//!   unless the platform resets the object: see [`Room`, "Time and memory"](Room#time-and-memory).
//! - It may be called again for the same input when the batch it stood in is run anew. Nothing of the
//!   first call was seen by anyone.

#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]
#![cfg_attr(target_arch = "wasm32", deny(unsafe_code))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/testing.md")]
struct TestingPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/security.md")]
struct SecurityPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/first-room.md")]
struct FirstRoomPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/writing-a-room.md")]
struct WritingPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/schedules.md")]
struct SchedulesPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/storage.md")]
struct StoragePage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/siblings.md")]
struct SiblingsPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/hibernation.md")]
struct HibernationPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/deploying.md")]
struct DeployingPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/limits-and-costs.md")]
struct LimitsPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/troubleshooting.md")]
struct TroubleshootingPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/clients.md")]
struct ClientsPage;

#[cfg(all(doctest, feature = "typescript"))]
#[doc = include_str!("../docs/types.md")]
struct TypesPage;

#[cfg(doctest)]
#[doc = include_str!("../docs/migrations.md")]
struct MigrationsPage;

mod engine;
pub mod host;
mod registry;
mod room;
#[cfg(feature = "bundled")]
pub mod rooms;
pub mod testing;
#[cfg(feature = "typescript")]
pub mod typescript;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, clippy::float_cmp, reason = "an allocator, and what wasm-bindgen makes")]
pub mod wasm;

pub use engine::Engine;
pub use host::commit::{Commit, Failure, Listeners, ObjectAlarm, Output, Write};
pub use host::handler_error::HandlerError;
pub use host::host::Host;
pub use host::input::{Fault, Input};
pub use host::letter::{Delivered, Letter};
pub use registry::{Registry, RoomType};
pub use room::limits;
pub use room::*;

#[cfg(feature = "typescript")]
pub use ts_rs;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub use wasm::memory::BoundedMemory as __BoundedMemory;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub use wasm_bindgen as __wasm_bindgen;

/// Lists the rooms of a Worker, as `ROOMS`, and exports them when it is compiled for one. A crate
/// has it once, for all its rooms.
///
/// ```
/// # mod my_rooms {
/// # use dormouse::{Context, Effects, Never, Result, Room, Text};
/// # pub struct Shout;
/// # impl Room for Shout {
/// #     const NAME: &'static str = "shout";
/// #     type State = ();
/// #     type Connection = ();
/// #     type Upgrade = ();
/// #     type Message = Text;
/// #     type Broadcast = Text;
/// #     type Alarm = Never;
/// #     type Reply = Never;
/// #     fn handle_message(cx: &Context<Self>, text: Text) -> Result<Effects<Self>> {
/// #         Ok(cx.effects().broadcast(text))
/// #     }
/// # }
/// dormouse::rooms![Shout];
/// # }
/// # use my_rooms::ROOMS;
/// assert!(ROOMS.open("shout/hall").is_ok());
/// ```
#[macro_export]
macro_rules! rooms {
    ($($room:ty),+ $(,)?) => {
        $crate::__only_rooms!();
        $crate::__rooms![$($room),+];
    };
}

/// What `rooms!` makes.
#[doc(hidden)]
#[macro_export]
macro_rules! __rooms {
    ($($room:ty),+) => {
        /// The rooms of this Worker.
        pub const ROOMS: $crate::Registry = {
            const TYPES: &[$crate::RoomType] = &[$($crate::RoomType::of::<$room>()),+];
            $crate::Registry::new(TYPES)
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::__wasm_bindgen::prelude::wasm_bindgen;

            #[global_allocator]
            static MEMORY: $crate::__BoundedMemory = $crate::__BoundedMemory;

            #[wasm_bindgen(start, wasm_bindgen = $crate::__wasm_bindgen)]
            fn start() {
                $crate::wasm::install(ROOMS);
            }
        };
    };
}

/// A wasm module has one list of rooms; with the bundled ones there would be two.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "bundled")]
macro_rules! __only_rooms {
    () => {
        #[cfg(target_arch = "wasm32")]
        compile_error!(
            "dormouse brings its bundled rooms: depend on it with `default-features = false` to list your own"
        );
    };
}

/// A wasm module has one list of rooms, and this will be it.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "bundled"))]
macro_rules! __only_rooms {
    () => {};
}

/// Without the feature there is nothing to make the test with; and outside of tests nothing is made.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "typescript"))]
macro_rules! typescript {
    ($($rooms:tt)*) => {
        #[cfg(test)]
        compile_error!(
            "dormouse::typescript! wants dormouse among the [dev-dependencies] with `features = [\"typescript\"]`, and ts-rs beside it"
        );
    };
}
