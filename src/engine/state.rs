//! A room's state between waking and sleep.

use std::mem;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::check::Change;
use crate::engine::migrate::{Migrate, decode};
use crate::host::host::Host;
use crate::room::error::{Error, Result};
use crate::room::frame::to_json;
use crate::room::limits;

/// The state, read once and written once a commit.
///
/// Whether it fits a stored value is seen when it is encoded, and to encode it for every handler
/// would cost its size for every message. So it is encoded at the commit, and in the rare batch
/// whose commit is too large, the batch is run again in [strict](Self::be_strict) mode, which finds
/// the handler that went too far.
pub(crate) struct State<S> {
    migrate: Migrate<S>,
    value: Option<S>,
    read: bool,
    changed: bool,
    measure: Measure,
}

/// When the size of a state is found out.
enum Measure {
    AtTheCommit,
    /// After every change. The JSON of the state that was good last, none if there is none.
    AtOnce(Option<String>),
}

impl<S: Serialize + DeserializeOwned> State<S> {
    /// A state that has not been read.
    pub(crate) fn new(migrate: Migrate<S>) -> Self {
        Self { migrate, value: None, read: false, changed: false, measure: Measure::AtTheCommit }
    }

    pub(crate) fn get(&self) -> Option<&S> {
        self.value.as_ref()
    }

    /// From now to the commit, every change is measured.
    pub(crate) fn be_strict(&mut self) {
        self.measure = Measure::AtOnce(None);
    }

    /// Reads the stored state, unless that was done.
    pub(crate) fn load(&mut self, host: &dyn Host) -> Result<()> {
        if self.read {
            return Ok(());
        }
        let text = host.state();
        if let Some(text) = &text {
            self.value = Some(read(text, self.migrate)?);
        }
        if let Measure::AtOnce(good) = &mut self.measure {
            *good = text;
        }
        self.read = true;
        Ok(())
    }

    /// Does what a handler wants done to the state. In strict mode a state that is too large is an
    /// error, and the old one is kept.
    pub(crate) fn apply(&mut self, changes: Vec<Change<S>>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        // Before the first of them: a list that fails has changed nothing.
        let mut is_there = self.value.is_some();
        for change in &changes {
            is_there = match change {
                Change::Purge => false,
                Change::Update(update) if !is_there && update.initial.is_none() => {
                    return Err(Error::NoState);
                }
                Change::Save(_) | Change::Update(_) => true,
            };
        }
        for change in changes {
            match change {
                Change::Save(state) => self.value = Some(state),
                Change::Update(update) => update.apply(&mut self.value)?,
                Change::Purge => self.value = None,
            }
        }
        if let Measure::AtOnce(good) = &self.measure {
            match self.encode() {
                Ok(text) => self.measure = Measure::AtOnce(text),
                Err(error) => {
                    // One that cannot be read again is read from the host when it is next asked for.
                    let migrate = self.migrate;
                    let read = good.as_deref().map(|text| read(text, migrate)).transpose();
                    self.read = read.is_ok();
                    self.value = read.unwrap_or_default();
                    return Err(error);
                }
            }
        }
        self.changed = true;
        Ok(())
    }

    /// What the commit writes; none if no handler changed anything, or nothing is left.
    pub(crate) fn take(&mut self) -> Result<Option<String>> {
        let text = match mem::replace(&mut self.measure, Measure::AtTheCommit) {
            _ if !self.changed => None,
            Measure::AtTheCommit => self.encode()?,
            Measure::AtOnce(good) => good,
        };
        self.changed = false;
        Ok(text)
    }

    fn encode(&self) -> Result<Option<String>> {
        let Some(state) = &self.value else {
            return Ok(None);
        };
        let text = to_json("the state", state)?;
        let (limit, size) = (limits::VALUE_BYTES, text.len());
        if size > limit { Err(Error::StateTooLarge { limit, size }) } else { Ok(Some(text)) }
    }
}

fn read<S: DeserializeOwned>(text: &str, migrate: Migrate<S>) -> Result<S> {
    decode(text, migrate).map_err(|error| Error::StateUnreadable { reason: error.to_string() })
}
