//! What performs commits, and through which the engine reads: for those who write a host of their own.
//!
//! A host gives an [`Engine`](crate::Engine) one [`Input`] after the other, performs the [`Commit`] that
//! comes out of them, and answers what the engine reads through [`Host`].

pub(crate) mod calling;
pub(crate) mod commit;
#[cfg(any(target_arch = "wasm32", test))]
#[allow(clippy::float_cmp, reason = "wasm-bindgen makes it of an enum")]
pub(crate) mod flat;
pub(crate) mod handler_error;
#[allow(clippy::module_inception, reason = "the trait that the folder is about")]
pub(crate) mod host;
pub(crate) mod input;
pub(crate) mod letter;

pub use calling::calling;
pub use commit::{Answer, Commit, Failure, Listeners, ObjectAlarm, Output, Write};
pub use handler_error::HandlerError;
pub use host::Host;
pub use input::{Fault, Input};
pub use letter::{Delivered, Letter};
