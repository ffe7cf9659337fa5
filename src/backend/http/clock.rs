//! Measures the difference between a server's clock and this machine's clock.
//!
//! A response contains the time at which the server sent it. That was between sending the request
//! and receiving the response, so each response gives an interval that contains the difference. The
//! shortest of them counts, and grows with time, because clocks drift. A response whose interval
//! does not touch it shows that one of the clocks was set.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::{ClockOffset, clock_sentence};

/// How much two clocks drift apart, as one part of this many.
const DRIFT: i32 = 5_000;
/// The greatest difference between this machine's clock and the elapsed time of a request; beyond
/// it the clock was set meanwhile.
const MAX_JUMP: TimeDelta = TimeDelta::milliseconds(250);

/// A time of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ServerTime {
    /// The time that the response has.
    pub(super) at: DateTime<Utc>,
    /// The truncated part: the true time is later by up to this much.
    pub(super) precision: TimeDelta,
}

/// When a request was sent and its response arrived, by this machine's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundTrip {
    pub(super) sent: DateTime<Utc>,
    pub(super) received: DateTime<Utc>,
    /// The duration by the monotonic clock.
    pub(super) elapsed: Duration,
}

/// The measured difference to a server's clock.
pub(super) struct ServerClock {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    measured: Option<(ClockOffset, Instant)>,
    /// Whether the present difference was logged.
    warned: bool,
}

impl ServerClock {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the difference; `None` before the first response.
    pub(super) fn offset(&self) -> Option<ClockOffset> {
        self.state().measured.map(|(offset, at)| aged(offset, at.elapsed()))
    }

    /// Records the time of a response.
    pub(super) fn observe(&self, host: &str, time: ServerTime, trip: RoundTrip) {
        let elapsed = TimeDelta::from_std(trip.elapsed).unwrap_or(TimeDelta::MAX);
        let mut state = self.state();
        if ((trip.received - trip.sent) - elapsed).abs() > MAX_JUMP {
            // The clock was set in the middle: earlier measurements are invalid.
            state.measured = None;
            return;
        }
        let least = time.at - trip.received;
        let most = time.at + time.precision - trip.sent;
        let new = ClockOffset { offset: (least + most) / 2, uncertainty: (most - least) / 2 };
        let is_better = state.measured.is_none_or(|(old, at)| {
            let old = aged(old, at.elapsed());
            let is_apart = (new.offset - old.offset).abs() > new.uncertainty + old.uncertainty;
            is_apart || new.uncertainty <= old.uncertainty
        });
        if !is_better {
            return;
        }
        state.measured = Some((new, Instant::now()));
        let notable = new.notable();
        let was_warned = std::mem::replace(&mut state.warned, notable.is_some());
        if let Some(offset) = notable.filter(|_| !was_warned) {
            tracing::warn!("{}", clock_sentence(offset, host));
        }
    }

    /// Converts a time of the server's clock to this machine's clock.
    pub(super) fn to_local_time(&self, server_time: DateTime<Utc>) -> DateTime<Utc> {
        let offset = self.offset().map(|measured| measured.offset).unwrap_or_default();
        server_time.checked_sub_signed(offset).unwrap_or(server_time)
    }
}

/// Returns a difference that was measured some time ago, with the uncertainty since.
fn aged(measured: ClockOffset, age: Duration) -> ClockOffset {
    let drift = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX) / DRIFT;
    ClockOffset { uncertainty: measured.uncertainty + drift, ..measured }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 500_000_000).unwrap()
    }

    fn ms(ms: i64) -> TimeDelta {
        TimeDelta::milliseconds(ms)
    }

    /// Records a response of a server whose clock is ahead by `offset_ms`, that it sent after the
    /// first part of a round trip.
    fn observe(clock: &ServerClock, offset_ms: i64, there_ms: u32, back_ms: u32) {
        let at = start() + ms(i64::from(there_ms)) + ms(offset_ms);
        let elapsed = Duration::from_millis(u64::from(there_ms + back_ms));
        let received = start() + ms(i64::from(there_ms + back_ms));
        let trip = RoundTrip { sent: start(), received, elapsed };
        clock.observe("a", ServerTime { at, precision: ms(1) }, trip);
    }

    #[track_caller]
    fn assert_near(clock: &ServerClock, offset_ms: i64, at_most_ms: i64) {
        let measured = clock.offset().unwrap();
        let error = (measured.offset - ms(offset_ms)).abs();
        assert!(error <= measured.uncertainty, "{measured:?}");
        assert!(measured.uncertainty <= ms(at_most_ms), "{measured:?}");
    }

    #[test]
    fn least_uncertain_response_counts_until_a_clock_is_set() {
        let clock = ServerClock::new();
        assert_eq!(clock.offset(), None);
        observe(&clock, 360_000, 150, 50);
        assert_near(&clock, 360_000, 120);
        observe(&clock, 360_000, 5, 15);
        assert_near(&clock, 360_000, 12);
        // A long poll is answered after half a minute: it is imprecise.
        observe(&clock, 360_000, 30_000, 10);
        assert_near(&clock, 360_000, 12);
        // The clock was set: even a bad measurement shows it.
        observe(&clock, 0, 900, 100);
        assert_near(&clock, 0, 502);
        observe(&clock, -7_200_000, 10, 10);
        assert_near(&clock, -7_200_000, 12);
    }

    #[test]
    fn time_in_full_seconds_is_exact_to_half_a_second() {
        let clock = ServerClock::new();
        let trip = RoundTrip { sent: start(), received: start(), elapsed: Duration::ZERO };
        let at = start() - ms(500);
        clock.observe("a", ServerTime { at, precision: ms(1_000) }, trip);
        let measured = clock.offset().unwrap();
        assert_eq!(measured.offset, TimeDelta::zero());
        assert!(measured.uncertainty >= ms(500) && measured.uncertainty < ms(510));
    }

    #[test]
    fn clock_that_is_set_during_a_request_measures_nothing() {
        let clock = ServerClock::new();
        observe(&clock, 0, 5, 5);
        let received = start() + TimeDelta::minutes(10);
        let trip = RoundTrip { sent: start(), received, elapsed: Duration::from_millis(20) };
        clock.observe("a", ServerTime { at: start(), precision: ms(1) }, trip);
        assert_eq!(clock.offset(), None);
    }

    #[test]
    fn server_time_is_converted_by_the_difference() {
        let clock = ServerClock::new();
        observe(&clock, 300_000, 0, 0);
        let later = start() + TimeDelta::minutes(6);
        let local = clock.to_local_time(later);
        assert!(((later - TimeDelta::minutes(5)) - local).abs() <= ms(1), "{local}");
    }
}
