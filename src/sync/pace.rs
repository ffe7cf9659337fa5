//! How long to wait before the next question. Pure but for the dice.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The first and the longest wait after a failure; doubled with each one in between.
const BACKOFF_RANGE: (Duration, Duration) = (super::FIRST_RETRY, Duration::from_mins(1));
/// The shortest and the longest time between two questions where nothing is held: the first right
/// after a change, the other when it is quiet.
const POLL_INTERVAL_RANGE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));
/// An answer without news that came within this share of the time it could have waited was not held,
/// unless it was open for [`CUT`]: something in between may hold only for so long.
const EARLY_DIVISOR: u32 = 4;
/// So many of them in a row, and questions are not held by what is in between.
const EARLY_LIMIT: u32 = 2;
/// A held question that failed after it was open for at least this long was cut off on the way.
const MIN_CUT: Duration = Duration::from_secs(2);
/// So long after it was found that questions are cut off, longer ones are tried again.
const RETRY_LONGER_AFTER: u32 = 40;

/// From 0 to 1, for waits that are not the same for everybody.
fn random_fraction() -> f64 {
    let hash = RandomState::new().build_hasher().finish();
    #[allow(clippy::cast_precision_loss, reason = "a rough number is wanted")]
    let share = (hash >> 11) as f64 / (1u64 << 53) as f64;
    share
}

/// A wait of about `wait`: between 80 and 120 hundredths of it.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.8 + 0.4 * random_fraction())
}

/// How long to wait after so many failures before this one; different each time, so that those who
/// failed together do not come back together, and at most a minute.
#[must_use]
pub fn backoff(failures: u32) -> Duration {
    let doubled = BACKOFF_RANGE.0.saturating_mul(1 << failures.min(10)).min(BACKOFF_RANGE.1);
    jittered(doubled).min(BACKOFF_RANGE.1)
}

/// How questions for changes are spaced.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// How long a question may be open.
    timeout: Duration,
    /// The longest that it may ever be.
    max_timeout: Duration,
    /// Answers in a row that were not held.
    early_answers: u32,
    /// The time to the next question where they are not.
    interval: Duration,
    /// How long the question was open that failed last.
    cut_after: Option<Duration>,
    /// Answers since questions were made shorter.
    answers_since_cut: u32,
}

impl Pace {
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            timeout: longest,
            max_timeout: longest,
            early_answers: 0,
            interval: POLL_INTERVAL_RANGE.0,
            cut_after: None,
            answers_since_cut: 0,
        }
    }

    /// How long the next question may be open.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The time between two questions, where the far side does not tell by itself.
    pub(super) fn poll_interval(&self) -> Option<Duration> {
        (self.early_answers >= EARLY_LIMIT || self.timeout.is_zero()).then_some(self.interval)
    }

    /// A question was answered that could wait for `wait` and was open for `open`. Gives how long to
    /// wait before the next one, where that is more than the least.
    pub(super) fn record_answer(
        &mut self,
        news: bool,
        wait: Duration,
        open: Duration,
    ) -> Option<Duration> {
        if let Some(open) = self.cut_after.take() {
            // It answers at once what it did not answer after a while: something cuts off.
            let shorter = open.mul_f64(0.7).min(self.max_timeout);
            self.timeout = if shorter < MIN_CUT { Duration::ZERO } else { shorter };
            self.answers_since_cut = 0;
        }
        self.answers_since_cut = self.answers_since_cut.saturating_add(1);
        if self.timeout < self.max_timeout && self.answers_since_cut >= RETRY_LONGER_AFTER {
            self.timeout = self.max_timeout;
        }
        if news {
            self.interval = POLL_INTERVAL_RANGE.0;
            // That it came early says nothing about whether it would have been held.
            return self.poll_interval().map(jittered);
        }
        if wait.is_zero() {
            // Somebody wanted to know at once.
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

    /// A question failed that could wait for `wait` and was open for `open`.
    pub(super) fn record_failure(&mut self, wait: Duration, open: Duration) {
        self.cut_after = (!wait.is_zero() && open >= MIN_CUT).then_some(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn waits_after_failures_double_up_to_a_minute_and_are_never_the_same() {
        for (failures, seconds) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (60, 60)] {
            let waits: Vec<Duration> = (0..50).map(|_| backoff(failures)).collect();
            let (least, most) = (S(seconds).mul_f64(0.79), S(seconds).mul_f64(1.21).min(S(60)));
            assert!(waits.iter().all(|w| (least..=most).contains(w)), "{failures}: {waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }

    #[test]
    fn questions_that_are_held_are_asked_again_at_once() {
        let mut pace = Pace::new(S(25));
        assert_eq!(pace.record_answer(false, S(25), S(25)), None);
        assert_eq!(pace.record_answer(true, S(25), S(3)), None);
        assert_eq!(pace.poll_interval(), None);
    }

    #[test]
    fn where_nothing_is_held_questions_come_seldom_when_it_is_quiet_and_soon_after_a_change() {
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
        // And once it is held again, that is noticed.
        assert_eq!(pace.record_answer(false, S(25), S(25)), None);
        assert_eq!(pace.poll_interval(), None);
    }

    #[test]
    fn a_question_that_is_cut_off_on_the_way_is_asked_shorter() {
        let mut pace = Pace::new(S(25));
        pace.record_failure(S(25), S(10));
        assert_eq!(pace.timeout(), S(25));
        pace.record_answer(false, S(0), S(0));
        assert_eq!(pace.timeout(), S(7));
        // Held for its whole time now: nothing polls.
        assert_eq!(pace.record_answer(false, S(7), S(7)), None);
        assert_eq!(pace.poll_interval(), None);
        for _ in 0..RETRY_LONGER_AFTER {
            pace.record_answer(false, S(7), S(7));
        }
        assert_eq!(pace.timeout(), S(25), "it may have been mended");
    }

    #[test]
    fn no_question_is_open_for_longer_than_the_longest() {
        let mut pace = Pace::new(S(25));
        // It had an answer's patience on top, and all of it passed.
        pace.record_failure(S(25), S(55));
        pace.record_answer(false, S(0), S(0));
        assert_eq!(pace.timeout(), S(25));
    }

    #[test]
    fn a_question_that_fails_at_once_was_not_cut_off() {
        let mut pace = Pace::new(S(25));
        pace.record_failure(S(25), S(0));
        pace.record_answer(false, S(0), S(0));
        assert_eq!(pace.timeout(), S(25));
    }
}
