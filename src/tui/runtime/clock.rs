//! Notices that the clock has jumped: set by somebody, or gone on while the machine slept.
//!
//! What was live before may be hours old then. The clock that timers go by stands still while the
//! machine sleeps, so nothing else would wake the panes.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::model::time::truncate_to_second;

use super::super::zone::OffsetChange;

/// Clocks that differ by more than this have not only been corrected a little.
const JUMP_THRESHOLD: TimeDelta = TimeDelta::seconds(5);

/// How often a change of the viewer's distance from UTC is looked for, and in which steps: none is
/// taken back within one.
const OFFSET_SEARCH: (i32, TimeDelta) = (60, TimeDelta::days(7));

/// When the viewer's distance from UTC changes next, to the second; `None` where it does not within
/// about a year.
pub(super) fn next_offset_change(
    now: DateTime<Utc>,
    offset_at: impl Fn(DateTime<Utc>) -> FixedOffset,
) -> Option<OffsetChange> {
    let here = offset_at(now);
    let (steps, step) = OFFSET_SEARCH;
    let week = (0..steps).find(|week| offset_at(now + step * (week + 1)) != here)?;
    let (mut before, mut after) = (now + step * week, now + step * (week + 1));
    while after - before > TimeDelta::seconds(1) {
        let middle = before + (after - before) / 2;
        if offset_at(middle) == here { before = middle } else { after = middle }
    }
    Some(OffsetChange { at: truncate_to_second(after), offset: offset_at(after) })
}

/// The two clocks as they stood the last time.
pub(super) struct ClockMonitor {
    steady: Instant,
    wall: DateTime<Utc>,
    /// Something may have happened to the wall clock.
    changes: Option<mpsc::UnboundedReceiver<()>>,
}

impl ClockMonitor {
    /// Looks at the clocks; where `watched`, also waits for jumps.
    pub(super) fn new(watched: bool) -> Self {
        let told = if watched { watch_wall_clock() } else { None };
        Self { steady: Instant::now(), wall: Utc::now(), changes: told }
    }

    /// Whether the wall clock has jumped since the last look.
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

    /// Waits until something may have happened to the wall clock; for ever, where nothing tells.
    pub(super) async fn wait_for_change(&mut self) {
        if let Some(told) = &mut self.changes
            && told.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// A thread that sleeps in the kernel until the wall clock is set, which it also is when the machine
/// wakes up.
#[cfg(target_os = "linux")]
fn watch_wall_clock() -> Option<mpsc::UnboundedReceiver<()>> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC).ok()?;
    let (sender, told) = mpsc::unbounded_channel();
    // In a hundred years or so: only that the clock is set ends the wait.
    let far = Utc::now().timestamp() + 100 * 365 * 86_400;
    let never = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: far, tv_nsec: 0 },
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
    // It ends with the process.
    std::thread::Builder::new().name("clock".into()).spawn(work).ok()?;
    Some(told)
}

#[cfg(not(target_os = "linux"))]
fn watch() -> Option<mpsc::UnboundedReceiver<()>> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_sleep_and_a_clock_that_is_set_are_jumps_and_the_passing_of_time_is_none() {
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
    fn the_next_change_of_the_distance_from_utc_is_found_to_the_second() {
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
    async fn the_watch_is_quiet_while_nothing_happens() {
        let mut clocks = ClockMonitor::new(true);
        let told = tokio::time::timeout(Duration::from_millis(50), clocks.wait_for_change()).await;
        assert!(told.is_err());
    }
}
