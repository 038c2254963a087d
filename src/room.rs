//! What a room's author writes with.

pub(crate) mod alarm;
pub(crate) mod audience;
pub(crate) mod bytes;
pub(crate) mod close;
pub(crate) mod connection;
pub(crate) mod connection_id;
pub(crate) mod context;
pub(crate) mod effect;
pub(crate) mod effects;
pub(crate) mod error;
pub(crate) mod frame;
pub(crate) mod function;
pub(crate) mod handler;
pub(crate) mod history;
pub(crate) mod keyed;
pub(crate) mod letter;
pub mod limits;
pub(crate) mod liveness;
pub(crate) mod name;
pub(crate) mod object_name;
pub(crate) mod page;
pub(crate) mod rate;
pub(crate) mod resume;
#[allow(clippy::module_inception, reason = "the trait that the folder is about")]
pub(crate) mod room;

pub(crate) mod tag;
pub(crate) mod time;
pub(crate) mod upgrade;
pub(crate) mod view;

pub use alarm::{Retry, ScheduledAlarm, When};
pub use audience::Audience;
pub use close::{Close, CloseCode};
pub use connection::{Connection, SocketId};
pub use connection_id::ConnectionId;
pub use context::Context;
pub use effect::{Effect, Update};
pub use effects::Effects;
pub use error::{Error, Result};
pub use frame::{Apart, Decode, Encode, Frame, Text};
pub use function::Function;
pub use handler::Handler;
pub use history::{History, HistoryReader, Keep};
pub use keyed::{Keyed, KeyedReader};
pub use letter::{Answer, Errand};
pub use liveness::AutoResponse;
pub use object_name::ObjectName;
pub use page::{Ends, Entry, Order, Page, Range, Side};
pub use rate::RateLimit;
pub use resume::Resume;
pub use room::{Never, Room};
pub use tag::Tag;
pub use time::Timestamp;
pub use upgrade::{Admission, Newcomer, OnDuplicate, Upgrade};
