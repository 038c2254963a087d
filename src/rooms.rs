//! The bundled rooms: examples to copy from, each in a file of its own.

pub mod chat;

pub use chat::Chat;

crate::__rooms![Chat];
