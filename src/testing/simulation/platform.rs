//! The platform under a simulated room: does what a commit says, and can fail on the way.

#![cfg_attr(not(test), allow(dead_code, reason = "what planted faults need"))]

use crate::host::commit::{Commit, Listeners, Output};
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::tag::Tag;
use crate::testing::host::{Delivery, MemoryHost, Refusal};
use crate::testing::simulation::step::CrashAt;

/// Why a commit was not performed to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The transaction was refused: nothing of it was done.
    Refused(Refusal),
    /// The machine failed.
    Crashed,
}

/// What performs commits: the order of it is what the variants with a planted fault get wrong.
pub(super) type Perform = fn(&mut Platform, &Commit) -> Result<(), Stop>;

/// As `js/object/perform.js` does it.
pub(super) fn perform(platform: &mut Platform, commit: &Commit) -> Result<(), Stop> {
    platform.store(commit)?;
    for output in &commit.outputs {
        platform.output(output)?;
    }
    Ok(())
}

pub(super) struct Platform<'a> {
    pub(super) host: &'a mut MemoryHost,
    /// Whether a socket's other end is gone, and nobody has noticed.
    pub(super) is_dead: &'a dyn Fn(SocketId) -> bool,
    pub(super) refuse: bool,
    pub(super) crash: Option<CrashAt>,
    pub(super) stored: bool,
    /// What was sent, whether it arrives or not.
    pub(super) sent: Vec<(SocketId, Delivery)>,
    /// A frame left before what caused it was stored.
    pub(super) was_early: bool,
    outputs: usize,
}

impl<'a> Platform<'a> {
    pub(super) fn new(
        host: &'a mut MemoryHost,
        is_dead: &'a dyn Fn(SocketId) -> bool,
        refuse: bool,
        crash: Option<CrashAt>,
    ) -> Self {
        Self {
            host,
            is_dead,
            refuse,
            crash,
            stored: false,
            sent: Vec::new(),
            was_early: false,
            outputs: 0,
        }
    }

    pub(super) fn store(&mut self, commit: &Commit) -> Result<(), Stop> {
        if self.crash == Some(CrashAt::BeforeCommit) {
            return Err(Stop::Crashed);
        }
        if self.refuse && !commit.writes.is_empty() {
            return Err(Stop::Refused(Refusal::planned()));
        }
        self.host.store(commit).map_err(Stop::Refused)?;
        self.stored = true;
        Ok(())
    }

    pub(super) fn output(&mut self, output: &Output) -> Result<(), Stop> {
        if let Some(CrashAt::AfterOutputs(outputs)) = self.crash
            && self.outputs >= outputs
        {
            return Err(Stop::Crashed);
        }
        self.outputs += 1;
        let mut sent = Vec::new();
        self.host.output(output, &mut sent);
        self.was_early |=
            !self.stored && (!sent.is_empty() || matches!(output, Output::Deliver(_)));
        self.sent.extend(sent);
        Ok(())
    }

    pub(super) fn open(&self, tag: Option<&Tag>, to: Listeners) -> Vec<SocketId> {
        let mut open = self.host.open(tag.map(Tag::as_str));
        open.retain(|socket| to.has(self.host.tags(*socket)));
        open
    }

    /// Whether the other end is there to get it.
    pub(super) fn send(&mut self, socket: SocketId, frame: &Frame) -> bool {
        self.was_early |= !self.stored;
        self.sent.push((socket, Delivery::Frame(frame.clone())));
        !(self.is_dead)(socket)
    }
}

/// What a commit should send, found without performing it: each socket's frames in their order.
pub(super) fn expected(host: &MemoryHost, commit: &Commit) -> Vec<(SocketId, Option<Frame>)> {
    if commit.outputs.is_empty() {
        return Vec::new();
    }
    let mut open: Vec<(SocketId, &[String])> =
        host.open(None).into_iter().map(|socket| (socket, host.tags(socket))).collect();
    let mut expected = Vec::new();
    for output in &commit.outputs {
        match output {
            Output::Accept { socket, tags } => open.push((*socket, tags)),
            Output::Send { sockets, frame } => {
                let is_open = |socket: &&SocketId| open.iter().any(|(other, _)| other == *socket);
                let told = sockets.iter().filter(is_open);
                expected.extend(told.map(|&it| (it, Some(frame.clone()))));
            }
            Output::Broadcast { tag, except, frame, to } => {
                let tag = tag.as_ref().map(Tag::as_str);
                let wears = |tags: &[String]| tag.is_none_or(|tag| tags.iter().any(|it| it == tag));
                let hears = |(socket, tags): &&(SocketId, &[String])| {
                    wears(tags) && to.has(tags) && !except.contains(socket)
                };
                let told = open.iter().filter(hears);
                expected.extend(told.map(|(it, _)| (*it, Some(frame.clone()))));
            }
            Output::Close { socket, .. } => {
                if let Some(at) = open.iter().position(|(other, _)| other == socket) {
                    open.remove(at);
                    expected.push((*socket, None));
                }
            }
            Output::Attach { .. } | Output::Deliver(_) => {}
        }
    }
    // Within a broadcast the order of sockets means nothing.
    expected.sort_by_key(|(socket, _)| *socket);
    expected
}
