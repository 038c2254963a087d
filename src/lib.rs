//! Rooms of WebSocket clients on Cloudflare Durable Objects.

#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]
#![cfg_attr(target_arch = "wasm32", deny(unsafe_code))]

mod attachment;
mod audience;
mod check;
mod close;
mod commit;
mod connection;
mod connection_id;
mod connections;
mod context;
mod effect;
mod effects;
mod engine;
mod error;
#[cfg(any(target_arch = "wasm32", test))]
mod flat;
mod frame;
mod host;
mod input;
pub mod limits;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "an allocator")]
mod memory;
mod origin;
mod registry;
mod room;
#[cfg(feature = "bundled")]
pub mod rooms;
mod schedule;
mod state;
mod tag;
pub mod testing;
mod time;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "wasm-bindgen makes it")]
pub mod wasm;

pub use audience::Audience;
pub use close::{Close, CloseCode};
pub use commit::{Answer, Commit, Failure, Output, Write};
pub use connection::{Connection, SocketId};
pub use connection_id::ConnectionId;
pub use context::Context;
pub use effect::{Effect, Update};
pub use effects::Effects;
pub use engine::Engine;
pub use error::{Error, Result};
pub use frame::{Decode, Encode, Frame, Text};
pub use host::Host;
pub use input::{Fault, Input};
pub use origin::origin_allowed;
pub use registry::{AnyRoom, ObjectName, Registry, RoomType};
pub use room::{Admission, During, Never, OnDuplicate, Room, Upgrade};
pub use schedule::{Alarm, Retry, ScheduledEvent, When};
pub use tag::Tag;
pub use time::Timestamp;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub use memory::BoundedMemory as __BoundedMemory;
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
/// #     type Event = Text;
/// #     type Broadcast = Text;
/// #     type Alarm = Never;
/// #     fn handle_message(_: &Context<Self>, text: Text) -> Result<Effects<Self>> {
/// #         Ok(Effects::new().broadcast(text))
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
