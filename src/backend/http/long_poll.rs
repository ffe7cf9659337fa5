//! Decides how long a request for changes may be held open, from how earlier ones ended.
//!
//! A server holds such a request (a long poll) until something changes. A proxy in between may give
//! up earlier, with 504 or by closing the connection. Then shorter waits are requested, which the
//! server can answer in time.

use std::time::{Duration, Instant};

/// A response that comes sooner than this was not held open.
pub(super) const MIN_WAIT: Duration = Duration::from_secs(1);
/// How long waits stay shortened, before a long one is tried again.
const LIMIT_LIFETIME: Duration = Duration::from_mins(10);

/// Whether requests for changes are held open until something changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LongPollState {
    /// No long poll has ended yet.
    Unknown,
    /// The requests are held open.
    Supported,
    /// The requests are cut after this time, by the server or by something in between.
    CutAfter(Duration),
    /// The requests are answered at once, even if nothing has changed.
    Immediate,
}

/// What was learnt from the long polls so far.
#[derive(Debug)]
pub(super) struct LongPoll {
    state: LongPollState,
    /// The longest wait to request, and until when this limit applies.
    limit: Option<(Duration, Instant)>,
    /// Number of connections in a row that were lost during a long poll.
    lost_connections: u32,
}

impl LongPoll {
    pub(super) fn new() -> Self {
        Self { state: LongPollState::Unknown, limit: None, lost_connections: 0 }
    }

    pub(super) fn state(&self) -> LongPollState {
        self.state
    }

    /// Returns the number of seconds to request, given the wait that is wanted.
    pub(super) fn wait_seconds(&self, wait: Duration, now: Instant) -> u64 {
        let limit = self.limit.filter(|(_, until)| now < *until).map_or(wait, |(limit, _)| limit);
        let wait = wait.min(limit);
        // The API accepts whole seconds only; rounds up, so that a short wait does not become none.
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    }

    /// Records that a long poll of `requested` seconds was answered after `elapsed`.
    pub(super) fn record_answer(&mut self, requested: u64, elapsed: Duration, has_news: bool) {
        self.lost_connections = 0;
        if requested > 0 && !has_news {
            let is_immediate = elapsed < MIN_WAIT && requested > MIN_WAIT.as_secs();
            self.state = match self.state {
                _ if is_immediate => LongPollState::Immediate,
                cut @ LongPollState::CutAfter(_) => cut,
                _ => LongPollState::Supported,
            };
        }
    }

    /// Records that a long poll was cut before its end: by a response such as 504
    /// (`is_gateway_timeout`), or by a lost connection. A single lost connection changes nothing,
    /// as it may also be a server that shuts down.
    pub(super) fn record_cut(&mut self, elapsed: Duration, is_gateway_timeout: bool, now: Instant) {
        self.lost_connections += 1;
        if !is_gateway_timeout && self.lost_connections < 2 {
            return;
        }
        self.state = LongPollState::CutAfter(elapsed);
        let limit = Duration::from_secs(elapsed.mul_f32(0.8).as_secs().max(1));
        self.limit = Some((limit, now + LIMIT_LIFETIME));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(25);

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
}
