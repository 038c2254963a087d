//! A room's code behind a trait object, so that the engine is compiled once and not for each room.

use std::any::Any;
use std::time::Duration;

use serde_json::Value;

use crate::engine::check::{Change, Checked, Step, check};
use crate::engine::migrate::decode;
use crate::engine::sight::Sight;
use crate::engine::state::State;
use crate::host::host::Host;
use crate::room::close::Close;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::to_value;
use crate::room::frame::{Decode, Encode, Frame};
use crate::room::handler::Handler;
use crate::room::letter::Answer;
use crate::room::liveness::AutoResponse;
use crate::room::rate::RateLimit;
use crate::room::resume::Resume;
use crate::room::room::{Room, check_constants};
use crate::room::upgrade::{Admission, Upgrade};

/// What a room says of itself once and for all.
#[derive(Clone, Copy)]
pub(crate) struct Traits {
    pub(crate) max_frame_bytes: usize,
    pub(crate) auto_response: Option<AutoResponse>,
    pub(crate) resume: Option<Resume>,
    pub(crate) presumed_gone_after: Option<Duration>,
    pub(crate) rate_limit: Option<RateLimit>,
}

impl Traits {
    pub(crate) const fn of<R: Room>() -> Self {
        const { check_constants::<R>() };
        Self {
            max_frame_bytes: R::MAX_FRAME_BYTES,
            auto_response: R::AUTO_RESPONSE,
            resume: R::RESUME,
            presumed_gone_after: R::PRESUMED_GONE_AFTER,
            rate_limit: R::RATE_LIMIT,
        }
    }
}

