//! A room's state between waking and sleep.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::check::Change;
use crate::frame::to_json;
use crate::{Error, Host, Result, limits};

/// The state, read once and written once a commit.
///
/// Whether it fits a stored value is seen when it is encoded, and to encode it for every handler
/// would cost its size for every message. So it is encoded at the commit, and in the rare batch
/// whose commit is too large, the batch is run again in [strict](Self::be_strict) mode, which finds
/// the handler that went too far.
pub(crate) struct State<S> {
    value: Option<S>,
    read: bool,
    changed: bool,
    /// In strict mode: the JSON of `value`.
    strict: Option<Option<String>>,
}

impl<S: Serialize + DeserializeOwned> State<S> {
    /// A state that has not been read.
    pub(crate) fn new() -> Self {
        Self {
            value: None,
            read: false,
            changed: false,
            strict: None,
        }
    }

    pub(crate) fn get(&self) -> Option<&S> {
        self.value.as_ref()
    }

    /// From now to the commit, every change is measured.
    pub(crate) fn be_strict(&mut self) {
        self.strict = Some(None);
    }

    /// Reads the stored state, unless that was done.
    pub(crate) fn load(&mut self, host: &dyn Host) -> Result<()> {
        if self.read {
            return Ok(());
        }
        let text = host.state();
        if let Some(text) = &text {
            self.value = Some(decode(text)?);
        }
        if let Some(measured) = &mut self.strict {
            *measured = text;
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
        for change in changes {
            match change {
                Change::Save(state) => self.value = Some(state),
                Change::Update(update) => {
                    if let Some(state) = &mut self.value {
                        update(state);
                    }
                }
                Change::Purge => self.value = None,
            }
        }
        if self.strict.is_some() {
            match self.encode() {
                Ok(text) => self.strict = Some(text),
                Err(error) => {
                    let old = self.strict.as_ref().and_then(Option::as_deref);
                    self.value = old.map(decode).transpose()?;
                    return Err(error);
                }
            }
        }
        self.changed = true;
        Ok(())
    }

    /// What the commit writes; none if no handler changed anything, or nothing is left.
    pub(crate) fn take(&mut self) -> Result<Option<String>> {
        let text = if !self.changed {
            None
        } else if let Some(measured) = self.strict.take() {
            measured
        } else {
            self.encode()?
        };
        self.changed = false;
        self.strict = None;
        Ok(text)
    }

    fn encode(&self) -> Result<Option<String>> {
        let Some(state) = &self.value else {
            return Ok(None);
        };
        let text = to_json("the state", state)?;
        let (limit, size) = (limits::VALUE_BYTES, text.len());
        if size > limit {
            Err(Error::StateTooLarge { limit, size })
        } else {
            Ok(Some(text))
        }
    }
}

fn decode<S: DeserializeOwned>(text: &str) -> Result<S> {
    serde_json::from_str(text).map_err(|error| Error::StateUnreadable {
        reason: error.to_string(),
    })
}
