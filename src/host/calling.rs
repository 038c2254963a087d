//! Which of the room's code is running, and which is not run again.

use std::cell::{Cell, RefCell};

use crate::host::input::{ANY_TEXT, Fault, OF_A_TEXT};

thread_local! {
    static CALLING: Cell<Option<u32>> = const { Cell::new(None) };
    static REFUSED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Which call into the room's code is running on this thread, counted from 0 within its input. Reading
/// and writing a connection's state is known by its text, from 2³¹ on; 2³² − 2 stands for all of that. After a panic it is the one that
/// panicked, to be refused by [`Fault::Calls`](crate::host::Fault::Calls).
pub fn calling() -> Option<u32> {
    CALLING.get()
}

pub(crate) fn running(call: Option<u32>) {
    CALLING.set(call);
}

/// Another input begins, of which this is known.
pub(crate) fn begin(fault: &Fault) {
    running(None);
    REFUSED.with_borrow_mut(|refused| {
        refused.clear();
        if let Fault::Calls(calls) = fault {
            refused.extend(calls);
        }
    });
}

/// Runs code of the room that reads or writes a text, whenever the engine has to: in a handler's call
/// and between calls. None if it panicked at this text before.
pub(crate) fn at_text<T>(text: &str, run: impl FnOnce() -> T) -> Option<T> {
    // By 30 bits, so that it is neither of the two.
    let call = OF_A_TEXT | u32::try_from(fingerprint(text) >> 34).unwrap_or_default();
    if REFUSED.with_borrow(|refused| refused.iter().any(|it| [call, ANY_TEXT].contains(it))) {
        return None;
    }
    let outer = CALLING.replace(Some(call));
    let result = run();
    CALLING.set(outer);
    Some(result)
}

/// A text in short, the same on every machine (`FxHash`, with the length first).
pub(crate) fn fingerprint(text: &str) -> u64 {
    let mix =
        |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash =
        words.iter().fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, &byte| mix(hash, byte.into()))
}
