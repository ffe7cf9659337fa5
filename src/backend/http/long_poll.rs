//! How long a question for changes is held open, and what cuts it short.
//!
//! A server holds it until something changes. A proxy in between may give up earlier, by 504 or by
//! cutting the connection: then shorter questions are asked, which the server answers in time.

use std::time::{Duration, Instant};

/// What came sooner was no wait.
pub(super) const MIN_WAIT: Duration = Duration::from_secs(1);
/// So long shorter questions are asked, before a long one is tried again.
const LIMIT_LIFETIME: Duration = Duration::from_mins(10);

/// Whether questions for changes are held open until something changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LongPollState {
    /// None has ended yet.
    Unknown,
    /// They are.
    Supported,
    /// They are cut after so long, by the server or by something in between.
    CutAfter(Duration),
    /// They are answered at once, also without news.
    Immediate,
}

/// What was learnt about it.
#[derive(Debug)]
pub(super) struct LongPoll {
    state: LongPollState,
    /// The longest question that is asked until then.
    limit: Option<(Duration, Instant)>,
    /// Connections that went away while a question was open, one after another.
    lost_connections: u32,
}

impl LongPoll {
    pub(super) fn new() -> Self {
        Self { state: LongPollState::Unknown, limit: None, lost_connections: 0 }
    }

    pub(super) fn state(&self) -> LongPollState {
        self.state
    }

    /// How long a question is to be held, in whole seconds, where `wait` is wanted.
    pub(super) fn wait_seconds(&self, wait: Duration, now: Instant) -> u64 {
        let most = self.limit.filter(|(_, until)| now < *until).map_or(wait, |(most, _)| most);
        let wait = wait.min(most);
        // Whole seconds, and rather more than less.
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    }

    /// A question was answered.
    pub(super) fn record_answer(&mut self, asked: u64, after: Duration, news: bool) {
        self.lost_connections = 0;
        if asked > 0 && !news {
            let at_once = after < MIN_WAIT && asked > MIN_WAIT.as_secs();
            self.state = match self.state {
                _ if at_once => LongPollState::Immediate,
                cut @ LongPollState::CutAfter(_) => cut,
                _ => LongPollState::Supported,
            };
        }
    }

    /// A question was cut before its time: `said` by an answer such as 504, or by a connection that
    /// went away, which can also be a server that ends.
    pub(super) fn record_cut(&mut self, after: Duration, said: bool, now: Instant) {
        self.lost_connections += 1;
        if !said && self.lost_connections < 2 {
            return;
        }
        self.state = LongPollState::CutAfter(after);
        let most = Duration::from_secs(after.mul_f32(0.8).as_secs().max(1));
        self.limit = Some((most, now + LIMIT_LIFETIME));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(25);

    #[test]
    fn a_wait_is_asked_for_in_whole_seconds_and_never_less() {
        let (hold, now) = (LongPoll::new(), Instant::now());
        let asked = |ms| hold.wait_seconds(Duration::from_millis(ms), now);
        assert_eq!((asked(0), asked(1), asked(200), asked(1000), asked(25_000)), (0, 1, 1, 1, 25));
    }

    #[test]
    fn where_a_proxy_gives_up_shorter_questions_are_asked_for_a_while() {
        let (mut hold, now) = (LongPoll::new(), Instant::now());
        hold.record_cut(Duration::from_secs(10), true, now);
        assert_eq!(hold.state(), LongPollState::CutAfter(Duration::from_secs(10)));
        assert_eq!(hold.wait_seconds(WAIT, now), 8);
        hold.record_answer(8, Duration::from_secs(8), false);
        assert_eq!(hold.state(), LongPollState::CutAfter(Duration::from_secs(10)));
        assert_eq!(hold.wait_seconds(WAIT, now + LIMIT_LIFETIME), 25);
    }

    #[test]
    fn one_connection_that_goes_away_teaches_nothing_and_two_do() {
        let (mut hold, now) = (LongPoll::new(), Instant::now());
        hold.record_cut(Duration::from_secs(3), false, now);
        assert_eq!((hold.wait_seconds(WAIT, now), hold.state()), (25, LongPollState::Unknown));
        hold.record_answer(25, WAIT, false);
        hold.record_cut(Duration::from_secs(3), false, now);
        assert_eq!((hold.wait_seconds(WAIT, now), hold.state()), (25, LongPollState::Supported));
        hold.record_cut(Duration::from_secs(3), false, now);
        assert_eq!(hold.wait_seconds(WAIT, now), 2);
    }

    #[test]
    fn answers_at_once_without_news_are_no_waits() {
        let mut hold = LongPoll::new();
        hold.record_answer(25, Duration::from_millis(3), true);
        assert_eq!(hold.state(), LongPollState::Unknown);
        hold.record_answer(25, Duration::from_millis(3), false);
        assert_eq!(hold.state(), LongPollState::Immediate);
        hold.record_answer(25, WAIT, false);
        assert_eq!(hold.state(), LongPollState::Supported);
    }
}
