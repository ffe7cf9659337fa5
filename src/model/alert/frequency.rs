//! How often alerts begin to fire: how many are wanted before an incident is declared, and which of them
//! flap.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::time;

/// How many of the times are stored at which an alert has begun to fire.
const MAX_STARTS: usize = 50;

/// The maximum number of waiting alerts of a group, and the highest number that a rule can require.
pub const MAX_WAITING_OF_GROUP: usize = 100;

/// The number of alerts that a rule requires before an incident is declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HoldRule {
    /// The number of alerts, at most [`MAX_WAITING_OF_GROUP`].
    pub at_least: u32,
    /// The time within which they begin to fire, in seconds.
    pub within_s: i64,
}

/// When a rule counts an alert as flapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlapRule {
    /// How often it begins to fire, at most 50 times.
    pub times: u32,
    /// The time span of the count in seconds. An alert that does not fire for as long is no longer
    /// flapping.
    pub within_s: i64,
}

/// When an alert has begun to fire lately, and the rule by which it counts as flapping.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecentStarts {
    /// How often it begins to fire before it counts as flapping.
    pub times: u32,
    /// The time span of the count in seconds.
    pub within_s: i64,
    /// When it has begun to fire in that time.
    pub at: Vec<DateTime<Utc>>,
}

impl RecentStarts {
    /// Returns the times after an alert has begun to fire once more at `now`.
    pub(super) fn after(before: Option<Self>, rule: FlapRule, now: DateTime<Utc>) -> Self {
        let mut at = before.map(|before| before.at).unwrap_or_default();
        let since = now - TimeDelta::seconds(rule.within_s);
        at.retain(|at| *at > since);
        at.push(time::recorded_time(now));
        let surplus = at.len().saturating_sub(MAX_STARTS);
        at.drain(..surplus);
        Self { times: rule.times, within_s: rule.within_s, at }
    }

    /// Returns how often the alert has begun to fire in the time of the rule.
    #[must_use]
    pub fn count(&self, now: DateTime<Utc>) -> u32 {
        let since = now - TimeDelta::seconds(self.within_s);
        u32::try_from(self.at.iter().filter(|at| **at > since).count()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const RULE: FlapRule = FlapRule { times: 3, within_s: 600 };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[rstest]
    #[case(&[0], 0, 1)]
    #[case(&[0, 100, 200], 200, 3)]
    #[case::first_is_too_long_ago(&[0, 100, 600], 600, 2)]
    #[case::time_goes_on(&[0, 100, 200], 700, 1)]
    fn starts_in_the_window_are_counted(
        #[case] starts: &[i64],
        #[case] now: i64,
        #[case] expected: u32,
    ) {
        let mut recent = None;
        for start in starts {
            recent = Some(RecentStarts::after(recent, RULE, at(*start)));
        }
        assert_eq!(recent.unwrap().count(at(now)), expected);
    }

    #[test]
    fn stored_starts_are_bounded() {
        let mut recent = None;
        for second in 0..80 {
            recent = Some(RecentStarts::after(recent, RULE, at(second)));
        }
        let recent = recent.unwrap();
        assert_eq!(recent.at.len(), MAX_STARTS);
        assert_eq!(recent.at.last(), Some(&at(79)));
    }
}
