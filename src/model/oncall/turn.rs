//! How long a turn of a rotation is.

use chrono::{Datelike, Months, NaiveDateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::day::{DAY_S, Day, WEEK_S, local_second, local_time};
use crate::model::unknown::Foreign;

/// When a turn of a rotation ends and the next one begins, always in the local time of the
/// schedule's zone: a day of 23 or 25 hours is a day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Turn {
    /// After this many seconds on the local clock; 604,800 for a week.
    Seconds(i64),
    /// After this many months, on the same day; on the last day of a month that does not have it.
    Months(u32),
    /// On these days of the week, at the time of day at which the layer starts.
    Days(Vec<Day>),
    /// In a way that a later version defines. This version never ends the first turn.
    #[serde(skip)]
    Unknown(Foreign),
}

impl Serialize for Turn {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Turn {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |value: &_| Self::deserialize(value);
        Foreign::read_enum(from, &["seconds", "months", "days"], read, Self::Unknown)
    }
}

impl Turn {
    /// Returns the number of the turn that runs at a local time, from 0; `None` before the start.
    pub(super) fn index_at(&self, starts: NaiveDateTime, local: i64) -> Option<i64> {
        let start = local_second(starts);
        if local < start {
            return None;
        }
        Some(match self {
            Self::Seconds(length) => (local - start).div_euclid((*length).max(1)),
            Self::Months(months) => {
                let length = i64::from((*months).max(1));
                let mut index = month_number(local_time(local)) - month_number(starts);
                index = index.div_euclid(length);
                // In the last month the day of the change may not have been reached yet.
                if self.start_of(starts, index).is_some_and(|begins| begins > local) {
                    index -= 1;
                }
                index.max(0)
            }
            Self::Days(days) => {
                let first = start.div_euclid(DAY_S);
                let last = (local - start.rem_euclid(DAY_S)).div_euclid(DAY_S);
                count_days(days, first, last)
            }
            Self::Unknown(_) => 0,
        })
    }

    /// Returns the local time at which a turn begins; `None` if there is no such turn.
    pub(super) fn start_of(&self, starts: NaiveDateTime, index: i64) -> Option<i64> {
        let start = local_second(starts);
        if index <= 0 {
            return (index == 0).then_some(start);
        }
        match self {
            Self::Seconds(length) => start.checked_add(index.checked_mul((*length).max(1))?),
            Self::Months(months) => {
                let months = index.checked_mul(i64::from((*months).max(1)))?;
                let months = Months::new(u32::try_from(months).ok()?);
                starts.checked_add_months(months).map(local_second)
            }
            Self::Days(days) => {
                let count = i64::try_from(distinct(days)).ok().filter(|count| *count > 0)?;
                let (weeks, rest) = ((index - 1).div_euclid(count), (index - 1).rem_euclid(count));
                let from = start.checked_add(weeks.checked_mul(WEEK_S)?)?;
                let first = from.div_euclid(DAY_S);
                let day = (1..=7).find(|day| count_days(days, first, first + day) == rest + 1)?;
                from.checked_add(day * DAY_S)
            }
            Self::Unknown(_) => None,
        }
    }

    /// Returns whether turns of this length are too short to be intended: below a minute.
    #[must_use]
    pub fn is_too_short(&self) -> bool {
        matches!(self, Self::Seconds(length) if *length < 60)
    }

    /// Returns about how long a turn is, in seconds, for programs that only have turns of one
    /// length.
    #[must_use]
    pub fn approximate_seconds(&self) -> i64 {
        match self {
            Self::Seconds(length) => (*length).max(1),
            Self::Months(months) => i64::from((*months).max(1)) * 30 * DAY_S,
            Self::Days(days) => WEEK_S / i64::try_from(distinct(days).max(1)).unwrap_or(1),
            Self::Unknown(_) => WEEK_S,
        }
    }
}

/// Returns the number of a month, counted from the year 0.
fn month_number(time: NaiveDateTime) -> i64 {
    i64::from(time.year()) * 12 + i64::from(time.month0())
}

fn distinct(days: &[Day]) -> usize {
    Day::ALL.iter().filter(|day| days.contains(day)).count()
}

/// Counts the days after `first` up to `last` that are of these days of the week. Both are numbers
/// of days since 1970-01-01.
fn count_days(days: &[Day], first: i64, last: i64) -> i64 {
    let span = (last - first).max(0);
    let (weeks, rest) = (span / 7, span % 7);
    let per_week = i64::try_from(distinct(days)).unwrap_or(0);
    let in_rest = (1..=rest).filter(|day| days.contains(&Day::of_number(first + day))).count();
    weeks * per_week + i64::try_from(in_rest).unwrap_or(0)
}
