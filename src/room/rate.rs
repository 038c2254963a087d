//! How fast a client may speak.

use std::time::Duration;

use crate::room::limits;
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
/// const LIMIT: RateLimit = RateLimit::new(10, Duration::from_millis(500));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    burst: u32,
    refill: Duration,
}

impl RateLimit {
    /// `burst` frames at once, 1 at least; and one more after each `refill`, 1 ms to
    /// [a day](limits::DAY). The bucket is full again within [`limits::BURST`].
    ///
    /// # Panics
    /// With other values; as a constant it does not compile.
    ///
    /// ```compile_fail
    /// use dormouse::RateLimit;
    /// use std::time::Duration;
    ///
    /// const NONE: RateLimit = RateLimit::new(0, Duration::from_secs(1));
    /// ```
    pub const fn new(burst: u32, refill: Duration) -> Self {
        let (millis, burst_limit) = (refill.as_millis(), limits::BURST.as_millis());
        assert!(burst >= 1, "a burst of 0 lets nothing pass: take 1 or more");
        assert!(
            millis >= 1 && millis <= limits::DAY.as_millis(),
            "a refill takes from a millisecond to a day"
        );
        assert!(
            burst as u128 * millis <= burst_limit,
            "a burst is full again within 30 days: take a smaller burst, or a shorter refill"
        );
        Self { burst, refill }
    }

    /// Takes a token at `now` from a bucket that is full again at `full_at`: when it will be full
    /// after that.
    ///
    /// # Errors
    /// How long to wait for a token, if there is none.
    pub(crate) fn take(self, full_at: Timestamp, now: Timestamp) -> Result<Timestamp, Duration> {
        let whole = self.refill * self.burst;
        let left = match full_at.max(now) {
            // No bucket is emptier than empty: the clock was ahead. One token passes, and sets it right.
            ahead if ahead > now + whole => now + self.refill * (self.burst - 1),
            full_at => full_at,
        };
        let full_at = left + self.refill;
        let wait = (full_at - now).saturating_sub(whole);
        if wait.is_zero() { Ok(full_at) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit::new(3, Duration::from_millis(500));

    #[test]
    fn a_clock_that_was_ahead_locks_nobody_out() {
        let now = Timestamp::from_millis(10_000);
        let ahead = LIMIT.take(Timestamp::default(), now + Duration::from_secs(3_600)).unwrap();
        let full_at = LIMIT.take(ahead, now).unwrap();
        assert_eq!(LIMIT.take(full_at, now), Err(Duration::from_millis(500)));
        assert!(LIMIT.take(full_at, now + Duration::from_millis(500)).is_ok());
    }

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
