//! What a context reads from.

use crate::room::alarm::{Retry, ScheduledAlarm};
use crate::room::connection::Handle;
use crate::room::object_name::ObjectName;
use crate::room::page::{Ends, Entry, Order, Page, Range};
use crate::room::tag::Tag;
use crate::room::time::Timestamp;

/// The room as one handler sees it: what is stored, and what every input before it changed.
pub(crate) trait View {
    /// Which input of the batch this is.
    fn nth(&self) -> usize;
    fn object(&self) -> &ObjectName;
    fn now(&self) -> Timestamp;
    fn random(&self) -> u64;
    fn config(&self) -> String;
    fn sender(&self) -> Option<&Handle>;
    fn sibling(&self) -> Option<&ObjectName>;
    fn retry(&self) -> Option<&Retry>;
    /// All connections, those that are away among them, in the order in which they came.
    fn connections(&self) -> Vec<Handle>;
    fn tagged(&self, tag: &Tag) -> Vec<Handle>;
    fn with_id(&self, id: &str) -> Vec<Handle>;
    fn count(&self) -> usize;
    fn alarm(&self, name: &str) -> Option<ScheduledAlarm>;
    fn next_alarm(&self) -> Option<ScheduledAlarm>;
    fn failed_alarms(&self) -> Vec<ScheduledAlarm>;
    fn value(&self, key: &str) -> Option<String>;
    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)>;
    fn history_ends(&self, name: &str) -> Ends;
    fn history(&self, name: &str, range: Range) -> Page<Entry<String>>;
}
