//! Types of this crate that are a plain value in JSON.

use ts_rs::{Config, TS};

use crate::room::connection_id::ConnectionId;
use crate::room::frame::{Frame, Text};
use crate::room::room::Never;
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

macro_rules! plain {
    ($($rust:ty => $typescript:literal),+ $(,)?) => {$(
        impl TS for $rust {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &Config) -> String {
                $typescript.to_owned()
            }

            fn inline(_: &Config) -> String {
                $typescript.to_owned()
            }
        }
    )+};
}

plain! {
    ConnectionId => "string",
    Frame => "string",
    Never => "never",
    Tag => "string",
    Text => "string",
    Timestamp => "number",
}
