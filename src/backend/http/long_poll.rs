//! Decides how long requests for changes may be held open (long polls). Pure.
//!
//! A server holds such a request until something changes. A proxy in between may give up earlier.
//! Only this module remembers after what time requests were cut. `sync::pace` decides how soon the
//! next request follows; it only gets whether requests were held. The rules:
//!
//! 1. A request is held for as long as the caller wants, rounded up to a full second.
//! 2. A request that was cut before its time (by an answer such as 504, or by a connection that was
//!    lost) is no failure. After such an answer, or two lost connections in a row, requests are
//!    held for at most 80 % of the time after which it was cut, at least a second, for
//!    [`LIMIT_LIFETIME`].
//! 3. A request that failed after it was open for at least [`MIN_CUT`] was cut too if the next one
//!    is answered: then requests are held for at most 70 % of that time, and not at all if that is
//!    less than [`MIN_CUT`], for [`LIMIT_ANSWERS`] answers.
//! 4. When a limit has ended, requests are held for as long as the caller wants again: by then they
//!    may reach the server over another route.

use std::time::{Duration, Instant};

/// The shortest wait; a request that ends sooner was not held.
pub(super) const MIN_WAIT: Duration = Duration::from_secs(1);
/// How long requests stay shorter after one was cut before its time.
const LIMIT_LIFETIME: Duration = Duration::from_mins(10);
/// The number of answers for which requests stay shorter after one failed while it was held.
const LIMIT_ANSWERS: u32 = 40;
/// A held request that failed after it was open for at least this long was cut off on the way.
const MIN_CUT: Duration = Duration::from_secs(2);

/// Whether requests for changes are held open until something changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LongPollState {
    /// No request has ended yet.
    Unknown,
    /// Requests are held open until something changes, or for the requested time.
    Supported,
    /// Requests are cut after this time, by the server or by something in between.
    CutAfter(Duration),
    /// Requests are answered immediately, also without news.
    Immediate,
}

/// How long requests may be held for a while, because longer ones were cut.
#[derive(Debug)]
struct Limit {
    max: Duration,
    end: LimitEnd,
}

/// When a limit ends.
#[derive(Debug)]
enum LimitEnd {
    At(Instant),
    /// After this many answers.
    AfterAnswers(u32),
}

/// The facts known about how long requests for changes are held.
#[derive(Debug)]
pub(super) struct LongPoll {
    state: LongPollState,
    limit: Option<Limit>,
    /// How many connections in a row were lost while a request was held.
    lost_connections: u32,
    /// How long the last request was open, if it failed after it was held.
    failed_after: Option<Duration>,
}

impl LongPoll {
    pub(super) fn new() -> Self {
        let state = LongPollState::Unknown;
        Self { state, limit: None, lost_connections: 0, failed_after: None }
    }

    pub(super) fn state(&self) -> LongPollState {
        self.state
    }

    /// Returns for how many seconds the next request may be held if the caller wants `wait`.
    pub(super) fn wait_seconds(&self, wait: Duration, now: Instant) -> u64 {
        let limit = self.limit.as_ref().filter(|limit| match limit.end {
            LimitEnd::At(end) => now < end,
            LimitEnd::AfterAnswers(count) => count > 0,
        });
        let wait = limit.map_or(wait, |limit| wait.min(limit.max));
        // Full seconds, and rather more than less.
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    }

    /// Records the answer to a request that could be held for `requested` seconds and was open for
    /// `open`.
    pub(super) fn record_answer(&mut self, requested: u64, open: Duration, has_news: bool) {
        self.lost_connections = 0;
        if let Some(Limit { end: LimitEnd::AfterAnswers(count), .. }) = &mut self.limit {
            *count = count.saturating_sub(1);
        }
        if let Some(open) = self.failed_after.take() {
            let shorter = open.mul_f64(0.7);
            let max = if shorter < MIN_CUT { 0 } else { shorter.as_secs() };
            let max = Duration::from_secs(max);
            self.limit = Some(Limit { max, end: LimitEnd::AfterAnswers(LIMIT_ANSWERS - 1) });
        }
        if requested > 0 && !has_news {
            let is_immediate = open < MIN_WAIT && requested > MIN_WAIT.as_secs();
            self.state = match self.state {
                _ if is_immediate => LongPollState::Immediate,
                cut @ LongPollState::CutAfter(_) => cut,
                _ => LongPollState::Supported,
            };
        }
    }

