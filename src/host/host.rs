//! The one interface through which the engine reads the world.

use crate::room::connection::SocketId;
use crate::room::history::{Ends, Entry, Range};
use crate::room::keyed::Order;
use crate::room::schedule::ScheduledAlarm;
use crate::room::time::Timestamp;

/// What the engine reads: the clock, chance, what is stored, and the sockets.
///
/// The Durable Object implements it on the platform's APIs, [`testing::MemoryHost`] in memory. All
/// methods only read. What they tell must not change between two commits, but for
/// [`random`](Host::random).
///
/// [`testing::MemoryHost`]: crate::testing::MemoryHost
///
/// ```
/// use dormouse::Host;
/// use dormouse::testing::MemoryHost;
///
/// let host = MemoryHost::new();
/// assert_eq!(host.state(), None);
/// assert_eq!(host.count(), 0);
/// ```
pub trait Host {
    /// The time of this turn.
    fn now(&self) -> Timestamp;

    /// 64 random bits, fresh at every call.
    fn random(&self) -> u64;

    /// The Worker's configuration as JSON: its variables that are plain data.
    fn config(&self) -> String;

    /// The stored state as JSON.
    fn state(&self) -> Option<String>;

    /// The stored event of a name, pending or failed.
    fn stored_alarm(&self, name: &str) -> Option<ScheduledAlarm>;

    /// Pending events in order of time, then name: those after the one named, `limit` at most.
    fn alarms(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Vec<ScheduledAlarm>;

    /// Events that were set aside as failed, in order of name.
    fn failed_alarms(&self) -> Vec<ScheduledAlarm>;

    /// The value of a key.
    fn value(&self, key: &str) -> Option<String>;

    /// Values whose keys begin with a prefix, in an order of their keys: those that come after the
    /// key named, `limit` at most.
    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Vec<(String, String)>;

    /// The ends of a history.
    fn history_ends(&self, name: &str) -> Ends;

    /// Rows of a history, in the order of their sequence numbers.
    fn history(&self, name: &str, range: Range) -> Vec<Entry<String>>;

    /// The sequence number of the first row of a history that was appended at a time or later.
    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64>;

    /// The open sockets, in any order; with a tag, those that wear this platform tag.
    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId>;

    /// How many sockets are open.
    fn count(&self) -> usize;

    /// A socket's attachment; none for a socket whose connection is over.
    fn attachment(&self, socket: SocketId) -> Option<String>;

    /// When a socket last had the room's automatic response; none if never.
    fn last_answer(&self, socket: SocketId) -> Option<Timestamp>;
}
