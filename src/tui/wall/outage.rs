//! How old the data is, and how prominently the wall display must show that.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::sync::{ConnectionState, GRACE, LONG_POLL_TIMEOUT, THIRD_FAILURE_AFTER};

/// The ages from which an outage is shown as [`Loudness::Block`] and [`Loudness::Big`].
const LOUDNESS_AGES: [TimeDelta; 2] = [TimeDelta::minutes(2), TimeDelta::minutes(10)];

/// How prominently an outage is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Loudness {
    /// The outage is shown on one line.
    Line,
    /// The outage is shown on a few lines.
    Block,
    /// The outage is shown in big letters.
    Big,
}

/// The backend has not answered for longer than three polls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The time as of which the shown data was true.
    pub since: DateTime<Utc>,
    /// How prominently the outage is shown.
    pub loudness: Loudness,
    /// The error of the backend; `None` if it does not answer.
    pub error: Option<String>,
    /// When the next attempt is made.
    pub retry_at: Option<DateTime<Utc>>,
}

/// Returns since when no data has arrived, and after how long that becomes an outage. `opened_at`
/// is used if no data has ever arrived.
fn silence(connection: &ConnectionState, opened_at: DateTime<Utc>) -> (DateTime<Utc>, TimeDelta) {
    let (since, threshold) = match connection {
        ConnectionState::Loading => (opened_at, LONG_POLL_TIMEOUT + GRACE),
        ConnectionState::Live { at } => (*at, LONG_POLL_TIMEOUT + GRACE),
        ConnectionState::Polling { at, every } => (*at, *every * 3),
        ConnectionState::Failing { since, .. } => (*since, THIRD_FAILURE_AFTER),
    };
    (since, delta(threshold))
}

impl Outage {
    /// Returns the outage at `now`, or `None` while data is fresh.
    pub(super) fn detect(
        connection: &ConnectionState,
        opened_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let (since, threshold) = silence(connection, opened_at);
        let age = now - since;
        if age < threshold {
            return None;
        }
        let loudness = match age {
            age if age < LOUDNESS_AGES[0] => Loudness::Line,
            age if age < LOUDNESS_AGES[1] => Loudness::Block,
            _ => Loudness::Big,
        };
        let (error, retry_at) = match connection {
            ConnectionState::Failing { error, retry_at, .. } => {
                (Some(error.to_string()), Some(*retry_at))
            }
            ConnectionState::Loading
            | ConnectionState::Live { .. }
            | ConnectionState::Polling { .. } => (None, None),
        };
        Some(Self { since, loudness, error, retry_at })
    }

    /// Returns the times at which the outage begins and becomes more prominent.
    pub(super) fn change_times(
        connection: &ConnectionState,
        opened_at: DateTime<Utc>,
    ) -> [DateTime<Utc>; 3] {
        let (since, threshold) = silence(connection, opened_at);
        [since + threshold, since + LOUDNESS_AGES[0], since + LOUDNESS_AGES[1]]
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::seconds(30))
}
