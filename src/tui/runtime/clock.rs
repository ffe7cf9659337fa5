//! Detects jumps of the wall clock: somebody set it, or it went on while the machine slept.
//!
//! What was live before a jump may be hours old after it. The clock that timers use stands still
//! while the machine sleeps, so nothing else would wake the panes.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::model::time::truncate_to_second;

use crate::tui::core::zone::OffsetChange;

/// A larger difference between the clocks is a jump, not a small correction.
const JUMP_THRESHOLD: TimeDelta = TimeDelta::seconds(5);

/// Number and length of the steps in which the next change of the viewer's offset from UTC is
/// searched. No change is reverted within one step, so the search misses none.
const OFFSET_SEARCH: (i32, TimeDelta) = (60, TimeDelta::days(7));

/// Returns the next change of the viewer's offset from UTC, to the second; `None` if there is none
/// within about a year.
pub(super) fn next_offset_change(
    now: DateTime<Utc>,
    offset_at: impl Fn(DateTime<Utc>) -> FixedOffset,
) -> Option<OffsetChange> {
    let present = offset_at(now);
    let (steps, step) = OFFSET_SEARCH;
    let index = (0..steps).find(|index| offset_at(now + step * (index + 1)) != present)?;
    let (mut before, mut after) = (now + step * index, now + step * (index + 1));
    while after - before > TimeDelta::seconds(1) {
        let middle = before + (after - before) / 2;
        if offset_at(middle) == present { before = middle } else { after = middle }
    }
    Some(OffsetChange { at: truncate_to_second(after), offset: offset_at(after) })
}

/// Compares the monotonic clock with the wall clock: both as they stood at the last comparison.
pub(super) struct ClockMonitor {
    steady: Instant,
    wall: DateTime<Utc>,
    /// Receives a message when the wall clock may have been set; `None` where nothing watches it.
    changes: Option<mpsc::UnboundedReceiver<()>>,
}

impl ClockMonitor {
    /// Reads both clocks; if `watched`, also starts to watch the wall clock.
    pub(super) fn new(watched: bool) -> Self {
        let changes = if watched { watch_wall_clock() } else { None };
        Self { steady: Instant::now(), wall: Utc::now(), changes }
    }

    /// Returns whether the wall clock has jumped since the last call.
    pub(super) fn has_jumped(&mut self) -> bool {
        self.has_jumped_by(Instant::now(), Utc::now())
    }

    fn has_jumped_by(&mut self, steady: Instant, wall: DateTime<Utc>) -> bool {
        let passed = steady.saturating_duration_since(self.steady);
        let passed = TimeDelta::from_std(passed).unwrap_or_default();
        let drift = (wall - self.wall) - passed;
        (self.steady, self.wall) = (steady, wall);
        drift.abs() > JUMP_THRESHOLD
    }

    /// Waits until the wall clock may have been set; for ever where nothing watches it.
    pub(super) async fn wait_for_change(&mut self) {
        if let Some(changes) = &mut self.changes
            && changes.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Starts a thread that sleeps in the kernel until the wall clock is set, which also happens when
/// the machine wakes up.
#[cfg(target_os = "linux")]
fn watch_wall_clock() -> Option<mpsc::UnboundedReceiver<()>> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC).ok()?;
    let (sender, changes) = mpsc::unbounded_channel();
    // About a hundred years ahead: only setting the clock ends the wait.
    let far_ahead = Utc::now().timestamp() + 100 * 365 * 86_400;
    let never = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: far_ahead, tv_nsec: 0 },
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    let work = move || {
        let mut count = [0_u8; 8];
        while timerfd_settime(&timer, flags, &never).is_ok() {
            match rustix::io::read(&timer, &mut count) {
                Ok(_) | Err(rustix::io::Errno::CANCELED) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return,
            }
            if sender.send(()).is_err() {
                return;
            }
        }
    };
    // The thread ends with the process.
    std::thread::Builder::new().name("clock".into()).spawn(work).ok()?;
    Some(changes)
}

#[cfg(not(target_os = "linux"))]
fn watch_wall_clock() -> Option<mpsc::UnboundedReceiver<()>> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sleep_and_a_set_clock_are_jumps_but_passing_time_is_not() {
        let mut clocks = ClockMonitor::new(false);
        let (steady, wall) = (clocks.steady, clocks.wall);
        let after = |seconds| steady + Duration::from_secs(seconds);
        assert!(!clocks.has_jumped_by(after(60), wall + TimeDelta::seconds(60)));
        assert!(
            !clocks.has_jumped_by(after(120), wall + TimeDelta::seconds(122)),
            "a small correction"
        );
        assert!(clocks.has_jumped_by(after(121), wall + TimeDelta::hours(8)), "asleep");
        assert!(
            !clocks.has_jumped_by(after(122), wall + TimeDelta::hours(8) + TimeDelta::seconds(1))
        );
        assert!(clocks.has_jumped_by(after(123), wall), "set back");
    }

    #[test]
    fn next_offset_change_is_found_to_the_second() {
        let begins: DateTime<Utc> = "2031-03-30T01:00:00Z".parse().unwrap();
        let [winter, summer] = [3600, 7200].map(|s| FixedOffset::east_opt(s).unwrap());
        let berlin = |at| if at < begins { winter } else { summer };
        let now = "2031-01-07T12:34:56.789Z".parse().unwrap();
        let change = Some(OffsetChange { at: begins, offset: summer });
        assert_eq!(next_offset_change(now, berlin), change);
        assert_eq!(next_offset_change(begins, berlin), None);
        assert_eq!(next_offset_change(begins - TimeDelta::milliseconds(1), berlin), change);
    }

    #[tokio::test]
    async fn watch_is_silent_while_nobody_sets_the_clock() {
        let mut clocks = ClockMonitor::new(true);
        let waited =
            tokio::time::timeout(Duration::from_millis(50), clocks.wait_for_change()).await;
        assert!(waited.is_err());
    }
}
