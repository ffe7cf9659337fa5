//! Days of the week, and local time in seconds.

use std::fmt;

use chrono::{DateTime, NaiveDateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The number of seconds of a day.
pub(super) const DAY_S: i64 = 86_400;
/// The number of seconds of a week.
pub(super) const WEEK_S: i64 = 7 * DAY_S;

/// A day of the week.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// All days, from Monday.
    pub const ALL: [Self; 7] =
        [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Returns the name, in English and in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mon => "monday",
            Self::Tue => "tuesday",
            Self::Wed => "wednesday",
            Self::Thu => "thursday",
            Self::Fri => "friday",
            Self::Sat => "saturday",
            Self::Sun => "sunday",
        }
    }

    /// Parses an English name, or at least its first three letters, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|day| text.len() >= 3 && day.name().starts_with(&text))
    }

    /// Returns the number of days since Monday.
    #[must_use]
    pub fn index(self) -> u8 {
        self as u8
    }

    /// Returns the day of the week of a day that is counted from 1970-01-01.
    pub(super) fn of_number(number: i64) -> Self {
        // That day was a Thursday.
        let index = usize::try_from((number + 3).rem_euclid(7)).unwrap_or(0);
        Self::ALL[index]
    }
}

/// Writes the first three letters.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name()[..3])
    }
}

/// Returns local time as seconds since the start of 1970 on the same clock.
pub(super) fn local_second(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp()
}

/// Returns the inverse of [`local_second`]; the start of 1970 if there is no such time.
pub(super) fn local_time(second: i64) -> NaiveDateTime {
    DateTime::from_timestamp(second, 0).unwrap_or_default().naive_utc()
}
