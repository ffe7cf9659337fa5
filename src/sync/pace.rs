//! Decides how long to wait before the next request. Pure except for random numbers.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The first and the longest wait after a failure. The wait doubles with each further failure.
const BACKOFF_RANGE: (Duration, Duration) = (super::FIRST_RETRY, Duration::from_mins(1));
/// The shortest and the longest time between two requests if the backend does not hold them: the
/// first right after a change, the other when nothing happens.
const POLL_INTERVAL_RANGE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// A response without news is early if it took less than the allowed wait divided by this: nothing
/// held its request. One that took at least [`MIN_CUT`] is not early: a proxy may hold requests for
/// only so long.
const EARLY_DIVISOR: u32 = 4;
/// After this many early responses in a row, requests are not held, be it because of the backend or
/// of a proxy.
const EARLY_LIMIT: u32 = 2;
/// A held request that failed after it was open for at least this long was cut off on the way.
const MIN_CUT: Duration = Duration::from_secs(2);
/// The number of responses, since requests were found to be cut off, after which longer ones are
/// tried again.
const RETRY_LONGER_AFTER: u32 = 40;

/// Returns a random number from 0 to 1, so that waits are not the same for everybody.
fn random_fraction() -> f64 {
    let hash = RandomState::new().build_hasher().finish();
    #[allow(clippy::cast_precision_loss, reason = "a rough number is wanted")]
    let share = (hash >> 11) as f64 / (1u64 << 53) as f64;
    share
}

/// Returns a random wait between 80 and 120 % of `wait` (jitter).
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.8 + 0.4 * random_fraction())
}

/// Returns how long to wait after a failure that follows `failures` others. The wait is random, so
/// that clients that failed together do not come back together, and at most a minute.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    let doubled = BACKOFF_RANGE.0.saturating_mul(1 << failures.min(10)).min(BACKOFF_RANGE.1);
    jittered(doubled).min(BACKOFF_RANGE.1)
}

/// Decides how requests for changes are spaced.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// How long the next request may be open.
    timeout: Duration,
    /// The upper limit of `timeout`.
    max_timeout: Duration,
    /// The number of early responses in a row.
    early_answers: u32,
    /// The time between two requests if the backend does not hold them.
    interval: Duration,
    /// How long the last failed request was open, if it was cut off.
    cut_after: Option<Duration>,
    /// The number of responses since requests were shortened.
    answers_since_cut: u32,
}

impl Pace {
    pub(super) fn new(max_timeout: Duration) -> Self {
        Self {
            timeout: max_timeout,
            max_timeout,
            early_answers: 0,
            interval: POLL_INTERVAL_RANGE.0,
            cut_after: None,
            answers_since_cut: 0,
        }
    }

    /// Returns how long the next request may be open.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns the time between two requests; `None` if the backend holds requests until something
    /// changes.
    pub(super) fn poll_interval(&self) -> Option<Duration> {
        (self.early_answers >= EARLY_LIMIT || self.timeout.is_zero()).then_some(self.interval)
    }

    /// Records a response to a request that could wait for `wait` and was open for `open`. Returns
    /// how long to wait before the next request, if that is more than the minimum.
    pub(super) fn record_answer(
        &mut self,
        has_news: bool,
        wait: Duration,
        open: Duration,
    ) -> Option<Duration> {
        if let Some(open) = self.cut_after.take() {
            // It answers at once what failed after a while: something on the way cuts requests off.
            let shorter = open.mul_f64(0.7).min(self.max_timeout);
            self.timeout = if shorter < MIN_CUT { Duration::ZERO } else { shorter };
            self.answers_since_cut = 0;
        }
        self.answers_since_cut = self.answers_since_cut.saturating_add(1);
        if self.timeout < self.max_timeout && self.answers_since_cut >= RETRY_LONGER_AFTER {
            self.timeout = self.max_timeout;
        }
        if has_news {
            self.interval = POLL_INTERVAL_RANGE.0;
            // A response with news comes early even if requests are held.
            return self.poll_interval().map(jittered);
        }
        if wait.is_zero() {
            // A refresh was requested: that says nothing about holding.
            if self.timeout.is_zero() {
                self.interval = self.interval.mul_f64(1.5).min(POLL_INTERVAL_RANGE.1);
            }
            return self.poll_interval().map(jittered);
        }
        if open * EARLY_DIVISOR >= wait || open >= MIN_CUT {
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

    /// Records a failed request that could wait for `wait` and was open for `open`.
    pub(super) fn record_failure(&mut self, wait: Duration, open: Duration) {
        self.cut_after = (!wait.is_zero() && open >= MIN_CUT).then_some(open);
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
        let mut pace = Pace::new(S(25));
        assert_eq!(pace.record_answer(false, S(25), S(25)), None);
        assert_eq!(pace.record_answer(true, S(25), S(3)), None);
        assert_eq!(pace.poll_interval(), None);
    }

    #[test]
    fn polling_slows_when_quiet_and_speeds_up_after_a_change() {
        let mut pace = Pace::new(S(25));
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
        // Once requests are held again, that is noticed.
        assert_eq!(pace.record_answer(false, S(25), S(25)), None);
        assert_eq!(pace.poll_interval(), None);
    }

    #[test]
    fn requests_cut_off_on_the_way_are_shortened() {
        let mut pace = Pace::new(S(25));
        pace.record_failure(S(25), S(10));
        assert_eq!(pace.timeout(), S(25));
        pace.record_answer(false, S(0), S(0));
        assert_eq!(pace.timeout(), S(7));
        // Held for its entire time now: nothing polls.
        assert_eq!(pace.record_answer(false, S(7), S(7)), None);
        assert_eq!(pace.poll_interval(), None);
        for _ in 0..RETRY_LONGER_AFTER {
            pace.record_answer(false, S(7), S(7));
        }
        assert_eq!(pace.timeout(), S(25), "it may have been mended");
    }

    #[test]
    fn requests_never_exceed_the_longest_wait() {
        let mut pace = Pace::new(S(25));
        // The time for the response itself was added to the wait, and all of it passed.
        pace.record_failure(S(25), S(55));
        pace.record_answer(false, S(0), S(0));
        assert_eq!(pace.timeout(), S(25));
    }

    #[test]
    fn immediate_failure_is_not_a_cut_off() {
        let mut pace = Pace::new(S(25));
        pace.record_failure(S(25), S(0));
        pace.record_answer(false, S(0), S(0));
        assert_eq!(pace.timeout(), S(25));
    }
}
