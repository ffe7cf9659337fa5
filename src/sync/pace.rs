//! Decides how long to wait before the next request: after a failure, and between requests for
//! changes that the backend does not hold. Pure except for random numbers.
//!
//! How long a request may be held is not decided here. The poller wants [`LONG_POLL_TIMEOUT`]; the
//! HTTP client shortens that if a proxy cuts such requests off (`backend::http::long_poll`). The
//! rules of this file:
//!
//! 1. Two responses without news in a row that came early show that requests are not held. From then
//!    on they are sent at intervals, until one is held again.
//! 2. The interval is two seconds after a change, and grows to half a minute while nothing happens.
//! 3. A response with news, or to a request that should not wait, is not evidence on holding.

use std::time::Duration;

/// How long the backend may hold one request for changes (long poll).
pub const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(25);

/// When a response is overdue by this much, the shown data counts as stale.
pub const GRACE: Duration = Duration::from_secs(5);

/// The wait before the first retry of a failed request.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How long after the first failure a third request in a row has failed: the second is sent after
/// the first wait, and the third after twice that.
pub const THIRD_FAILURE_AFTER: Duration = FIRST_RETRY.saturating_mul(3);

/// The first and the longest wait after a failure. The wait doubles with each further failure.
const BACKOFF_RANGE: (Duration, Duration) = (FIRST_RETRY, Duration::from_mins(1));
/// The shortest and the longest time between two requests if the backend does not hold them: the
/// first right after a change, the other when nothing happens.
const POLL_INTERVAL_RANGE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// A response without news is early if it took less than the allowed wait divided by this: nothing
/// held its request. One that took at least [`MIN_LONG_POLL`] is not early: a proxy may hold requests for
/// only so long.
const EARLY_DIVISOR: u32 = 4;
/// A response without news that took at least this long was held.
const MIN_LONG_POLL: Duration = Duration::from_secs(2);
/// After this many early responses in a row, requests are considered not held, because of the
/// backend or of a proxy.
const EARLY_LIMIT: u32 = 2;

/// Returns a random wait between 80 and 120 % of `wait` (jitter), so that waits are not the same for
/// everybody.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.8 + 0.4 * fastrand::f64())
}

/// Returns how long to wait after a failure that follows `failures` others. The wait is random, so
/// that clients that failed together do not retry together, and at most a minute.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    let doubled = BACKOFF_RANGE.0.saturating_mul(1 << failures.min(10)).min(BACKOFF_RANGE.1);
    jittered(doubled).min(BACKOFF_RANGE.1)
}

/// Decides how requests for changes are spaced.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// The number of early responses in a row.
    early_answers: u32,
    /// The time between two requests if the backend does not hold them.
    interval: Duration,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { early_answers: 0, interval: POLL_INTERVAL_RANGE.0 }
    }

    /// Returns the time between two requests; `None` if the backend holds requests until something
    /// changes.
    pub(super) fn poll_interval(&self) -> Option<Duration> {
        (self.early_answers >= EARLY_LIMIT).then_some(self.interval)
    }

    /// Records a response to a request that could wait for `wait` and was open for `open`. Returns
    /// how long to wait before the next request, if that is more than the minimum.
    pub(super) fn record_answer(
        &mut self,
        has_news: bool,
        wait: Duration,
        open: Duration,
    ) -> Option<Duration> {
        if has_news {
            self.interval = POLL_INTERVAL_RANGE.0;
            // A response with news comes early even if requests are held.
            return self.poll_interval().map(jittered);
        }
        if wait.is_zero() {
            // A refresh was requested: that is not evidence on holding.
            return self.poll_interval().map(jittered);
        }
        if open * EARLY_DIVISOR >= wait || open >= MIN_LONG_POLL {
            self.early_answers = 0;
            self.interval = POLL_INTERVAL_RANGE.0;
            return None;
        }
        self.early_answers = self.early_answers.saturating_add(1);
        if self.early_answers >= EARLY_LIMIT {
            self.interval = self.interval.mul_f64(1.5).min(POLL_INTERVAL_RANGE.1);
            return Some(jittered(self.interval));
        }
        Some(jittered(POLL_INTERVAL_RANGE.0 / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn backoff_doubles_up_to_a_minute_with_jitter() {
        for (failures, seconds) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (60, 60)] {
            let waits: Vec<Duration> = (0..50).map(|_| backoff(failures)).collect();
            let (least, most) = (S(seconds).mul_f64(0.79), S(seconds).mul_f64(1.21).min(S(60)));
            assert!(waits.iter().all(|w| (least..=most).contains(w)), "{failures}: {waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }

    #[test]
    fn long_polls_are_repeated_at_once() {
        let mut pace = Pace::new();
        assert_eq!(pace.record_answer(false, S(25), S(25)), None);
        assert_eq!(pace.record_answer(true, S(25), S(3)), None);
        assert_eq!(pace.poll_interval(), None);
    }

    #[test]
    fn polling_slows_when_quiet_and_speeds_up_after_a_change() {
        let mut pace = Pace::new();
        assert!(pace.record_answer(false, S(25), S(0)).is_some());
        assert_eq!(pace.poll_interval(), None, "one early answer is no proof");
        let mut waits = Vec::new();
        for _ in 0..12 {
            waits.push(pace.record_answer(false, S(25), S(0)).unwrap());
        }
        assert!(waits[0] < S(4) && waits[11] >= S(24) && waits[11] <= S(36), "{waits:?}");
        assert_eq!(pace.poll_interval(), Some(S(30)));
        let wait = pace.record_answer(true, S(25), S(0)).unwrap();
        assert!(wait < S(3), "{wait:?}");
        // Once requests are held again, that is detected.
        assert_eq!(pace.record_answer(false, S(25), S(25)), None);
        assert_eq!(pace.poll_interval(), None);
    }

    #[test]
    fn long_polls_shorter_than_wanted_are_not_early() {
        let mut pace = Pace::new();
        for _ in 0..3 {
            assert_eq!(pace.record_answer(false, S(25), S(7)), None);
            assert_eq!(pace.record_answer(false, S(25), MIN_LONG_POLL), None);
        }
        assert_eq!(pace.poll_interval(), None);
    }
}
