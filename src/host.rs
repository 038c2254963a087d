//! What performs commits, and through which the engine reads: for those who write a host of their own.

pub(crate) mod commit;
#[cfg(any(target_arch = "wasm32", test))]
#[allow(clippy::float_cmp, reason = "wasm-bindgen makes it of an enum")]
pub(crate) mod flat;
pub(crate) mod handler_error;
#[allow(clippy::module_inception, reason = "the trait that the folder is about")]
pub(crate) mod host;
pub(crate) mod input;
pub(crate) mod letter;

pub use commit::Answer;

pub use crate::engine::calling::calling;
