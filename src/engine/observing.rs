//! Who looks on while the room's code is called: tests, on their own thread.

use std::cell::RefCell;
use std::panic::resume_unwind;

use crate::engine::check::Step;
use crate::engine::handlers::Done;
use crate::engine::sight::Sight;
use crate::room::connection::{Connection, SocketId};
use crate::room::handler::Handler;
use crate::room::view::View as _;

/// A call into the room's code that has returned.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) handler: Handler,
    /// Which input of the batch it was for.
    pub(crate) nth: usize,
    pub(crate) socket: Option<SocketId>,
    pub(crate) session: Option<String>,
    pub(crate) is_from_sibling: bool,
    pub(crate) ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With effects that change what is stored or who is connected.
    Changing,
    /// With frames at most.
    Telling,
    Failed,
}

/// What a planned panic carries, to be told from a room's own.
pub(crate) struct Planned;

/// What was seen on this thread.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: Vec<Called>,
    /// How many calls are made before one panics.
    pub(crate) fuse: Option<usize>,
    /// What was running when a panic ended it.
    pub(crate) running: Option<Handler>,
}

/// In a Worker nobody looks on.
const NOBODY: bool = cfg!(target_arch = "wasm32");

thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Begins to look on.
pub(crate) fn watch(fuse: Option<usize>) {
    SEEN.set(Some(Seen { fuse, ..Seen::default() }));
}

/// Ends it.
pub(crate) fn seen() -> Seen {
    SEEN.take().unwrap_or_default()
}

/// The batch is begun anew: what was called for it does not count.
pub(super) fn anew() {
    if NOBODY {
        return;
    }
    SEEN.with_borrow_mut(|seen| {
        if let Some(seen) = seen {
            seen.calls.clear();
        }
    });
}

/// The room's code is about to run.
pub(crate) fn begins(handler: Handler) {
    if NOBODY {
        return;
    }
    let is_burnt = SEEN.with_borrow_mut(|seen| {
        let Some(seen) = seen else { return false };
        seen.running = Some(handler);
        let is_burnt = seen.fuse == Some(0);
        seen.fuse = seen.fuse.and_then(|left| left.checked_sub(1));
        is_burnt
    });
    if is_burnt {
        // Not `panic!`: the hook that prints it is for panics that nobody planned.
        resume_unwind(Box::new(Planned));
    }
}

/// It has run; none if it failed.
pub(crate) fn ended(handler: Handler, sight: &Sight<'_>, done: Option<&Done>) {
    if NOBODY {
        return;
    }
    SEEN.with_borrow_mut(|seen| {
        let Some(seen) = seen else { return };
        seen.running = None;
        let ended = match done {
            Some(Done { changes: None, steps }) if steps.iter().all(is_send) => Ended::Telling,
            Some(_) => Ended::Changing,
            None => Ended::Failed,
        };
        let sender = sight.sender();
        let session = sender.and_then(Connection::session).map(ToString::to_string);
        let socket = sender.map(Connection::socket);
        let (nth, is_from_sibling) = (sight.nth(), sight.sibling().is_some());
        seen.calls.push(Called { handler, nth, socket, session, is_from_sibling, ended });
    });
}

/// What the last one wanted cannot be done.
pub(crate) fn undone() {
    if NOBODY {
        return;
    }
    SEEN.with_borrow_mut(|seen| {
        if let Some(call) = seen.as_mut().and_then(|seen| seen.calls.last_mut()) {
            call.ended = Ended::Failed;
        }
    });
}

const fn is_send(step: &Step) -> bool {
    matches!(step, Step::Send { .. })
}
