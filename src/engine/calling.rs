//! The one place that calls a room's code.
//!
//! What made an input fail before is known here, and refused here: no path through the engine can
//! forget it, and none passes it along. Calls are counted from the beginning of an input, so that the
//! one which panicked can be told from all others that the same input makes.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::Value;

use crate::engine::handlers::{Call, Changes, Done, Handlers, Said, Unheard};
use crate::engine::observing;
use crate::engine::sight::Sight;
use crate::host::calling::{self, running};
use crate::host::host::Host;
use crate::host::input::Fault;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::handler::Handler;
use crate::room::upgrade::{Admission, Upgrade};
use std::any::Any;

/// What a call is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A handler: not called for an input that failed.
    Handler,
    /// A hook, or what reads stored data.
    Other,
}

/// A room's code and its state, behind a count of calls.
pub(super) struct RoomCode {
    handlers: Box<dyn Handlers>,
    fault: RefCell<Fault>,
    calls: Cell<u32>,
}

impl RoomCode {
    pub(super) fn new(handlers: Box<dyn Handlers>) -> Self {
        Self { handlers, fault: RefCell::default(), calls: Cell::new(0) }
    }

    /// Whether the commit of this input was refused: whatever else its handlers would do is put off.
    pub(super) fn is_put_off(&self) -> bool {
        matches!(&*self.fault.borrow(), Fault::Failed(Error::Storage))
    }

    /// Why this input fails, if it is known to before its handler is called.
    pub(super) fn has_failed(&self) -> Result<()> {
        match &*self.fault.borrow() {
            Fault::Failed(error) => Err(error.clone()),
            Fault::None | Fault::Calls(_) | Fault::All => Ok(()),
        }
    }

    /// Another input begins.
    pub(super) fn begin(&self, fault: Fault) {
        calling::begin(&fault);
        self.fault.replace(fault);
        self.calls.set(0);
    }

    /// Whether the next call is made. If so it is running until it is said that none is.
    fn enter(&self, kind: Kind) -> Result<()> {
        let nth = self.calls.get();
        self.calls.set(nth + 1);
        match &*self.fault.borrow() {
            Fault::Calls(calls) if calls.contains(&nth) => return Err(Error::Panicked),
            Fault::All => return Err(Error::Panicked),
            Fault::Failed(error) if kind == Kind::Handler => return Err(error.clone()),
            Fault::None | Fault::Calls(_) | Fault::Failed(_) => {}
        }
        running(Some(nth));
        Ok(())
    }

    fn run<T>(&self, kind: Kind, call: impl FnOnce(&dyn Handlers) -> Result<T>) -> Result<T> {
        self.enter(kind)?;
        let result = call(&*self.handlers);
        running(None);
        result
    }

    /// Reads the stored state, unless that was done.
    pub(super) fn load(&mut self, host: &dyn Host) -> Result<()> {
        self.enter(Kind::Other)?;
        let result = self.handlers.load(host);
        running(None);
        result
    }

    pub(super) fn admit(
        &self,
        sight: &Sight<'_>,
        upgrade: &Upgrade,
    ) -> Result<Admission<Box<dyn Any>>> {
        self.run(Kind::Handler, |it| {
            observing::begins(Handler::Admit);
            it.admit(sight, upgrade)
        })
    }

    /// Decodes what was said, has it paid for, and calls `handle_message`. What failed before is paid
    /// for all the same.
    pub(super) fn message(
        &self,
        sight: &Sight<'_>,
        said: Said<'_>,
        pay: &mut dyn FnMut(bool) -> Result<(), Duration>,
    ) -> Result<Done, Unheard> {
        if let Err(error) = self.enter(Kind::Handler) {
            pay(false).map_err(Unheard::Limited)?;
            observing::ended(Handler::Message, sight, None);
            return Err(Unheard::Failed(error));
        }
        observing::begins(Handler::Message);
        let result = self.handlers.message(sight, said, pay);
        if !matches!(result, Err(Unheard::Invalid(_) | Unheard::Limited(_))) {
            observing::ended(Handler::Message, sight, result.as_ref().ok());
        }
        running(None);
        result
    }

    pub(super) fn encode_json(&self, json: &str) -> Result<Frame> {
        self.run(Kind::Other, |it| it.encode_json(json))
    }

    /// Calls a handler or a hook, and checks the effects that it returns.
    pub(super) fn call(&self, sight: &Sight<'_>, call: Call<'_>) -> Result<Done> {
        let kind = if call.is_hook() { Kind::Other } else { Kind::Handler };
        let handler = call.handler();
        let result = self.run(kind, |it| {
            observing::begins(handler);
            it.call(sight, call)
        });
        // One that is not made, because it panicked before, has failed.
        observing::ended(handler, sight, result.as_ref().ok());
        result
    }

    /// Changes the state: `update`'s functions are the room's code too.
    pub(super) fn change(&mut self, changes: Changes) -> Result<()> {
        if changes.is_none() {
            return Ok(());
        }
        let result = self.enter(Kind::Other).and_then(|()| {
            observing::begins(Handler::Message);
            self.handlers.change(changes)
        });
        if result.is_err() {
            observing::undone();
        }
        running(None);
        result
    }

    pub(super) fn state(&self) -> Result<Value> {
        self.run(Kind::Other, Handlers::state)
    }

    pub(super) fn be_strict(&mut self) {
        self.handlers.be_strict();
    }

    pub(super) fn take_state(&mut self) -> Result<Option<String>> {
        self.handlers.take_state()
    }

    pub(super) fn reset(&mut self) {
        self.handlers.reset();
    }

    /// The room itself, for tests and inspection.
    pub(super) fn as_any(&self) -> &dyn Any {
        &*self.handlers
    }
}
