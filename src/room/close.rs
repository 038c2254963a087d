//! How a connection ends.

use crate::room::error::{Error, Result};
use crate::room::limits;

/// A close code that can be sent.
///
/// ```
/// use dormouse::{CloseCode, Error};
///
/// assert_eq!(CloseCode::new(4001).unwrap().get(), 4001);
/// assert_eq!(CloseCode::new(1005), Err(Error::InvalidCloseCode { code: 1005 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: an endpoint goes away.
    pub const AWAY: Self = Self(1001);
    /// 1002: what was sent is not of the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// 1008: a rule was broken for which there is no other code.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message too big to be handled.
    pub const TOO_BIG: Self = Self(1009);
    /// 1011: the server met something it did not expect.
    pub const UNEXPECTED: Self = Self(1011);
    /// 1012: the service restarts, or the session goes on elsewhere.
    pub const RESTART: Self = Self(1012);

    /// A code from its number.
    ///
    /// # Errors
    /// [`Error::InvalidCloseCode`] for a number that a close frame cannot carry: below 1000, above
    /// 4999, and 1004, 1005, 1006 and 1015, which RFC 6455 (7.4.1) reserves.
    pub const fn new(code: u16) -> Result<Self> {
        match code {
            1004 | 1005 | 1006 | 1015 => Err(Error::InvalidCloseCode { code }),
            1000..=4999 => Ok(Self(code)),
            _ => Err(Error::InvalidCloseCode { code }),
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// How a connection ended, as `handle_close` is told.
///
/// ```
/// let close = dormouse::Close { code: 1006, reason: String::new(), was_clean: false };
/// assert!(!close.was_clean);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code: the client's, or the room's own if the room closed. 1005 if the client gave none,
    /// 1006 if the line was cut.
    pub code: u16,
    /// The reason that went with it.
    pub reason: String,
    /// Whether there was a close frame.
    pub was_clean: bool,
}

impl Close {
    /// A line that ended without a close frame.
    pub fn cut() -> Self {
        Self { code: 1006, reason: String::new(), was_clean: false }
    }

    /// What to answer the client with: its own code where that can be sent, else 1000. Without an
    /// answer the client would wait for ever.
    pub(crate) fn answer(&self) -> CloseCode {
        CloseCode::new(self.code).unwrap_or(CloseCode::NORMAL)
    }
}

/// A reason that fits a close frame.
pub(crate) fn check_reason(reason: &str) -> Result<()> {
    let (limit, size) = (limits::CLOSE_REASON_BYTES, reason.len());
    if size > limit { Err(Error::CloseReasonTooLong { limit, size }) } else { Ok(()) }
}
