//! An error that only the log is told of.

use std::fmt::{self, Write as _};

use crate::room::error::Error;
use crate::room::handler::Handler;

/// A handler's error whose words no client hears: it is for the log.
///
/// These are the errors inside a room, of which a client is told only the [code](Error::code)
/// `internal`; every error of a handler that nobody waits for, like that of an alarm; and
/// what was wrong with the effects of `handle_error`, `handle_invalid` or `handle_limited`. A panic
/// and a refused commit are not among them: the host has logged them, and knows more of them.
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::{Context, Effects, Error, Never, Result, Room, Text};
///
/// struct Scales;
///
/// impl Room for Scales {
///     const NAME: &'static str = "scales";
///     type State = ();
///     type Connection = ();
///     type Upgrade = ();
///     type Message = Text;
///     type Broadcast = Text;
///     type Alarm = Never;
///     type Reply = Never;
///
///     fn handle_message(_: &Context<Self>, text: Text) -> Result<Effects<Self>> {
///         let grams = text.0.parse::<u32>().map_err(Error::execution)?;
///         Ok(Effects::new().broadcast(Text(format!("{grams} g"))))
///     }
/// }
///
/// let room = TestRoom::<Scales>::new("kitchen");
/// room.connect("ada").send_text("a lot");
/// let errors = room.take_errors();
/// assert_eq!(
///     errors[0].to_string(),
///     "handle_message: the handler failed: invalid digit found in string"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerError {
    /// Which handler; of what could not be handled at all, the one that was not called.
    pub handler: Handler,
    /// What went wrong.
    pub error: Error,
}

impl HandlerError {
    /// Of a hook that failed while it was asked what to say of another error.
    pub(crate) fn of_hook(handler: Handler, error: Error) -> Option<Self> {
        (!is_logged(&error)).then_some(Self { handler, error })
    }

    /// What only the log is to be told of an error; none if others are.
    pub(crate) fn unheard(handler: Handler, error: &Error) -> Option<Self> {
        let has_client = matches!(handler, Handler::Admit | Handler::Connect | Handler::Message);
        let is_heard = has_client && error.code() != "internal";
        (!is_heard && !is_logged(error)).then(|| Self { handler, error: error.clone() })
    }
}

/// Whether the host has written a line already, where it was met.
const fn is_logged(error: &Error) -> bool {
    matches!(error, Error::Panicked | Error::Storage)
}

impl fmt::Display for HandlerError {
    /// On one line: an error may quote a client, who is not to write lines of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.handler)?;
        self.error.to_string().chars().try_for_each(|c| {
            if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
        })
    }
}
