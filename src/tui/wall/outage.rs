//! How old the data is, and how loudly that must be told.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::sync::{ConnectionState, GRACE, LONG_POLL_TIMEOUT, THIRD_FAILURE_AFTER};

/// From these ages on, it is told louder, and louder still.
const LOUDNESS_AGES: [TimeDelta; 2] = [TimeDelta::minutes(2), TimeDelta::minutes(10)];

/// How loudly old data is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Loudness {
    /// On one line.
    Line,
    /// On a few.
    Block,
    /// In big letters.
    Big,
}

/// Data is older than three polls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outage {
    /// What is shown is as it was then.
    pub since: DateTime<Utc>,
    /// How loudly it is told.
    pub loudness: Loudness,
    /// What the backend said; nothing where it does not answer.
    pub error: Option<String>,
    /// When it is asked again.
    pub retry_at: Option<DateTime<Utc>>,
}

/// Since when nothing was read, and how long that is no outage yet. `opened_at` stands in where
/// nothing was ever read.
fn silence(link: &ConnectionState, opened_at: DateTime<Utc>) -> (DateTime<Utc>, TimeDelta) {
    let (since, patience) = match link {
        ConnectionState::Loading => (opened_at, LONG_POLL_TIMEOUT + GRACE),
        ConnectionState::Live { at } => (*at, LONG_POLL_TIMEOUT + GRACE),
        ConnectionState::Polling { at, every } => (*at, *every * 3),
        ConnectionState::Failing { since, .. } => (*since, THIRD_FAILURE_AFTER),
    };
    (since, delta(patience))
}

impl Outage {
    /// What there is to tell at `now`; `None` while data is fresh.
    pub(super) fn detect(
        link: &ConnectionState,
        opened_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let (since, patience) = silence(link, opened_at);
        let age = now - since;
        if age < patience {
            return None;
        }
        let loud = match age {
            age if age < LOUDNESS_AGES[0] => Loudness::Line,
            age if age < LOUDNESS_AGES[1] => Loudness::Block,
            _ => Loudness::Big,
        };
        let (said, retry_at) = match link {
            ConnectionState::Failing { error, retry_at, .. } => {
                (Some(error.to_string()), Some(*retry_at))
            }
            ConnectionState::Loading
            | ConnectionState::Live { .. }
            | ConnectionState::Polling { .. } => (None, None),
        };
        Some(Self { since, loudness: loud, error: said, retry_at })
    }

    /// When it is told, and when it gets louder.
    pub(super) fn change_times(
        link: &ConnectionState,
        opened_at: DateTime<Utc>,
    ) -> [DateTime<Utc>; 3] {
        let (since, patience) = silence(link, opened_at);
        [since + patience, since + LOUDNESS_AGES[0], since + LOUDNESS_AGES[1]]
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::seconds(30))
}
