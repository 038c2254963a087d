//! From inputs to a commit: decodes, calls handlers, checks effects, gathers what is to be done.

mod acknowledgements;
pub(crate) mod alarms;
pub(crate) mod attachment;
mod batch;
pub(crate) mod calling;
pub(crate) mod check;
mod closing;
mod connecting;
pub(crate) mod connections;
mod core;
pub(crate) mod envelope;
mod grace;
pub(crate) mod handlers;
mod inbox;
pub(crate) mod log;
pub(crate) mod migrate;
pub(crate) mod observing;
mod outbox;
pub(crate) mod overlay;
mod performing;
mod presence;
mod resumption;
pub(crate) mod sessions;
pub(crate) mod sight;
pub(crate) mod sorted;
pub(crate) mod state;
mod sweep;
pub(crate) mod table;
mod turn;

pub use self::core::Engine;
use self::turn::Turn;
