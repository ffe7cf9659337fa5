//! Flow control: at most one frame is on its way to the terminal.
//!
//! Between the program and the terminal may be a slow link that buffers data. Frames would pile up
//! in it, and a screen would continue moving long after a key was released. So a frame ends with a
//! query that every terminal answers, and the next frame waits for the answer. Changes meanwhile
//! are in that next frame.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Queries the state of the terminal (DSR, ECMA-48 8.3.35). The answer is `CSI 0 n`.
pub const REQUEST: &[u8] = b"\x1b[5n";

/// How long an answer may take, besides the transfer time of the bytes before it. Then it counts as
/// lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// The slowest link that is waited for, in bytes a second.
const MIN_RATE: u32 = 400;
/// The number of consecutive lost answers after which the terminal counts as one that does not
/// answer.
const MAX_LOST: u32 = 3;
/// Short frames of fewer bytes together are sent without a request: they can't pile up.
const SHORT_FRAMES: usize = 200;
/// After such a time without a frame, the bytes of the frames before have arrived.
const PAUSE: Duration = Duration::from_secs(1);
/// The number of bytes from which the time to an answer shows how fast the link is.
const MEASURABLE_FRAME: usize = 1500;
/// Below this rate a link is slow, in bytes a second.
const SLOW_RATE: f64 = 4000.0;
/// The rate from which on it is no longer slow.
const FAST_RATE: f64 = 10_000.0;

#[derive(Clone, Copy, Debug)]
struct Request {
    sent_at: Instant,
    /// The bytes that were sent with it.
    bytes: usize,
}

impl Request {
    fn deadline(self) -> Instant {
        let bytes = u32::try_from(self.bytes).unwrap_or(u32::MAX);
        self.sent_at + ANSWER_TIMEOUT + Duration::from_secs(bytes.into()) / MIN_RATE
    }
}

/// Which frames the terminal has drawn, by its answers.
#[derive(Debug, Default)]
pub struct FlowControl {
    /// Whether this terminal answers at all.
    answers: bool,
    unanswered: VecDeque<Request>,
    lost: u32,
    /// The bytes of the frames that were sent without a request since the last one.
    without_request: usize,
    last_sent_at: Option<Instant>,
    last_answer_at: Option<Instant>,
    /// The shortest time to an answer: the latency of the link.
    round_trip: Option<Duration>,
    is_slow: bool,
}

impl FlowControl {
    /// Starts again on a terminal that was set up just now, with a request.
    pub fn restart(&mut self, now: Instant) {
        self.unanswered.clear();
        self.unanswered.push_back(Request { sent_at: now, bytes: 0 });
        self.lost = 0;
    }

    /// Records a frame of a number of bytes. Returns whether a request must end it.
    pub fn send(&mut self, bytes: usize, now: Instant) -> bool {
        let paused = self.last_sent_at.is_none_or(|at| now - at >= PAUSE);
        self.last_sent_at = Some(now);
        if paused {
            self.without_request = 0;
        }
        self.without_request += bytes;
        let is_short = self.unanswered.is_empty() && self.without_request < SHORT_FRAMES;
        // A terminal that has never answered is not queried forever.
        let asks = if self.answers { !is_short } else { self.unanswered.len() < MAX_LOST as usize };
        if asks {
            self.without_request = 0;
            self.unanswered.push_back(Request { sent_at: now, bytes });
        }
        asks
    }

    /// Records an answer.
    pub fn answered(&mut self, now: Instant) {
        self.answers = true;
        self.lost = 0;
        let Some(request) = self.unanswered.pop_front() else { return };
        // The bytes of a frame begin to arrive when those of the frame before have arrived.
        let began = self.last_answer_at.map_or(request.sent_at, |at| at.max(request.sent_at));
        self.last_answer_at = Some(now);
        let elapsed = now.saturating_duration_since(request.sent_at);
        let round_trip = self.round_trip.map_or(elapsed, |least| least.min(elapsed));
        self.round_trip = Some(round_trip);
        if request.bytes >= MEASURABLE_FRAME {
            let time = now.saturating_duration_since(began).saturating_sub(round_trip);
            // A frame has far fewer bytes than an f64 can count.
            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
            let rate = request.bytes as f64 / time.as_secs_f64().max(0.001);
            self.is_slow = rate < if self.is_slow { FAST_RATE } else { SLOW_RATE };
        }
    }

