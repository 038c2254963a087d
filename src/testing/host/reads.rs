//! What was read of a host, counted.

use std::cell::Cell;
use std::ops::Sub;

/// How often each kind of thing was read. A commit should cost what it changes, whatever is stored.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::rooms::Echo;
/// let room = TestRoom::<Echo>::new("hall");
/// let ada = room.connect("ada");
/// let before = room.with_host(|host| host.reads());
/// ada.send_text("hello");
/// let reads = room.with_host(|host| host.reads()) - before;
/// assert!(reads.total() <= 2, "{reads:?}");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reads {
    /// The state.
    pub state: usize,
    /// One scheduled alarm, by its name.
    pub alarm: usize,
    /// A list of scheduled alarms.
    pub alarms: usize,
    /// One value, by its key.
    pub value: usize,
    /// A list of values.
    pub values: usize,
    /// The ends of a history, or where a time is in it.
    pub ends: usize,
    /// A list of rows.
    pub history: usize,
    /// A list of sockets.
    pub sockets: usize,
    /// What one socket keeps, or when it last answered.
    pub attachment: usize,
    /// Rows of all lists.
    pub rows: usize,
    /// Bytes of all that was read.
    pub bytes: usize,
}

impl Reads {
    /// How often anything was read, however much.
    pub const fn total(&self) -> usize {
        self.state
            + self.alarm
            + self.alarms
            + self.value
            + self.values
            + self.ends
            + self.history
            + self.sockets
            + self.attachment
    }

    /// How many lists were read.
    pub const fn lists(&self) -> usize {
        self.alarms + self.values + self.history + self.sockets
    }
}

impl Sub for Reads {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            state: self.state - before.state,
            alarm: self.alarm - before.alarm,
            alarms: self.alarms - before.alarms,
            value: self.value - before.value,
            values: self.values - before.values,
            ends: self.ends - before.ends,
            history: self.history - before.history,
            sockets: self.sockets - before.sockets,
            attachment: self.attachment - before.attachment,
            rows: self.rows - before.rows,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// What an instance has, whose rooms share it.
const MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// Counts reads, and what one batch has taken of the memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    reads: Cell<Reads>,
    batch: Cell<usize>,
    ran_out: Cell<bool>,
}

impl Counter {
    pub(super) fn reads(&self) -> Reads {
        self.reads.get()
    }

    /// Another batch begins.
    pub(super) fn begin(&self) {
        self.batch.set(0);
        self.ran_out.set(false);
    }

    /// A batch wanted more than there is.
    pub(super) fn ran_out(&self) -> bool {
        self.ran_out.get()
    }

    pub(super) fn count(&self, kind: fn(&mut Reads) -> &mut usize, rows: usize, bytes: usize) {
        let mut reads = self.reads.get();
        *kind(&mut reads) += 1;
        reads.rows += rows;
        reads.bytes += bytes;
        self.reads.set(reads);
        let batch = self.batch.get() + bytes;
        self.batch.set(batch);
        if batch > MEMORY_BYTES {
            self.ran_out.set(true);
            panic!(
                "out of memory: a batch has read {batch} bytes, and an instance has {MEMORY_BYTES}"
            );
        }
    }
}
