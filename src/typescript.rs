//! TypeScript declarations of what rooms take, say and remember, made of their Rust types.
//!
//! The types of a room implement [`TS`], which `#[derive(TS)]` of the crate `ts-rs` does; it reads
//! serde's attributes. One line lists the rooms, and the file that declares them. All of it is for
//! tests: the feature `typescript` and `ts-rs` are wanted among the dev-dependencies alone, and a Worker
//! grows by nothing.
//!
//! ```
//! # mod my_rooms {
//! use dormouse::{Context, Effects, Never, Result, Room};
//! use serde::{Deserialize, Serialize};
//!
//! pub struct Counter;
//!
//! #[derive(Deserialize)]
//! #[cfg_attr(test, derive(ts_rs::TS))]
//! # #[derive(ts_rs::TS)]
//! #[serde(tag = "_tag")]
//! pub enum Message { Add { by: u64 } }
//!
//! #[derive(Serialize)]
//! #[cfg_attr(test, derive(ts_rs::TS))]
//! # #[derive(ts_rs::TS)]
//! #[serde(tag = "_tag")]
//! pub enum Broadcast { Total { total: u64 } }
//!
//! impl Room for Counter {
//!     const NAME: &'static str = "counter";
//!     type State = u64;
//!     type Connection = ();
//!     type Upgrade = ();
//!     type Message = Message;
//!     type Broadcast = Broadcast;
//!     type Alarm = Never;
//!     type Reply = Never;
//! #
//! #   fn handle_message(_: &Context<Self>, _: Message) -> Result<Effects<Self>> {
//! #       Ok(Effects::new())
//! #   }
//! }
//!
//! dormouse::typescript!["types/rooms.d.ts"; Counter];
//! # }
//! # use dormouse::typescript::{RoomTypes, declarations};
//! # let text = declarations(&[RoomTypes::of::<my_rooms::Counter>()]);
//! # assert!(text.contains("counter: Counter.Room;"));
//! # assert!(text.contains("_tag: \"Add\";\n    by: number;"));
//! ```
//!
//! `cargo test` then keeps that file. The page `docs/types.md` says how a Worker and a page use it.

mod declared;
mod keep;
mod layout;
mod plain;

use std::any::TypeId;
use std::fmt::Write;

pub use ts_rs::TS;

use self::declared::Declared;
pub use self::keep::keep;
use self::layout::{is_identifier, layout};
use crate::room::frame::{Decode, Frame};
use crate::room::room::Room;

/// The types of one room.
#[derive(Debug)]
pub struct RoomTypes {
    name: &'static str,
    declared: Declared,
    message: String,
    inside: String,
    broadcast: String,
    state: String,
    connection: String,
    upgrade: String,
}

impl RoomTypes {
    /// Those that the room is made of.
    ///
    /// ```
    /// use dormouse::rooms::Echo;
    /// use dormouse::typescript::{RoomTypes, declarations};
    /// assert!(declarations(&[RoomTypes::of::<Echo>()]).contains("message: string;"));
    /// ```
    pub fn of<R: Room>() -> Self
    where
        R::Message: TS + Decode<Inside: TS> + 'static,
        R::Broadcast: TS + 'static,
        R::State: TS + 'static,
        R::Connection: TS + 'static,
        R::Upgrade: TS + 'static,
    {
        let mut declared = Declared::default();
        let message = declared.name_of::<R::Message>();
        let inside = declared.name_of::<<R::Message as Decode>::Inside>();
        let mut broadcast = declared.name_of::<R::Broadcast>();
        // What an API call brings is text, but what goes out may be binary too.
        if TypeId::of::<R::Broadcast>() == TypeId::of::<Frame>() {
            broadcast.push_str(" | ArrayBuffer");
        }
        let state = declared.name_of::<R::State>();
        let connection = declared.name_of::<R::Connection>();
        let upgrade = declared.name_of::<R::Upgrade>();
        Self { name: R::NAME, declared, message, inside, broadcast, state, connection, upgrade }
    }

