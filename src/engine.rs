//! From inputs to a commit: decodes, calls handlers, checks effects, gathers what is to be done.

pub(crate) mod attachment;
mod batch;
pub(crate) mod check;
mod closing;
mod connecting;
pub(crate) mod connections;
mod core;
pub(crate) mod envelope;
pub(crate) mod handlers;
mod logging;
pub(crate) mod migrate;
mod performing;
mod posting;
mod presence;
mod resuming;
pub(crate) mod session;
mod settling;
pub(crate) mod sorted;
pub(crate) mod state;
mod staying;
mod sweeping;
mod turn;

use self::core::About;
pub use self::core::Engine;