    /// Records that a request was cut before its time, after it was open for `open`: by an answer
    /// such as 504, or by a lost connection, which can also mean that the server ended.
    pub(super) fn record_cut(&mut self, open: Duration, by_answer: bool, now: Instant) {
        self.failed_after = None;
        self.lost_connections += 1;
        if !by_answer && self.lost_connections < 2 {
            return;
        }
        self.state = LongPollState::CutAfter(open);
        let max = Duration::from_secs(open.mul_f32(0.8).as_secs().max(1));
        self.limit = Some(Limit { max, end: LimitEnd::At(now + LIMIT_LIFETIME) });
    }

    /// Records that a request failed that could be held for `requested` seconds and was open for
    /// `open`.
    pub(super) fn record_failure(&mut self, requested: u64, open: Duration) {
        self.failed_after = (requested > 0 && open >= MIN_CUT).then_some(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(25);
    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn wait_is_rounded_up_to_full_seconds() {
        let (long_poll, now) = (LongPoll::new(), Instant::now());
        let seconds = |ms| long_poll.wait_seconds(Duration::from_millis(ms), now);
        assert_eq!(
            (seconds(0), seconds(1), seconds(200), seconds(1000), seconds(25_000)),
            (0, 1, 1, 1, 25)
        );
    }

    #[test]
    fn waits_are_shortened_for_a_while_after_a_gateway_timeout() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        long_poll.record_cut(Duration::from_secs(10), true, now);
        assert_eq!(long_poll.state(), LongPollState::CutAfter(Duration::from_secs(10)));
        assert_eq!(long_poll.wait_seconds(WAIT, now), 8);
        long_poll.record_answer(8, Duration::from_secs(8), false);
        assert_eq!(long_poll.state(), LongPollState::CutAfter(Duration::from_secs(10)));
        assert_eq!(long_poll.wait_seconds(WAIT, now + LIMIT_LIFETIME), 25);
    }

    #[test]
    fn waits_are_shortened_after_the_second_lost_connection() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        long_poll.record_cut(Duration::from_secs(3), false, now);
        assert_eq!(
            (long_poll.wait_seconds(WAIT, now), long_poll.state()),
            (25, LongPollState::Unknown)
        );
        long_poll.record_answer(25, WAIT, false);
        long_poll.record_cut(Duration::from_secs(3), false, now);
        assert_eq!(
            (long_poll.wait_seconds(WAIT, now), long_poll.state()),
            (25, LongPollState::Supported)
        );
        long_poll.record_cut(Duration::from_secs(3), false, now);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 2);
    }

    #[test]
    fn answer_at_once_without_news_is_immediate() {
        let mut long_poll = LongPoll::new();
        long_poll.record_answer(25, Duration::from_millis(3), true);
        assert_eq!(long_poll.state(), LongPollState::Unknown);
        long_poll.record_answer(25, Duration::from_millis(3), false);
        assert_eq!(long_poll.state(), LongPollState::Immediate);
        long_poll.record_answer(25, WAIT, false);
        assert_eq!(long_poll.state(), LongPollState::Supported);
    }

    #[test]
    fn requests_cut_off_on_the_way_are_shortened() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        long_poll.record_failure(25, S(10));
        assert_eq!(long_poll.wait_seconds(WAIT, now), 25);
        long_poll.record_answer(0, S(0), false);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 7);
        long_poll.record_answer(7, S(7), false);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 7);
        for _ in 0..LIMIT_ANSWERS {
            long_poll.record_answer(7, S(7), false);
        }
        assert_eq!(long_poll.wait_seconds(WAIT, now), 25, "it may have been mended");
    }

    #[test]
    fn requests_that_fail_soon_end_long_polling() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        long_poll.record_failure(25, MIN_CUT);
        long_poll.record_answer(0, S(0), false);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 0);
    }

    #[test]
    fn requests_never_exceed_the_longest_wait() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        // The time for the response itself was added to the wait, and all of it passed.
        long_poll.record_failure(25, S(55));
        long_poll.record_answer(0, S(0), false);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 25);
    }

    #[test]
    fn immediate_failure_is_not_a_cut_off() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        long_poll.record_failure(25, S(0));
        long_poll.record_answer(0, S(0), false);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 25);
    }

    #[test]
    fn failure_after_a_wait_is_forgotten_with_the_next_one() {
        let (mut long_poll, now) = (LongPoll::new(), Instant::now());
        long_poll.record_failure(25, S(10));
        long_poll.record_failure(0, S(3));
        long_poll.record_answer(0, S(0), false);
        assert_eq!(long_poll.wait_seconds(WAIT, now), 25);
    }
}
