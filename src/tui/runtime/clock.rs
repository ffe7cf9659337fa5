//! Detects jumps of the wall clock: it was set, or it continued while the machine was suspended.
//!
//! Data that was live before a jump may be hours old after it. The clock that timers use stops
//! while the machine is suspended, so nothing else would wake the panes.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::model::time::truncate_to_second;

use crate::tui::core::zone::OffsetChange;

/// A larger difference between the clocks is a jump, not a small correction.
const JUMP_THRESHOLD: TimeDelta = TimeDelta::seconds(5);

/// Length of the steps in which changes of the viewer's offset from UTC are searched. No change is
/// reverted within one step, so the search misses none.
const OFFSET_STEP: TimeDelta = TimeDelta::days(7);
/// For how long before now, and after it, changes of the offset are searched.
const OFFSET_SEARCH: (TimeDelta, TimeDelta) = (TimeDelta::days(20 * 366), TimeDelta::days(420));

/// Returns the changes of the viewer's offset from UTC, to the second, from about twenty years ago to
/// about a year ahead. The first entry is the offset at the beginning of that time.
pub(super) fn offset_changes(
    now: DateTime<Utc>,
    offset_at: impl Fn(DateTime<Utc>) -> FixedOffset,
) -> Vec<OffsetChange> {
    let (start, end) = (now - OFFSET_SEARCH.0, now + OFFSET_SEARCH.1);
    let mut changes = vec![OffsetChange { at: start, offset: offset_at(start) }];
    let (mut from, mut offset) = (start, offset_at(start));
    while from < end {
        let to = from + OFFSET_STEP;
        if offset_at(to) != offset {
            let (mut before, mut after) = (from, to);
            while after - before > TimeDelta::seconds(1) {
                let middle = before + (after - before) / 2;
                if offset_at(middle) == offset { before = middle } else { after = middle }
            }
            offset = offset_at(after);
            changes.push(OffsetChange { at: truncate_to_second(after), offset });
        }
        from = to;
    }
    changes
}

/// Returns the name of the viewer's zone, such as `Europe/Berlin`, from `TZ` or the system's link to
/// its zone; `None` if they name none.
pub(super) fn zone_name() -> Option<String> {
    let named = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let name = match named {
        Some(name) => name.trim_start_matches(':').to_owned(),
        None => std::fs::read_link("/etc/localtime").ok()?.to_str()?.to_owned(),
    };
    let name = name.rsplit_once("zoneinfo/").map_or(name.as_str(), |(_, name)| name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && (name.contains('/') || name.bytes().all(|b| b.is_ascii_alphabetic()))
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
    is_name.then(|| name.to_owned())
}

/// How long a lookup without a change is valid: the rules of the zone may change meanwhile.
const OFFSET_RECHECK: TimeDelta = TimeDelta::hours(1);

/// The changes of the viewer's offset from UTC, which are looked up only when the next one may be
/// different: a lookup evaluates the offsets of many times.
#[derive(Debug, Default)]
pub(super) struct OffsetLookup {
    /// When it was looked up, the offset then, and the result; `None` before the first lookup.
    last: Option<(DateTime<Utc>, FixedOffset, Option<OffsetChange>)>,
}

impl OffsetLookup {
    /// Looks the changes up, if the next one has passed, the viewer is in another zone now, the
    /// clock was set back, or none was found a while ago. Returns the result of a lookup, and
    /// `None` if none was needed.
    pub(super) fn refresh(
        &mut self,
        now: DateTime<Utc>,
        offset: FixedOffset,
        offset_at: impl Fn(DateTime<Utc>) -> FixedOffset,
    ) -> Option<Vec<OffsetChange>> {
        let is_current = self.last.is_some_and(|(at, offset_then, change)| {
            let holds_until = change.map_or(at + OFFSET_RECHECK, |change| change.at);
            offset_then == offset && at <= now && now < holds_until
        });
        if is_current {
            return None;
        }
        let changes = offset_changes(now, offset_at);
        let next = changes.iter().find(|change| change.at > now);
        self.last = Some((now, offset, next.copied()));
        Some(changes)
    }
}

/// Compares the monotonic clock with the wall clock: their times at the last comparison.
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

    /// Waits until the wall clock may have been set; forever where nothing watches it.
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
    fn offset_changes_are_found_to_the_second() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (begins, ends) = (at("2030-03-31T01:00:00Z"), at("2030-10-27T01:00:00Z"));
        let [winter, summer] = [3600, 7200].map(|s| FixedOffset::east_opt(s).unwrap());
        let berlin = |at| if at >= begins && at < ends { summer } else { winter };
        let now = at("2031-01-07T12:34:56.789Z");
        let changes = offset_changes(now, berlin);
        assert_eq!(
            changes[1..],
            [
                OffsetChange { at: begins, offset: summer },
                OffsetChange { at: ends, offset: winter },
            ]
        );
        assert_eq!(changes[0].offset, winter);
        assert_eq!(offset_changes(begins, berlin)[1..], changes[1..]);
        assert_eq!(offset_changes(now, |_| winter).len(), 1);
    }

    #[test]
    fn offset_change_is_searched_only_when_it_may_differ() {
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
        let next = |changes: Option<Vec<OffsetChange>>, now| {
            changes.map(|changes| changes.into_iter().find(|change| change.at > now))
        };
        assert_eq!(next(lookup.refresh(start, winter, berlin), start), Some(change));
        let after_first = asked.get();
        for second in 1..100 {
            assert_eq!(lookup.refresh(start + TimeDelta::seconds(second), winter, berlin), None);
        }
        assert_eq!(asked.get(), after_first);
        // The change has happened, and none is ahead: that is remembered, too, but not forever.
        assert_eq!(next(lookup.refresh(begins, summer, berlin), begins), Some(None));
        let after_second = asked.get();
        for minute in 1..60 {
            assert_eq!(lookup.refresh(begins + TimeDelta::minutes(minute), summer, berlin), None);
        }
        assert_eq!(asked.get(), after_second);
        let later = begins + TimeDelta::hours(1);
        assert_eq!(next(lookup.refresh(later, summer, berlin), later), Some(None));
        // Another zone, or a clock that was set back.
        let utc = FixedOffset::east_opt(0).unwrap();
        assert_eq!(next(lookup.refresh(later, utc, |_| utc), later), Some(None));
        assert_eq!(next(lookup.refresh(start, utc, |_| utc), start), Some(None));
    }

    #[tokio::test]
    async fn watch_is_silent_while_nobody_sets_the_clock() {
        let mut clocks = ClockMonitor::new(true);
        let waited =
            tokio::time::timeout(Duration::from_millis(50), clocks.wait_for_change()).await;
        assert!(waited.is_err());
    }
}
