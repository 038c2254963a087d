//! Types of this crate that are a plain value in JSON.

use ts_rs::{Config, TS};

use crate::room::connection_id::ConnectionId;
use crate::room::frame::{Apart, Frame, Text};
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

/// A page knows what clients say.
impl<Client: TS, Inside> TS for Apart<Client, Inside> {
    type WithoutGenerics = Client::WithoutGenerics;
    type OptionInnerType = Client::OptionInnerType;

    fn name(config: &Config) -> String {
        Client::name(config)
    }

    fn inline(config: &Config) -> String {
        Client::inline(config)
    }

    fn ident(config: &Config) -> String {
        Client::ident(config)
    }

    fn decl(config: &Config) -> String {
        Client::decl(config)
    }

    fn docs() -> Option<String> {
        Client::docs()
    }

    fn output_path() -> Option<std::path::PathBuf> {
        Client::output_path()
    }

    fn visit_dependencies(visitor: &mut impl ts_rs::TypeVisitor)
    where
        Self: 'static,
    {
        Client::visit_dependencies(visitor);
    }

    fn visit_generics(visitor: &mut impl ts_rs::TypeVisitor)
    where
        Self: 'static,
    {
        Client::visit_generics(visitor);
    }
}
