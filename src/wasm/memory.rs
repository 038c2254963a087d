//! A bound on the memory of an instance.

use std::alloc::{GlobalAlloc, Layout, System};
use std::arch::wasm32::memory_size;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes that an instance may have: half of what the platform gives to all objects of a class on a
/// host, JavaScript's heap included (Cloudflare, "Limits": 128 MB). Beyond that the platform would
/// end the isolate, and with it every socket of every object in it.
const LIMIT: usize = 64 * 1024 * 1024;

const PAGE: usize = 64 * 1024;

/// The allocator of a Worker's rooms: an allocation beyond the limit fails. A failed allocation
/// traps, and a trap costs no more than the message that caused it.
#[derive(Debug)]
pub struct BoundedMemory;

/// Bytes of what was refused last, for the log to say so. An instance has one thread.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// Bytes of the allocation that was refused last, 0 if none was.
pub(super) fn refused() -> u32 {
    REFUSED.load(Ordering::Relaxed)
}

/// A new input begins, which is not to be blamed for what an earlier one wanted.
pub(super) fn forget_refused() {
    REFUSED.store(0, Ordering::Relaxed);
}

fn refuse(size: usize) -> *mut u8 {
    REFUSED.store(u32::try_from(size).unwrap_or(u32::MAX), Ordering::Relaxed);
    std::ptr::null_mut()
}

/// A block of a size, or null if it, or the instance with it, is over the limit.
///
/// What can never fit is not tried: memory that has grown does not shrink, and the platform counts
/// it until the old instance is collected. A block that made the instance too large is not given
/// back: what follows is the end of the instance.
fn bounded(size: usize, allocate: impl FnOnce() -> *mut u8) -> *mut u8 {
    if size > LIMIT {
        return refuse(size);
    }
    let block = allocate();
    if block.is_null() || memory_size(0) * PAGE > LIMIT { refuse(size) } else { block }
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments; that a block
// which was allocated is withheld is a failed allocation to the caller.
unsafe impl GlobalAlloc for BoundedMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        bounded(layout.size(), || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        bounded(layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        bounded(size, || unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}