    /// Returns until when the next frame must wait for an answer at most; `None` if it need not.
    pub fn blocked_until(&mut self, now: Instant) -> Option<Instant> {
        if !self.answers {
            return None;
        }
        let deadline = self.unanswered.front()?.deadline();
        if deadline > now {
            return Some(deadline);
        }
        self.unanswered.clear();
        self.lost += 1;
        self.answers = self.lost < MAX_LOST;
        None
    }

    /// Returns how long requested answers can still arrive; they must not reach the next program
    /// that uses the terminal.
    pub fn outstanding(&self, now: Instant) -> Option<Duration> {
        let last = self.unanswered.back()?;
        let usual = match self.round_trip {
            Some(round_trip) if self.answers => round_trip * 2 + Duration::from_millis(100),
            _ => Duration::from_millis(150),
        };
        let until =
            if self.answers { last.deadline().min(now + usual) } else { last.sent_at + usual };
        (until > now).then(|| until - now)
    }

    /// Returns whether the link is so slow that each byte counts.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(600);

    /// Flow control of a terminal that has answered once.
    fn answering(now: Instant) -> FlowControl {
        let mut flow = FlowControl::default();
        flow.restart(now);
        flow.answered(now + ROUND_TRIP);
        flow
    }

    #[test]
    fn next_frame_waits_for_the_answer_to_the_last_one() {
        let start = Instant::now();
        let mut flow = answering(start);
        let now = start + ROUND_TRIP;
        assert_eq!(flow.blocked_until(now), None);
        assert!(flow.send(500, now));
        assert!(flow.blocked_until(now + Duration::from_secs(3)).is_some());
        flow.answered(now + Duration::from_secs(3));
        assert_eq!(flow.blocked_until(now + Duration::from_secs(3)), None);
    }

    #[test]
    fn short_frames_need_no_answer_until_they_are_many() {
        let start = Instant::now();
        let mut flow = answering(start);
        let mut now = start + ROUND_TRIP;
        for seconds in 1..5 {
            now += Duration::from_secs(seconds);
            assert!(!flow.send(12, now));
            assert_eq!(flow.blocked_until(now), None);
        }
        // The one above, and fifteen more.
        let frames = (1..).map(|index| flow.send(12, now + Duration::from_millis(30 * index)));
        assert_eq!(frames.take_while(|asks| !asks).count(), 15);
    }

    #[test]
    fn lost_answers_do_not_stop_the_screen() {
        let start = Instant::now();
        let mut flow = answering(start);
        let mut now = start + ROUND_TRIP;
        for _ in 0..MAX_LOST {
            assert!(flow.send(500, now));
            let deadline = flow.blocked_until(now).expect("it waits");
            assert!(deadline - now < Duration::from_secs(4));
            now = deadline;
            assert_eq!(flow.blocked_until(now), None);
        }
        // It does not wait for a terminal that no longer answers, until that answers again.
        flow.send(500, now);
        assert_eq!(flow.blocked_until(now), None);
        flow.answered(now);
        flow.send(500, now);
        assert!(flow.blocked_until(now).is_some());
    }

    #[test]
    fn terminal_that_never_answers_is_not_waited_for() {
        let now = Instant::now();
        let mut flow = FlowControl::default();
        flow.restart(now);
        let requests = (0..50).filter(|_| flow.send(5000, now)).count();
        assert!(requests < 3, "{requests}");
        assert_eq!(flow.blocked_until(now), None);
    }

    #[test]
    #[allow(clippy::duration_suboptimal_units, reason = "seconds beside seconds")]
    fn slow_link_is_noticed_by_its_rate_and_not_by_its_delay() {
        for (bytes_a_second, slow) in [(960_u32, true), (2400, true), (20_000, false)] {
            let start = Instant::now();
            let mut flow = answering(start);
            let sent = start + ROUND_TRIP;
            flow.send(6000, sent);
            flow.answered(sent + ROUND_TRIP + Duration::from_secs(6000) / bytes_a_second);
            assert_eq!(flow.is_slow(), slow, "{bytes_a_second}");
            // It may become fast.
            let later = sent + Duration::from_secs(60);
            flow.send(6000, later);
            flow.answered(later + ROUND_TRIP);
            assert!(!flow.is_slow());
        }
    }

    #[test]
    fn answers_that_are_on_their_way_are_waited_for_at_the_end() {
        let start = Instant::now();
        let mut flow = answering(start);
        let now = start + ROUND_TRIP;
        assert_eq!(flow.outstanding(now), None);
        flow.send(500, now);
        let wait = flow.outstanding(now).expect("one is on its way");
        assert!(wait >= ROUND_TRIP && wait < Duration::from_secs(3), "{wait:?}");
    }
}
