//! The one interface through which the engine reads the world.

use crate::room::alarm::ScheduledAlarm;
use crate::room::connection::SocketId;
use crate::room::page::{Ends, Entry, Order, Page, Range};
use crate::room::time::Timestamp;

/// What the engine reads of its object: clock, chance, storage, sockets.
///
/// A host reads and never fails: what it cannot read is not there. Lists come in pages, which end
/// after so many rows or so many bytes ([`PAGE_BYTES`](crate::limits::PAGE_BYTES)), whichever is first.
pub trait Host {
    /// The time, the same for a whole batch.
    fn now(&self) -> Timestamp;

    /// A random number.
    fn random(&self) -> u64;

    /// The Worker's variables that are plain data, as a JSON object.
    fn config(&self) -> String;

    /// The stored state as JSON.
    fn state(&self) -> Option<String>;

    /// A stored alarm by its name.
    fn stored_alarm(&self, name: &str) -> Option<ScheduledAlarm>;

    /// Pending alarms after a position, by time, then by name.
    fn alarms(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Page<ScheduledAlarm>;

    /// Alarms that failed for good, by name.
    fn failed_alarms(&self) -> Vec<ScheduledAlarm>;

    /// A stored value by its key.
    fn value(&self, key: &str) -> Option<String>;

    /// Keys and values whose key begins with a prefix, after a key.
    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)>;

    /// Keys alone, forwards: for values that are large.
    fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page<String>;

    /// Where a history begins and ends.
    fn history_ends(&self, name: &str) -> Ends;

    /// Rows of a history, oldest first.
    fn history(&self, name: &str, range: Range) -> Page<Entry<String>>;

    /// The number of the first row that is not older than a time.
    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64>;

    /// The open sockets, or those that were accepted with a tag.
    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId>;

    /// How many sockets are open.
    fn count(&self) -> usize;

    /// What an open socket carries.
    fn attachment(&self, socket: SocketId) -> Option<String>;

    /// When a socket last had the automatic response.
    fn last_answer(&self, socket: SocketId) -> Option<Timestamp>;

    /// Whether a letter is on its way, and its answer is still to come. A crash forgets it.
    fn in_flight(&self, seq: u64) -> bool;
}