    /// The namespace of its declarations: what one room calls `Message` is not what another does.
    fn namespace(&self) -> String {
        let words = self.name.split(['-', '_']).filter(|word| !word.is_empty());
        let name: String = words.map(capitalized).collect();
        if is_identifier(&name) { name } else { format!("Room{name}") }
    }

    fn write(&self, out: &mut String, namespace: &str) -> std::fmt::Result {
        let Self { message, inside, broadcast, state, connection, upgrade, .. } = self;
        write!(
            out,
            "
export namespace {namespace} {{
  export interface Room {{
    message: {message};
    inside: {inside};
    broadcast: {broadcast};
    state: {state};
    connection: {connection};
    upgrade: {upgrade};
  }}
"
        )?;
        for declaration in self.declared.texts() {
            let text = layout(declaration);
            out.push('\n');
            for line in text.lines() {
                writeln!(out, "{}", format!("  {line}").trim_end())?;
            }
        }
        writeln!(out, "}}")
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// The text of a file that declares rooms: a type `Rooms` with a field a room, and a namespace for the
/// types of each.
///
/// # Panics
/// If two types of one room have the same name in TypeScript, or two rooms the same namespace, as
/// `a-b` and `a_b` would. The message says which.
///
/// ```
/// use dormouse::rooms::{Chat, Echo};
/// use dormouse::typescript::{RoomTypes, declarations};
///
/// let text = declarations(&[RoomTypes::of::<Chat>(), RoomTypes::of::<Echo>()]);
/// assert!(text.contains("chat: Chat.Room;"));
/// assert!(text.contains("_tag: \"Say\";"));
/// ```
pub fn declarations(rooms: &[RoomTypes]) -> String {
    let mut out = String::from(
        "// The types of the rooms, made of the Rust ones by `dormouse::typescript!` in `cargo test`.\n\n\
         export type Rooms = {\n",
    );
    let mut namespaces: Vec<(String, &str)> = Vec::new();
    for room in rooms {
        let (namespace, name) = (room.namespace(), room.name);
        if let Some((_, other)) = namespaces.iter().find(|(taken, _)| *taken == namespace) {
            panic!(
                "the rooms \"{other}\" and \"{name}\" would both be declared as `{namespace}`: give one \
                 another `Room::NAME`, or a file of its own"
            );
        }
        let key = if is_identifier(name) { name.to_owned() } else { format!("{name:?}") };
        writeln!(out, "  {key}: {namespace}.Room;").expect("a string takes all");
        namespaces.push((namespace, name));
    }
    out.push_str("};\n");
    for (room, (namespace, _)) in rooms.iter().zip(&namespaces) {
        room.declared.check(room.name);
        room.write(&mut out, namespace).expect("a string takes all");
    }
    out
}

/// Keeps a file that declares the types of rooms in TypeScript: its path, seen from the folder of the
/// crate's `Cargo.toml`, and the rooms. See [the module](mod@crate::typescript).
///
/// This makes a test named `typescript`, and nothing outside of tests. The test writes the file if it is
/// not as it should be. Where the variable `CI` is set it fails instead, unless there is no such file:
/// what is committed is then known to be what the rooms say.
///
/// ```
/// # use dormouse::rooms::{Chat, Echo};
/// dormouse::typescript!["types/rooms.d.ts"; Chat, Echo];
/// ```
#[macro_export]
macro_rules! typescript {
    ($path:literal; $($room:ty),+ $(,)?) => {
        #[cfg(test)]
        #[test]
        fn typescript() {
            $crate::typescript::keep(
                concat!(env!("CARGO_MANIFEST_DIR"), "/", $path),
                &$crate::typescript::declarations(&[
                    $($crate::typescript::RoomTypes::of::<$room>()),+
                ]),
            );
        }
    };
}
