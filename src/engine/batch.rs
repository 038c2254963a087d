//! What gathers between two commits.

use std::collections::VecDeque;

use crate::commit::{Answer, Output};
use crate::{Close, Connection, Error, Fault, Input};

/// What has gathered since the last commit.
pub(super) struct Batch<C> {
    pub(super) inputs: Vec<(Input, Fault)>,
    /// How often it was begun anew.
    pub(super) pass: u32,
    pub(super) purged: bool,
    /// How many letters led to the input that is being handled.
    pub(super) hops: u32,
    pub(super) outputs: Vec<Output>,
    pub(super) answers: Vec<Answer>,
    /// Connections that are over, and whose `handle_close` is yet to run.
    pub(super) closing: VecDeque<(Connection<C>, Close)>,
    /// An input that was found to fail after its effects had gathered, and why.
    pub(super) redo: Option<(usize, Error)>,
}

impl<C> Batch<C> {
    pub(super) const fn new() -> Self {
        Self {
            inputs: Vec::new(),
            pass: 0,
            purged: false,
            hops: 0,
            outputs: Vec::new(),
            answers: Vec::new(),
            closing: VecDeque::new(),
            redo: None,
        }
    }
}
