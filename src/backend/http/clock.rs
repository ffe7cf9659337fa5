//! Measures how far a server's clock is from this machine's clock.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// A skew above this is logged.
const WARN_ABOVE: TimeDelta = TimeDelta::seconds(60);
/// Value of `skew_ms` before the first response.
const UNKNOWN: i64 = i64::MIN;

/// The measured skew of a server's clock.
pub(super) struct ServerClock {
    /// The server's time minus this machine's time, in milliseconds.
    skew_ms: AtomicI64,
    /// Whether the present skew was logged.
    warned: AtomicBool,
}

impl ServerClock {
    pub(super) fn new() -> Self {
        Self { skew_ms: AtomicI64::new(UNKNOWN), warned: AtomicBool::new(false) }
    }

    /// Returns the server's time minus this machine's time. It is accurate to a second, if the
    /// response takes no longer to arrive.
    pub(super) fn skew(&self) -> Option<TimeDelta> {
        let skew_ms = self.skew_ms.load(Ordering::Relaxed);
        (skew_ms != UNKNOWN).then(|| TimeDelta::milliseconds(skew_ms))
    }

    /// Records a response with the header `Date: date` that arrived at `received`. The header has
    /// whole seconds only, so half a second is added to it.
    pub(super) fn observe(&self, host: &str, date: DateTime<Utc>, received: DateTime<Utc>) {
        let skew = date + TimeDelta::milliseconds(500) - received;
        self.skew_ms.store(skew.num_milliseconds(), Ordering::Relaxed);
        let is_large = skew.abs() > WARN_ABOVE;
        let was_warned = self.warned.swap(is_large, Ordering::Relaxed);
        if is_large && !was_warned {
            tracing::warn!("{}", skew_warning(host, skew));
        }
    }

    /// Converts a time of the server's clock to this machine's clock.
    pub(super) fn to_local_time(&self, server_time: DateTime<Utc>) -> DateTime<Utc> {
        server_time.checked_sub_signed(self.skew().unwrap_or_default()).unwrap_or(server_time)
    }
}

/// Returns the log message about a skew.
pub(super) fn skew_warning(host: &str, skew: TimeDelta) -> String {
    let (seconds, which) =
        (skew.num_seconds().abs(), if skew > TimeDelta::zero() { "behind" } else { "ahead of" });
    format!(
        "this machine's clock is {seconds} s {which} that of {host}: ages and service levels are \
         wrong by so much, set the clock"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_that_of_the_last_response() {
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
    fn skew_warning_says_whose_clock_is_behind() {
        let warning = |s| skew_warning("example.net", TimeDelta::seconds(s));
        assert!(warning(90).starts_with("this machine's clock is 90 s behind that of example.net"));
        assert!(
            warning(-90).starts_with("this machine's clock is 90 s ahead of that of example.net")
        );
    }
}
