//! Which call into a room's code is running.

use std::cell::Cell;

thread_local! {
    static CALLING: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Which call into the room's code is running on this thread, counted from 0 within its input. After a
/// panic it is the one that panicked, to be refused by
/// [`Fault::Calls`](crate::host::Fault::Calls).
pub fn calling() -> Option<u32> {
    CALLING.get()
}

pub(crate) fn running(call: Option<u32>) {
    CALLING.set(call);
}
