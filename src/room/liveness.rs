//! Answers that wake nobody, and sockets whose peer is gone.

use crate::room::limits;

/// A text frame and the answer to it, which the platform gives by itself: the room neither wakes for
/// it nor sees it.
///
/// ```
/// use dormouse::AutoResponse;
/// const PING: AutoResponse = AutoResponse::new("ping", "pong");
/// assert_eq!(PING.response(), "pong");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoResponse {
    request: &'static str,
    response: &'static str,
}

impl AutoResponse {
    /// Answers `request` with `response`.
    ///
    /// # Panics
    /// If one is over [`limits::AUTO_RESPONSE_BYTES`]; as a constant it does not compile.
    pub const fn new(request: &'static str, response: &'static str) -> Self {
        assert!(
            request.len() <= limits::AUTO_RESPONSE_BYTES
                && response.len() <= limits::AUTO_RESPONSE_BYTES,
            "an automatic response has 2,048 bytes at most"
        );
        Self { request, response }
    }

    /// The frame that is answered.
    pub const fn request(self) -> &'static str {
        self.request
    }

    /// The answer.
    pub const fn response(self) -> &'static str {
        self.response
    }
}
