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

/// How long a look-up holds that has found no change: the rules of the zone may change meanwhile.
const OFFSET_RECHECK: TimeDelta = TimeDelta::hours(1);

/// The next change of the viewer's offset from UTC, which is looked up only when it may be another:
/// a look-up asks for the offsets of many times.
#[derive(Debug, Default)]
pub(super) struct OffsetLookup {
    /// When it was looked up, the offset then, and the result; `None` before the first look-up.
    last: Option<(DateTime<Utc>, FixedOffset, Option<OffsetChange>)>,
}

impl OffsetLookup {
    /// Looks the next change up, if the known one has passed, the viewer is in another zone now, the
    /// clock was set back, or none was found a while ago. Returns the result of a look-up, and
    /// `None` if none was needed.
    pub(super) fn refresh(
        &mut self,
        now: DateTime<Utc>,
        offset: FixedOffset,
        offset_at: impl Fn(DateTime<Utc>) -> FixedOffset,
    ) -> Option<Option<OffsetChange>> {
        let is_current = self.last.is_some_and(|(at, offset_then, change)| {
            let holds_until = change.map_or(at + OFFSET_RECHECK, |change| change.at);
            offset_then == offset && at <= now && now < holds_until
        });
        if is_current {
            return None;
        }
        let change = next_offset_change(now, offset_at);
        self.last = Some((now, offset, change));
        Some(change)
    }
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

    #[test]
    fn offset_change_is_looked_up_only_when_it_may_be_another() {
        let begins: DateTime<Utc> = "2031-03-30T01:00:00Z".parse().unwrap();
        let [winter, summer] = [3600, 7200].map(|s| FixedOffset::east_opt(s).unwrap());
        let start: DateTime<Utc> = "2031-01-07T12:00:00Z".parse().unwrap();
        let change = Some(OffsetChange { at: begins, offset: summer });
        let asked = std::cell::Cell::new(0);
        let berlin = |at| {
            asked.set(asked.get() + 1);
            if at < begins { winter } else { summer }
        };
        let mut lookup = OffsetLookup::default();
        assert_eq!(lookup.refresh(start, winter, berlin), Some(change));
        let after_first = asked.get();
        for second in 1..100 {
            assert_eq!(lookup.refresh(start + TimeDelta::seconds(second), winter, berlin), None);
        }
        assert_eq!(asked.get(), after_first);
        // The change is there, and none is ahead: that is remembered, too, but not forever.
        assert_eq!(lookup.refresh(begins, summer, berlin), Some(None));
        let after_second = asked.get();
        for minute in 1..60 {
            assert_eq!(lookup.refresh(begins + TimeDelta::minutes(minute), summer, berlin), None);
        }
        assert_eq!(asked.get(), after_second);
        assert_eq!(lookup.refresh(begins + TimeDelta::hours(1), summer, berlin), Some(None));
        // Another zone, or a clock that was set back.
        let utc = FixedOffset::east_opt(0).unwrap();
        assert_eq!(lookup.refresh(begins + TimeDelta::hours(1), utc, |_| utc), Some(None));
        assert_eq!(lookup.refresh(start, utc, |_| utc), Some(None));
    }

    #[tokio::test]
    async fn watch_is_silent_while_nobody_sets_the_clock() {
        let mut clocks = ClockMonitor::new(true);
        let waited =
            tokio::time::timeout(Duration::from_millis(50), clocks.wait_for_change()).await;
        assert!(waited.is_err());
    }
}
