//! How fast a client may speak.

use std::time::Duration;

use crate::room::time::Timestamp;

/// A token bucket for each connection: so many frames at once, then one more after each refill.
///
/// A frame that is refused takes no token, so it does not lengthen the wait. The bucket is kept with
/// the connection, in its attachment: it survives sleep, and costs no write to storage.
///
/// ```
/// use dormouse::RateLimit;
/// use std::time::Duration;
///
/// // 10 frames at once, then 2 a second.
/// let limit = RateLimit { burst: 10, refill: Duration::from_millis(500) };
/// assert_eq!(limit.burst, 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many frames a rested connection may send at once.
    pub burst: u32,
    /// How long until it may send one more.
    pub refill: Duration,
}

impl RateLimit {
    /// Takes a token at `now` from a bucket that is full again at `full_at`: when it will be full
    /// after that.
    ///
    /// # Errors
    /// How long to wait for a token, if there is none.
    pub(crate) fn take(self, full_at: Timestamp, now: Timestamp) -> Result<Timestamp, Duration> {
        let full_at = full_at.max(now) + self.refill;
        let wait = (full_at - now).saturating_sub(self.refill * self.burst);
        if wait.is_zero() { Ok(full_at) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { burst: 3, refill: Duration::from_millis(500) };

    #[test]
    fn a_burst_passes_and_what_is_refused_does_not_lengthen_the_wait() {
        let now = Timestamp::from_millis(10_000);
        let mut full_at = Timestamp::default();
        for _ in 0..3 {
            full_at = LIMIT.take(full_at, now).unwrap();
        }
        for _ in 0..100 {
            assert_eq!(LIMIT.take(full_at, now), Err(Duration::from_millis(500)));
        }
        let later = now + Duration::from_millis(500);
        full_at = LIMIT.take(full_at, later).unwrap();
        assert_eq!(LIMIT.take(full_at, later), Err(Duration::from_millis(500)));
    }
}