/// Which handler is called, and with what beside the context.
pub(crate) enum Call<'a> {
    Connect(&'a Upgrade),
    Close(&'a Close),
    Alarm(&'a str),
    Reply(&'a str, Answer),
    Invalid(&'a Frame, &'a Error),
    Limited(Duration),
    Failed(Handler, &'a Error),
}

impl Call<'_> {
    /// Whether it says what to do with an input that failed.
    pub(crate) const fn is_hook(&self) -> bool {
        matches!(self, Self::Invalid(..) | Self::Limited(_) | Self::Failed(..))
    }

    pub(crate) const fn handler(&self) -> Handler {
        match self {
            Self::Connect(_) => Handler::Connect,
            Self::Close(_) => Handler::Close,
            Self::Alarm(_) => Handler::Alarm,
            Self::Reply(..) => Handler::Reply,
            Self::Invalid(..) => Handler::Invalid,
            Self::Limited(_) => Handler::Limited,
            Self::Failed(..) => Handler::Error,
        }
    }
}

/// What was said: by a client, or by the Worker or a sibling.
#[derive(Clone, Copy)]
pub(crate) enum Said<'a> {
    Frame(&'a Frame),
    Json(&'a str),
}

/// Why a message was not handled.
pub(crate) enum Unheard {
    /// It is no message of this room.
    Invalid(Error),
    /// It came too fast.
    Limited(Duration),
    /// Its handler failed.
    Failed(Error),
}

impl From<Error> for Unheard {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A room's state and its code.
pub(crate) trait Handlers: Any {
    /// Reads the stored state, unless that was done.
    fn load(&mut self, host: &dyn Host) -> Result<()>;
    /// The state as an API call reads it.
    fn state(&self) -> Result<Value>;
    /// From now to the commit, every change of the state is measured.
    fn be_strict(&mut self);
    /// What the commit writes of the state; none if nothing changed, or nothing is left.
    fn take_state(&mut self) -> Result<Option<String>>;
    /// Forgets the state; it will be read again.
    fn reset(&mut self);
    fn admit(&self, sight: &Sight<'_>, upgrade: &Upgrade) -> Result<Admission<Box<dyn Any>>>;
    /// Decodes a message, has it paid for (or not, if it is exempt), and calls its handler.
    fn message(
        &self,
        sight: &Sight<'_>,
        said: Said<'_>,
        pay: &mut dyn FnMut(bool) -> Result<(), Duration>,
    ) -> Result<Done, Unheard>;
    fn encode_json(&self, json: &str) -> Result<Frame>;
    /// Calls a handler, and checks the effects that it returns.
    fn call(&self, sight: &Sight<'_>, call: Call<'_>) -> Result<Done>;
    /// Changes the state. It is left as it was if it becomes too large, as far as that is seen now.
    fn change(&mut self, changes: Changes) -> Result<()>;
}

/// What a handler's effects do to the state, whatever its type; none if nothing.
pub(crate) type Changes = Option<Box<dyn Any>>;

/// What a handler wants done, and was found good.
pub(crate) struct Done {
    pub(crate) changes: Changes,
    pub(crate) steps: Vec<Step>,
}

/// The handlers of a room, with the state that they read.
pub(crate) struct Typed<R: Room> {
    pub(crate) state: State<R::State>,
}

impl<R: Room> Typed<R> {
    pub(crate) fn new() -> Self {
        Self { state: State::new(R::migrate_state) }
    }
}

impl<R: Room> Handlers for Typed<R> {
    fn load(&mut self, host: &dyn Host) -> Result<()> {
        self.state.load(host)
    }

    fn state(&self) -> Result<Value> {
        to_value("the state", &self.state.get())
    }

    fn be_strict(&mut self) {
        self.state.be_strict();
    }

    fn take_state(&mut self) -> Result<Option<String>> {
        self.state.take()
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn admit(&self, sight: &Sight<'_>, upgrade: &Upgrade) -> Result<Admission<Box<dyn Any>>> {
        let Admission { id, tags, state } =
            R::admit(&Context::new(sight, self.state.get()), upgrade.newcomer()?)?;
        Ok(Admission { id, tags, state: Box::new(state) })
    }

    fn message(
        &self,
        sight: &Sight<'_>,
        said: Said<'_>,
        pay: &mut dyn FnMut(bool) -> Result<(), Duration>,
    ) -> Result<Done, Unheard> {
        let message = match said {
            Said::Frame(frame) => R::Message::decode(frame),
            Said::Json(json) => R::Message::decode_json(json),
        };
        let is_exempt = message.as_ref().is_ok_and(|message| !R::takes_token(message));
        pay(is_exempt).map_err(Unheard::Limited)?;
        let message = message.map_err(Unheard::Invalid)?;
        let effects = R::handle_message(&Context::new(sight, self.state.get()), message)?;
        Ok(done(effects, sight)?)
    }

    fn encode_json(&self, json: &str) -> Result<Frame> {
        R::Broadcast::encode_json(json)
    }

    fn call(&self, sight: &Sight<'_>, call: Call<'_>) -> Result<Done> {
        let cx = Context::<R>::new(sight, self.state.get());
        let effects = match call {
            Call::Connect(upgrade) => R::handle_connect(&cx, &upgrade.data()?)?,
            Call::Close(close) => R::handle_close(&cx, close)?,
            Call::Alarm(payload) => {
                let alarm = decode(payload, R::migrate_alarm)
                    .map_err(|error| Error::PayloadUnreadable { reason: error.to_string() })?;
                R::handle_alarm(&cx, alarm)?
            }
            Call::Reply(about, answer) => {
                let about = decode(about, R::migrate_reply)
                    .map_err(|error| Error::PayloadUnreadable { reason: error.to_string() })?;
                R::handle_reply(&cx, about, answer)?
            }
            Call::Invalid(frame, error) => R::handle_invalid(&cx, frame, error),
            Call::Limited(wait) => R::handle_limited(&cx, wait),
            Call::Failed(handler, error) => R::handle_error(&cx, handler, error),
        };
        done(effects, sight)
    }

    fn change(&mut self, changes: Changes) -> Result<()> {
        let Some(changes) = changes else { return Ok(()) };
        let changes: Box<Vec<Change<R::State>>> =
            changes.downcast().expect("changes of this room's state");
        self.state.apply(*changes)
    }
}

fn done<R: Room>(effects: Effects<R>, sight: &Sight<'_>) -> Result<Done> {
    let Checked { changes, steps } = check(effects, sight)?;
    let changes: Changes = if changes.is_empty() { None } else { Some(Box::new(changes)) };
    Ok(Done { changes, steps })
}
