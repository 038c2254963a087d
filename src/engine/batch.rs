//! What gathers between two commits.

use std::collections::VecDeque;

use serde_json::Value;

use crate::engine::sorted::SortedMap;
use crate::host::commit::{Answer, Output};
use crate::host::handler_error::HandlerError;
use crate::host::input::{Fault, Input};
use crate::room::close::Close;
use crate::room::connection::Handle;
use crate::room::connection::SocketId;
use crate::room::error::Error;

/// What has gathered since the last commit.
pub(super) struct Batch {
    pub(super) inputs: Vec<(Input, Fault)>,
    /// How many letters led to the input that is being handled.
    pub(super) hops: u32,
    pub(super) outputs: Vec<Output>,
    pub(super) answers: Vec<Answer>,
    pub(super) errors: Vec<HandlerError>,
    /// Connections that are over, and whose `handle_close` is yet to run.
    pub(super) closing: VecDeque<(Handle, Close)>,
    /// An input that was found to fail after its effects had gathered, and why.
    pub(super) redo: Option<(usize, Error)>,
    /// Which sends of clients of the protocol are settled.
    pub(super) settled: SortedMap<SocketId, Settled>,
}

/// The sends of a client that are settled.
#[derive(Default)]
pub(super) struct Settled {
    /// The last number that was handled, or refused.
    pub(super) last: u64,
    pub(super) refused: Vec<(u64, Value)>,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self {
            inputs: Vec::new(),
            hops: 0,
            outputs: Vec::new(),
            answers: Vec::new(),
            errors: Vec::new(),
            closing: VecDeque::new(),
            redo: None,
            settled: SortedMap::new(),
        }
    }

    pub(super) fn settle(&mut self, socket: SocketId, number: u64, refused: Option<Value>) {
        let settled = self.settled.get_or_insert_with(socket, Settled::default);
        settled.last = settled.last.max(number);
        settled.refused.extend(refused.map(|error| (number, error)));
    }
}
