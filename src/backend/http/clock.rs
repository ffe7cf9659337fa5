//! How far a server's clock is from this one.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// From here on a difference is worth a word in the log.
const WARN_ABOVE: TimeDelta = TimeDelta::seconds(60);
/// Nothing is known yet.
const UNKNOWN: i64 = i64::MIN;

/// What is known of it.
pub(super) struct ServerClock {
    /// The server's time less this machine's, in milliseconds.
    skew_ms: AtomicI64,
    warned: AtomicBool,
}

impl ServerClock {
    pub(super) fn new() -> Self {
        Self { skew_ms: AtomicI64::new(UNKNOWN), warned: AtomicBool::new(false) }
    }

    /// The server's time less this machine's; to the second, as far as the way takes no longer.
    pub(super) fn skew(&self) -> Option<TimeDelta> {
        let ahead = self.skew_ms.load(Ordering::Relaxed);
        (ahead != UNKNOWN).then(|| TimeDelta::milliseconds(ahead))
    }

    /// An answer whose head says `date` came between two moments. A second is cut off from such a
    /// date: half of it is given back.
    pub(super) fn observe(&self, host: &str, date: DateTime<Utc>, came: DateTime<Utc>) {
        let ahead = date + TimeDelta::milliseconds(500) - came;
        self.skew_ms.store(ahead.num_milliseconds(), Ordering::Relaxed);
        let much = ahead.abs() > WARN_ABOVE;
        let told = self.warned.swap(much, Ordering::Relaxed);
        if much && !told {
            tracing::warn!("{}", skew_warning(host, ahead));
        }
    }

    /// A time of the server's clock by this one.
    pub(super) fn to_local_time(&self, there: DateTime<Utc>) -> DateTime<Utc> {
        there.checked_sub_signed(self.skew().unwrap_or_default()).unwrap_or(there)
    }
}

/// What a difference means.
pub(super) fn skew_warning(host: &str, ahead: TimeDelta) -> String {
    let (seconds, which) =
        (ahead.num_seconds().abs(), if ahead > TimeDelta::zero() { "behind" } else { "ahead of" });
    format!(
        "this machine's clock is {seconds} s {which} that of {host}: ages and service levels are \
         wrong by so much, set the clock"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_that_of_the_last_answer() {
        let clock = ServerClock::new();
        assert_eq!(clock.skew(), None);
        let now = DateTime::from_timestamp(1_790_000_000, 500_000_000).unwrap();
        let second = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        clock.observe("a", second, now);
        assert_eq!(clock.skew(), Some(TimeDelta::zero()));
        clock.observe("a", second + TimeDelta::minutes(5), now);
        assert_eq!(clock.skew(), Some(TimeDelta::minutes(5)));
        assert_eq!(clock.to_local_time(now + TimeDelta::minutes(6)), now + TimeDelta::minutes(1));
    }

    #[test]
    fn a_sentence_says_whose_clock_is_behind() {
        let told = |s| skew_warning("example.net", TimeDelta::seconds(s));
        assert!(told(90).starts_with("this machine's clock is 90 s behind that of example.net"));
        assert!(told(-90).starts_with("this machine's clock is 90 s ahead of that of example.net"));
    }
}
